# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements that only name others: judged by theirs. Of those, what this project inferred does not count against."""

from collections.abc import Sequence

from hanref.requirements import electricity, gas_messages, gas_meter, mp085a, secmp0015, secmp0056
from hanref.requirements import han_access as access
from hanref.requirements.registry import FAIL, NOT_RUN, PASS, Finding, Predicate, judges
from hanref.trace import Trace


def _together(trace: Trace, device: str, parts: Sequence[tuple[str, Predicate]]) -> Finding:
    findings = [(id, predicate(trace, device)) for id, predicate in parts]
    failed = [(id, finding) for id, finding in findings if finding.verdict == FAIL]
    if failed:
        id, finding = failed[0]
        return Finding(FAIL, "%s: %s" % (id, finding.reason), finding.evidence)
    passed = [(id, finding) for id, finding in findings if finding.verdict == PASS]
    if not passed:
        return Finding(NOT_RUN, findings[0][1].reason)
    evidence = sorted({n for _, finding in passed for n in finding.evidence[:4]})
    return Finding(PASS, "%s hold" % ", ".join(id for id, _ in passed), evidence)


@judges("REQ-GPF-17", severity=1, reference="follows SECMP0056 and SECMP0015", tests=["AT-0056-3", "AT-0015-1"])
def proxy_follows(trace: Trace, device: str) -> Finding:
    parts: list[tuple[str, Predicate]] = [
        ("REQ-0056-2", secmp0056.gas_readable),
        ("REQ-0056-4", secmp0056.never_set),
        ("REQ-0056-5", secmp0056.gcs09),
        ("REQ-0056-7", secmp0056.change_control),
        ("REQ-0056-8", secmp0056.on_receipt),
        ("REQ-0056-9", access.former_occupier_hidden),
        ("REQ-0015-1", secmp0015.carries_date_time),
        ("REQ-0015-2", gas_messages.codes_and_times),
        ("REQ-0015-3", secmp0015.date_time_format),
        ("REQ-0015-4", secmp0015.reliable_status),
        ("REQ-0015-7", secmp0015.time_of_the_value),
        ("REQ-0015-10", gas_messages.errors_are_timed),
    ]
    return _together(trace, device, parts)


@judges("REQ-IHD-6", severity=1, reference="asks both meters and erases", tests=["AT-0056-2"])
def ihd_follows(trace: Trace, device: str) -> Finding:
    return _together(trace, device, [("REQ-0056-11", secmp0056.ihd_asks), ("REQ-0056-13", secmp0056.erases)])


@judges("REQ-PPMID-10", severity=1, reference="asks both meters and erases", tests=["AT-0056-8"])
def ppmid_follows(trace: Trace, device: str) -> Finding:
    return _together(trace, device, [("REQ-0056-12", secmp0056.ppmid_asks), ("REQ-0056-13", secmp0056.erases)])


@judges("REQ-GSME-5", severity=1, reference="follows SECMP0023", tests=["AT-0023-1"], answers=["GCS24", "GCS24a"])
def uncontrolled_flow(trace: Trace, device: str) -> Finding:
    parts: list[tuple[str, Predicate]] = [
        ("REQ-0023-1", gas_meter.old_threshold),
        ("REQ-0023-2", gas_meter.new_threshold),
        ("REQ-0023-3", gas_meter.periods_kept),
        ("REQ-0023-5", gas_meter.flow_stopped),
    ]
    return _together(trace, device, parts)


@judges(
    "REQ-GSME-6",
    severity=2,
    reference="tells how its events are configured",
    tests=["AT-078-1", "AT-078-2"],
    answers=["GCS20r"],
)
def event_configurations(trace: Trace, device: str) -> Finding:
    return _together(
        trace, device, [("REQ-078-1", gas_meter.group_answered), ("REQ-078-2", gas_meter.cannot_say)]
    )


@judges("REQ-ESME-V3", severity=2, reference="aligns its periods", tests=["AT-085A-1", "AT-085A-3"])
def meter_aligned(trace: Trace, device: str) -> Finding:
    parts: list[tuple[str, Predicate]] = [
        ("REQ-085A-1", mp085a.first_period),
        ("REQ-085A-2", mp085a.utc_boundaries),
        ("REQ-085A-3", mp085a.average_and_end),
        ("REQ-085A-4", electricity.period_configurable),
        ("REQ-085A-6", mp085a.dividing_period),
        ("REQ-085A-7", mp085a.multiple_period),
    ]
    return _together(trace, device, parts)
