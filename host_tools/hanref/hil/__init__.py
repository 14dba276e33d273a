# SPDX-License-Identifier: GPL-3.0-or-later
"""MicroPython boards in pytest: the service behind hanref.pytest_plugin."""
