# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison for people: one HTML file."""

import jinja2

from hanref.compare import Comparison
from hanref.compare.rows import SECTIONS
from hanref.report.timeline import of_both


def render(comparison: Comparison) -> str:
    """The whole page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hanref.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    sections = {name: [row for row in comparison.rows if row.section == name] for name in SECTIONS}
    return environment.get_template("comparison.html.j2").render(
        names=comparison.names,
        traces=comparison.traces,
        hours=comparison.hours,
        verdicts=comparison.verdicts,
        sections=sections,
        counts=comparison.counts(),
        timeline=of_both(*comparison.traces, "A", "B"),
    )
