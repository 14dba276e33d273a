# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario's steps must be beside well formed: to a device that is there, at a moment of the scenario."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hanref.errors import UsageError
from hanref.moments import duration, moment_or_offset
from hanref.scenario.steps import (
    CLEAR_CONSUMER_DATA,
    TARGETS,
    Ask,
    ChangeOfTenancy,
    ClockStep,
    Command,
    Feed,
    Image,
    Step,
    TopUp,
)

if TYPE_CHECKING:
    from hanref.scenario import Scenario


def check_steps(scenario: "Scenario", file: str) -> None:
    """Raises UsageError with the number and verb of the step."""
    present = set(scenario.devices.present()) | {"chf", "gpf"}
    heading = scenario.scenario
    for number, step in enumerate(scenario.step, 1):
        where = "%s: step %d (%s)" % (file, number, step.do)
        if step.to not in TARGETS:
            raise UsageError("%s: to: unknown device %r: there are %s" % (where, step.to, ", ".join(TARGETS)))
        if step.to not in present:
            raise UsageError("%s: to: no %s in this scenario: add [devices.%s]" % (where, step.to, step.to))
        if step.to not in step.targets:
            raise UsageError("%s: to: %s goes to %s, not %s" % (where, step.do, " or ".join(step.targets), step.to))
        if isinstance(step, Image) and step.device not in present:
            raise UsageError("%s: device: no %s in this scenario: add [devices.%s]" % (where, step.device, step.device))
        try:
            utc = scenario.when(step)
        except ValueError as error:
            raise UsageError("%s: at: %s" % (where, error)) from None
        if not heading.start <= utc <= heading.end:
            raise UsageError("%s: at: %s is not between start and end of the scenario" % (where, step.at))
        _check_arguments(step, utc, where)


def _check_arguments(step: Step, utc: int, where: str) -> None:
    field = ""
    try:
        if isinstance(step, ChangeOfTenancy):
            field = "date"
            moment_or_offset(step.date, utc)
            field = "control"
            if step.to == "gpf" and step.control != CLEAR_CONSUMER_DATA:
                raise ValueError("GCS09 always sets 0x%08X" % CLEAR_CONSUMER_DATA)
        elif isinstance(step, Feed):
            field = "over"
            if (step.ramp_to is None) != (step.over is None):
                raise ValueError("a ramp has both ramp_to and over")
            if step.over is not None:
                duration(step.over)
        elif isinstance(step, Ask):
            field = "read"
            if sum(part is not None for part in (step.read, step.write, step.command)) != 1:
                raise ValueError("say one of read, write and command")
            field = "fields"
            if step.fields and step.command is None:
                raise ValueError("go with command")
            resolved(step.fields, utc)
        elif isinstance(step, Command):
            field = "fields"
            resolved(step.fields, utc)
        elif isinstance(step, TopUp):
            field = "utrn"
            if (step.utrn is None) != (step.pounds is not None and step.counter is not None):
                raise ValueError("say utrn, or pounds and counter")
        elif isinstance(step, ClockStep) and step.status is None and step.step is None:
            field = "status"
            raise ValueError("say status or step")
    except ValueError as error:
        raise UsageError("%s: %s: %s" % (where, field, error)) from None


def resolved(fields: Mapping[str, Any], utc: int) -> dict[str, Any]:
    """Fields of a command with their moments as `utc`, those with a sign counted from `utc`; raises ValueError."""
    return {name: _resolved(value, utc) for name, value in fields.items()}


def _resolved(value: Any, utc: int) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and value[:1] in ("+", "-")):
        return moment_or_offset(value, utc)
    return value
