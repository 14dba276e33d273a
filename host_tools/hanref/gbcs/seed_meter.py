# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings and the account that a gas meter must have had to answer as it did."""

from collections.abc import Sequence
from typing import Any

from han.devices import prepayment
from han.errors import HanError
from han.gbcs import envelope, gas_settings, gbz, use_cases, utrn
from han.zcl import clusters

Plain = dict[str, Any]
NO_LIMIT = 0x7FFFFFFF


def decoded(component: gbz.Component) -> tuple[str, Plain]:
    """Name and fields of a cluster's own command."""
    direction = component.frame_control >> 3 & 1
    name, fields = clusters.decode_command(component.cluster, component.command, direction, component.payload)
    if component.from_date_time is not None:
        fields["from_date_time"] = component.from_date_time
    return name, fields


def take_waiting(plain: Plain, request: envelope.Message, asked: Sequence[gbz.Component]) -> None:
    """A command that cancels found one of its kind waiting."""
    use_case = use_cases.find(request.message_code)
    if use_case is None or not use_case.future_dated:
        return
    for component in asked:
        try:
            when = gas_settings.time_of(decoded(component)[1])
        except KeyError:
            continue
        if gas_settings.is_cancellation(when):
            meter(plain)["waiting"] = [request.message_code]


def meter(plain: Plain) -> Plain:
    """The part of a state that is about the meter."""
    found: Plain = plain.setdefault("meter", {})
    return found


def _take_payment(plain: Plain, fields: Plain, asked: gbz.Component, request: envelope.Message) -> None:
    meter(plain)["payment"] = [
        fields["friendly_credit"],
        fields["friendly_credit_calendar_id"],
        fields["emergency_credit_limit"],
        fields["emergency_credit_threshold"],
    ]


def _take_configurations(plain: Plain, fields: Plain, asked: gbz.Component, request: envelope.Message) -> None:
    meter(plain)["event_configurations"] = [
        [entry["event_id"], entry["event_configuration"]] for entry in fields["event_configurations"]
    ]


def _take_sampling(plain: Plain, fields: Plain, asked: gbz.Component, request: envelope.Message) -> None:
    meter(plain)["sample_id"] = fields["sample_id"]


def _take_top_up(plain: Plain, fields: Plain, asked: gbz.Component, request: envelope.Message) -> None:
    """The account before: what a refusal needs, or so much less than it has now."""
    account = meter(plain).setdefault("account", {})
    result, value = fields["result_type"], fields["top_up_value"]
    account["credit_remaining"] = fields["credit_remaining"] - (value if result == prepayment.ACCEPTED else 0)
    account.update(max_credit_limit=NO_LIMIT, max_credit_per_top_up=NO_LIMIT)
    counter = request.originator_counter >> 32
    # The meter has seen the counter before this one, so that it finds this one from its ten bits.
    account["used"] = [counter - 1] if counter else []
    if result == prepayment.DUPLICATE:
        account["used"] = [counter]
    elif result == prepayment.ABOVE_MAXIMUM_CREDIT:
        account["max_credit_limit"] = account["credit_remaining"]
    elif result == prepayment.TOO_LARGE:
        account["max_credit_per_top_up"] = 0
    elif result == prepayment.LOCKED_OUT:
        account["locked"] = True
    elif result != prepayment.ACCEPTED and not _is_mistyped(asked):
        meter(plain)["top_up_fault"] = [result, value]


def _take_cleared(plain: Plain, fields: Plain, asked: gbz.Component, request: envelope.Message) -> None:
    """The log was there; that it was not cleared is a fault, for which the answer has no status."""
    log_id = decoded(asked)[1]["log_id"]
    plain["logs"].setdefault("events", {}).setdefault(str(log_id), [])
    if not fields["cleared_event_logs"] >> log_id & 1:
        plain["faults"][str(asked.sequence)] = "00"


def _is_mistyped(asked: gbz.Component) -> bool:
    """Whether the digits alone explain a refusal."""
    try:
        utrn.read(bytes(decoded(asked)[1]["top_up_code"]).decode())
    except (HanError, ValueError):
        return True
    return False


TAKERS = {
    "clear_event_log_response": _take_cleared,
    "change_payment_mode_response": _take_payment,
    "report_event_configuration": _take_configurations,
    "start_sampling_response": _take_sampling,
    "consumer_top_up_response": _take_top_up,
}
