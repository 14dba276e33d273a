# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces: what happened on a HAN, as typed events in JSON Lines. docs/architecture.md lists the kinds of event."""

from hanref.trace.event import Event
from hanref.trace.file import SCHEMA, Writer, read, read_header
from hanref.trace.trace import Trace

__all__ = ["SCHEMA", "Event", "Trace", "Writer", "read", "read_header"]
