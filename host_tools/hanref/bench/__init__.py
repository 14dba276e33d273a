# SPDX-License-Identifier: GPL-3.0-or-later
"""A bench: boards by role, the air between them, and one clock for all.

`file` says which board stands for which role, `place` is one board with its power, console and radio wire, `clockwork`
moves the time, `han` carries out the plan of a run.
"""
