# SPDX-License-Identifier: Apache-2.0
# Frozen into the firmware: the event loop, and what mounts the file system at start.
include("$(MPY_DIR)/extmod/asyncio")  # noqa: F821  (the manifest's own functions)
freeze("modules")  # noqa: F821
freeze("../common", "flash_store.py")  # noqa: F821
