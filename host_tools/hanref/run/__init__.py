# SPDX-License-Identifier: GPL-3.0-or-later
"""A run: a scenario becomes a plan, a HAN carries it out, what happens becomes a trace, and the trace is judged."""
