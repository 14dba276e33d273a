# SPDX-License-Identifier: GPL-3.0-or-later
"""What devices must do, and functions that tell from a trace whether they did.

`table` reads the requirements; each module named after a modification registers its predicates; `judge` asks all of
them about a trace. Nothing here imports device code.
"""

from hanref.requirements.judge import Verdict, judge, overall
from hanref.requirements.registry import Case, Finding, judges, predicates
from hanref.requirements.table import Requirement, requirements

__all__ = ["Case", "Finding", "Requirement", "Verdict", "judge", "judges", "overall", "predicates", "requirements"]
