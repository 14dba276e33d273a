# SPDX-License-Identifier: Apache-2.0
"""Screens of IHD and PPMID: 240 x 320 pixels in 16 colours, drawn in bands."""
