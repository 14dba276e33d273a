# SPDX-License-Identifier: Apache-2.0
# Frozen into the firmware: the port's module rp2, the event loop, and what mounts the file system at start.
freeze("$(PORT_DIR)/modules", "rp2.py")  # noqa: F821  (the manifest's own functions)
include("$(MPY_DIR)/extmod/asyncio")  # noqa: F821
freeze("modules")  # noqa: F821
freeze("../common", "flash_store.py")  # noqa: F821
