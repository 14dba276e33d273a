# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of average RMS voltage that were exported from a meter as CSV: read, described, judged, realigned to half hours."""

from hanref.voltage_log.log import Gap, Row, VoltageLog
from hanref.voltage_log.read import ZONES, is_voltage_log, parse, read
from hanref.voltage_log.realign import realigned, write_realigned
from hanref.voltage_log.told import describe, trace_of

__all__ = [
    "ZONES",
    "Gap",
    "Row",
    "VoltageLog",
    "describe",
    "is_voltage_log",
    "parse",
    "read",
    "realigned",
    "trace_of",
    "write_realigned",
]
