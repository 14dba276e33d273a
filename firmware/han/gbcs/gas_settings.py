# SPDX-License-Identifier: Apache-2.0
"""Settings of the gas meter and orders to it [GBCS 9.2, 14, 18.1, reference 4.3]: at once, at a date, or cancelled.

`answer(meter, cluster, name, fields, request)` takes a component of a command as han.zcl decodes it and returns a ZCL
status or a list of (name, fields) to answer with. What it asks of `meter`:

* `gbcs_utc(time)`: what its clock says;
* `carry_out(cluster, name, fields, request)`: do it now, a ZCL status;
* `plan(utc, request)`: keep the whole command until then, in place of one of the same message code;
* `is_waiting(message_code)`, `cancel(message_code)`: whether a command is kept, drop it;
* `payment()`: (friendly credit, its calendar, emergency credit limit, its threshold);
* `event_configurations()`: (event code, configuration), in the order in which they are reported;
* `start_sampling(fields)`: the identifier of the samples;
* `top_up(fields, request)`: the fields of the answer to a top-up.
"""

from micropython import const

from han.zcl import status

# Both of the last two times cancel [GBCS 9.2]; all ones decode as no value.
_CANCELS = (None, 0xFFFFFFFE)
_TIMES = ("implementation_date_time", "start_time", "from_date_time")

# The events of a group have its number in the upper octet [ZSE 8].
_ALL_OF_A_GROUP = const(0xFF)


def answer(meter, cluster, name, fields, request):
    """Answer one component; see the module's description."""
    found = _ANSWERS.get(name)
    if found is not None:
        return found(meter, fields, request)
    result = _at_its_time(meter, cluster, name, fields, request)
    if result == status.SUCCESS and name == "change_payment_mode":
        return _payment_mode(meter)
    return result


def time_of(fields):
    """The time at which a component is to act, 0 for at once; raises KeyError where it has none."""
    for name in _TIMES:
        if name in fields:
            return fields[name]
    raise KeyError("time")


def is_cancellation(when):
    """Whether a time cancels."""
    return when in _CANCELS


def _time_of_command(request):
    """All times of one command are equal, and parts without one go with the others [GBCS 9.2]."""
    for part in [request.part] + request.content:
        try:
            return time_of(part.fields)
        except KeyError:
            pass
    return 0


def _at_its_time(meter, cluster, name, fields, request):
    when = _time_of_command(request) if request.use_case.future_dated else 0
    is_last = request.part.number == len(request.content) - 1
    if is_cancellation(when):
        return _cancel(meter, request, is_last)
    utc = meter.gbcs_utc(request.time)
    if when and (utc is None or when > utc):
        # Nothing is kept before the whole command is known to be good.
        if is_last:
            meter.plan(when, request)
        return status.SUCCESS
    return meter.carry_out(cluster, name, fields, request)


def _cancel(meter, request, is_last):
    code = request.message.message_code
    if not meter.is_waiting(code):
        return status.NOT_FOUND  # (I)
    if is_last:
        meter.cancel(code)
    return status.SUCCESS


def _payment_mode(meter):
    friendly, calendar, limit, threshold = meter.payment()
    return [
        (
            "change_payment_mode_response",
            {
                "friendly_credit": friendly,
                "friendly_credit_calendar_id": calendar,
                "emergency_credit_limit": limit,
                "emergency_credit_threshold": threshold,
            },
        )
    ]


def _event_configuration(meter, fields, request):
    wanted = fields["event_id"]
    found = meter.event_configurations()
    if wanted & 0xFF == _ALL_OF_A_GROUP:
        found = [entry for entry in found if entry[0] >> 8 == wanted >> 8]
    else:
        found = [entry for entry in found if entry[0] == wanted]
    if not found:
        return status.NOT_FOUND
    entries = [{"event_id": event, "event_configuration": configuration} for event, configuration in found]
    return [("report_event_configuration", {"command_index": 0, "total_commands": 1, "event_configurations": entries})]


def _start_sampling(meter, fields, request):
    return [("start_sampling_response", {"sample_id": meter.start_sampling(fields)})]


def _top_up(meter, fields, request):
    return [("consumer_top_up_response", meter.top_up(fields, request))]


_ANSWERS = {
    "get_event_configuration": _event_configuration,
    "start_sampling": _start_sampling,
    "consumer_top_up": _top_up,
}
