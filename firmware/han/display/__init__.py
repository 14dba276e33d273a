# SPDX-License-Identifier: Apache-2.0
"""Screens of IHD and PPMID: 240 x 320 pixels in 16 colours, drawn in bands."""

import sys

if sys.implementation.name == "cpython" and "framebuf" not in sys.modules:
    # CPython has no framebuf; the host package has one that sets the same pixels.
    sys.modules["framebuf"] = __import__("hanref.display.framebuf", None, None, ("FrameBuffer",))
