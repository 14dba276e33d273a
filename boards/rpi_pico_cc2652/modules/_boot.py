# SPDX-License-Identifier: Apache-2.0
"""Runs first at every start, in place of the port's own, which formats any flash it cannot mount."""

import flash_store
import rp2

flash_store.mount(rp2.Flash())
