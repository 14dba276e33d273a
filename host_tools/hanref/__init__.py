# SPDX-License-Identifier: GPL-3.0-or-later
"""Host tools of hanref: command line, bench, air, traces, requirements and reports."""
