# SPDX-License-Identifier: Apache-2.0
"""Runs after boot.py: starts the board, unless a flash of it was not finished."""

import os

if "flashing" not in os.listdir("/"):
    from han.node import board

    board.main()
