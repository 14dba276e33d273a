# SPDX-License-Identifier: GPL-3.0-or-later
"""What several mutants look for in an event, and names they share."""

from hanref.mutants.mutant import MutantEvent

DATE = "change_of_tenancy_update_date_time"
CONTROL = "proposed_tenancy_change_control"
HALF_HOUR = 1800


def is_answer(event: MutantEvent, use_cases: tuple[str, ...] = ("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a")) -> bool:
    return bool(event["kind"] == "gbcs" and event["cra"] == "response" and event["use_case"] in use_cases)
