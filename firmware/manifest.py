# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F821
# For MicroPython's build: freezes the firmware into an image of a board's own (docs/flashing.md).
package("han")
module("boot.py")
module("main.py")
