# SPDX-License-Identifier: Apache-2.0
"""Runs first. Says so where the last flash of the board was not finished; main.py then starts nothing."""

import os

if "flashing" in os.listdir("/"):
    print("hanref: the last flash of this board was interrupted: flash it again")
