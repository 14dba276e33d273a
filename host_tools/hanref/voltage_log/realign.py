# SPDX-License-Identifier: GPL-3.0-or-later
"""Half-hour means of a log whose periods begin elsewhere: what networks lay beside half-hourly consumption."""

import os
import tempfile
from pathlib import Path

from han.clock import to_iso

from hanref.errors import UsageError
from hanref.moments import HALF_HOUR
from hanref.voltage_log.log import VoltageLog


def realigned(log: VoltageLog) -> list[tuple[int, tuple[float, ...]]]:
    """(utc of its end, mean of each phase) of every half hour on hh:00 and hh:30 that the log covers as a whole.

    Within a period the voltage is taken as its average, so each period counts by the seconds that lie in the half hour.
    """
    sums: dict[int, list[float]] = {}
    covered: dict[int, int] = {}
    until = log.rows[0].utc - log.period
    for row in log.rows:
        # Where periods overlap, after a clock was set back, the earlier one counts.
        at = max(row.utc - log.period, until)
        while at < row.utc:
            end = at - at % HALF_HOUR + HALF_HOUR
            seconds = min(end, row.utc) - at
            covered[end] = covered.get(end, 0) + seconds
            total = sums.setdefault(end, [0.0] * log.phases)
            for phase, volts in enumerate(row.volts):
                total[phase] += volts * seconds
            at += seconds
        until = max(until, row.utc)
    return [
        (end, tuple(total / HALF_HOUR for total in sums[end])) for end in sorted(sums) if covered[end] == HALF_HOUR
    ]


def write_realigned(log: VoltageLog, source: Path, target: Path) -> int:
    """Write the half hours as CSV, with `time` as the end in UTC and volts with three decimals; returns how many there are.

    The file is complete or not there. Raises UsageError where it cannot be written.
    """
    if target.exists() and target.samefile(source):
        raise UsageError("--realigned %s: is the log itself: name another file" % target)
    names = ["volts"] if log.phases == 1 else ["volts_%d" % phase for phase in range(1, log.phases + 1)]
    found = realigned(log)
    lines = [",".join(["time", *names])]
    lines += [",".join([str(to_iso(end)), *("%.3f" % volts for volts in means)]) for end, means in found]
    try:
        handle, name = tempfile.mkstemp(prefix="." + target.name + ".", dir=target.absolute().parent)
        work = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write("\n".join(lines) + "\n")
            work.chmod(0o644)
            work.replace(target)
        except BaseException:
            work.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError("--realigned %s: cannot be written: %s" % (target, error.strerror)) from None
    return len(found)
