# SPDX-License-Identifier: GPL-3.0-or-later
"""`hanref check`: judges what happened on a HAN, on any bench."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hanref.cli.app import app
from hanref.errors import EXIT_DEFECT, UsageError

if TYPE_CHECKING:
    from hanref.voltage_log import VoltageLog


@app.command()
def check(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Traces, captures (pcap, pcapng) and logs of GBCS messages, one story; or one log of voltages (CSV).",
        ),
    ],
    role: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS=ROLE", help="Who is who: EUI-64 or 0x1234, and hub, esme, gsme, ihd or ppmid."),
    ] = None,
    key: Annotated[list[str] | None, typer.Option(metavar="HEX", help="A network or link key of 16 octets.")] = None,
    install_code: Annotated[
        list[str] | None, typer.Option(metavar="HEX", help="Install code of a device that joins in the capture.")
    ] = None,
    keys: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="keys.toml of a run, or parties of GBCS messages (JSON or folder)."),
    ] = None,
    observe: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What a person knows of the device and saw on its display.")
    ] = None,
    previous: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Earlier verdicts.json, or its folder, for the section on regression.")
    ] = None,
    realigned: Annotated[
        Path | None, typer.Option(metavar="OUT.csv", help="Write the half-hour means of a log of voltages there.")
    ] = None,
    period: Annotated[
        int | None, typer.Option(metavar="SECONDS", help="Period of a log of voltages; else its commonest distance.")
    ] = None,
    time_zone: Annotated[
        str, typer.Option(metavar="ZONE", help="Of times in a log of voltages that say none: utc, or gb for local time.")
    ] = "utc",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write verdicts.json, junit.xml and report.html there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Verdicts as JSON on standard output.")] = False,
) -> None:
    """Judge traces, captures and GBCS logs: which requirement holds, which fails, and the events that prove it.

    What they do not show is not run, never a pass.
    """
    from hanref.importer import given, read_all
    from hanref.progress import ProgressBar
    from hanref.report import earlier
    from hanref.report.table import show
    from hanref.requirements import judge
    from hanref.run.output import OutputFolder
    from hanref.voltage_log import describe, trace_of, write_realigned

    told = given(role or (), key or (), install_code or (), keys or (), observe)
    before = None if previous is None else earlier.read(previous)
    log = _voltage_log(files, realigned, period, time_zone)
    half_hours = 0 if log is None or realigned is None else write_realigned(log, files[0], realigned)
    with ProgressBar("reading") as bar:
        trace = read_all(files, told, bar.advance) if log is None else trace_of(log, files[0].name)
        bar.tell("judging")
        if out is None:
            verdicts = judge(trace)
        else:
            from hanref.report import write_all

            with OutputFolder(out) as folder:
                verdicts = judge(trace)
                write_all(folder.work, trace, verdicts, before)
    remark = _remark(trace.header, len(trace), files)
    if log is not None:
        remark = "\n".join(describe(log))
        if realigned is not None:
            remark += "\n%d half hours in %s" % (half_hours, realigned)
    show(verdicts, as_json, remark)
    if any(verdict.verdict == "fail" for verdict in verdicts):
        raise typer.Exit(EXIT_DEFECT)


def _voltage_log(files: list[Path], realigned: Path | None, period: int | None, zone: str) -> "VoltageLog | None":
    """The log of voltages that the only file is, None for files of other kinds."""
    from hanref.voltage_log import ZONES, is_voltage_log, read

    logs = [file for file in files if is_voltage_log(file)]
    if not logs:
        for option, value in (("--realigned", realigned), ("--period", period)):
            if value is not None:
                raise UsageError("%s goes with a log of voltages, FILE.csv" % option)
        return None
    if len(files) > 1:
        raise UsageError("%s: a log of voltages is judged by itself: give this file alone" % logs[0])
    if zone not in ZONES:
        raise UsageError("--time-zone %s: there are %s" % (zone, ", ".join(ZONES)))
    if period is not None and not 0 < period <= 86400:
        raise UsageError("--period %d: is no number of seconds from 1 to 86400" % period)
    return read(files[0], zone, period)


def _remark(header: dict, events: int, files: list[Path]) -> str:  # type: ignore[type-arg]
    """What was read: how much, who is who, and what stayed closed."""
    lines = ["%d events of %s" % (events, ", ".join(str(file) for file in files))]
    for name, device in header.get("devices", {}).items():
        if device.get("found"):
            lines.append("%s is %s (%s)" % (device.get("identity"), name, device["found"]))
    for reason, count in sorted(header.get("capture", {}).get("not opened", {}).items()):
        lines.append("%d frames not read: %s" % (count, reason))
    return "\n".join(lines)
