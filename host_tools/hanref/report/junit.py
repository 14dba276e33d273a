# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts as JUnit: a suite a modification, a case a requirement.

A fail is a failure, not run is skipped with its reason, an observation passes with a property of that name.
"""

from itertools import groupby
from pathlib import Path

from junitparser import Failure, JUnitXml, Properties, Property, Skipped, TestCase, TestSuite

from hanref.requirements import Verdict
from hanref.trace import Trace


def write(path: Path, trace: Trace, verdicts: list[Verdict]) -> None:
    """Write junit.xml."""
    document = JUnitXml("hanref %s" % trace.header.get("scenario", ""))
    for modification, group in groupby(verdicts, key=lambda verdict: verdict.modification):
        suite = TestSuite(modification)
        for verdict in group:
            suite.add_testcase(_case(verdict))
        document.add_testsuite(suite)
    document.update_statistics()
    document.write(str(path), pretty=True)


def _case(verdict: Verdict) -> TestCase:
    case = TestCase(verdict.id, classname="hanref.%s" % verdict.modification)
    properties = Properties()
    for name, value in (
        ("device", verdict.device),
        ("confidence", verdict.confidence),
        ("severity", verdict.severity),
        ("tests", " ".join(verdict.tests)),
        ("evidence", " ".join(str(n) for n in verdict.evidence)),
        ("reason", verdict.reason),
    ):
        properties.add_property(Property(name, str(value)))
    if verdict.verdict == "observation":
        properties.add_property(Property("observation", verdict.reason))
    case.append(properties)
    if verdict.verdict == "fail":
        case.result = [Failure(verdict.reason, "severity %d" % verdict.severity)]
    elif verdict.verdict == "not run":
        case.result = [Skipped(verdict.reason)]
    return case
