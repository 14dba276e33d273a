# SPDX-License-Identifier: Apache-2.0
"""Answers the DLMS access requests of GBCS [GBCS 7.2.9, reference 7.1, 7.2]: in order, nothing after the first failure.

What it asks of the server's `device`; a datum is the pair of `han.gbcs.axdr`, a result one of the codes below:

* `cosem_get(class_id, obis, number, selection, request)` returns (result, datum); `selection` is None or (start, end) in
  `utc`, what a range selects of a log;
* `cosem_set(class_id, obis, number, datum, request)` returns a result;
* `cosem_action(class_id, obis, number, datum, request)` returns (result, datum).
"""

from micropython import const

from han.errors import CodecError
from han.gbcs import axdr, cosem_time, dlms, protected

SUCCESS = const(0)
HARDWARE_FAULT = const(1)
READ_WRITE_DENIED = const(3)
OBJECT_UNDEFINED = const(4)
TYPE_UNMATCHED = const(12)
OTHER_REASON = const(250)

_NULL = (axdr.NULL, None)
_BY_RANGE = const(1)  # selector
_CHOICE_OF_RESULT = (None, dlms.GET, dlms.SET, dlms.ACTION, dlms.GET, dlms.SET)


def read(server, request):
    """Read the access request; raises CodecError."""
    apdu = dlms.decode(request.message.payload)
    if apdu.tag != dlms.ACCESS_REQUEST:
        raise CodecError("a command carries an access request", 0)
    if apdu.invoke_id != dlms.invoke_id(request.message.originator_counter):
        raise CodecError("the long-invoke-id is not that of the originator counter", 1)
    request.content = apdu


def notification(message, body):
    """The payload of an alert with this body, a structure."""
    return dlms.encode(dlms.DataNotification(dlms.invoke_id(message.originator_counter), body))


def answer(server, request, response):
    """The access response; may set fields of the response's header."""
    apdu = request.content
    data = []
    results = []
    failed = False
    for number in range(len(apdu.specifications)):
        wanted = apdu.specifications[number]
        request.part = number
        result, datum = OTHER_REASON, _NULL
        if not failed:
            result, datum = _execute(server, request, response, wanted, apdu.data[number])
        failed = failed or result != SUCCESS
        data.append(datum if result == SUCCESS else _NULL)
        results.append((_CHOICE_OF_RESULT[wanted.choice], result))
    return dlms.encode(dlms.AccessResponse(apdu.invoke_id, data, results))


def _execute(server, request, response, wanted, datum):
    device = server.device
    if wanted.choice == dlms.GET:
        return device.cosem_get(wanted.class_id, wanted.obis, wanted.number, None, request)
    if wanted.choice == dlms.GET_WITH_SELECTION:
        selection = _range(wanted)
        if selection is None:
            return TYPE_UNMATCHED, _NULL
        return device.cosem_get(wanted.class_id, wanted.obis, wanted.number, selection, request)
    if wanted.choice == dlms.SET:
        return device.cosem_set(wanted.class_id, wanted.obis, wanted.number, datum, request), _NULL
    if wanted.choice == dlms.ACTION:
        if wanted.class_id == protected.CLASS:
            return _get_protected(server, request, response, datum)
        return device.cosem_action(wanted.class_id, wanted.obis, wanted.number, datum, request)
    return READ_WRITE_DENIED, _NULL


def _range(wanted):
    """(start, end) in `utc` of a selection by range [Blue Book, range descriptor]; None where it is another."""
    if wanted.selector != _BY_RANGE:
        return None
    try:
        _restricting, start, end, _columns = wanted.selection[1]
        return start[1], end[1]
    except (TypeError, ValueError):
        return None


def _get_protected(server, request, response, datum):
    """The attributes asked for, encrypted for the party that asked [GBCS 8].

    The parameters come back with the two parties exchanged: for a party the device does not know they name the broker.
    """
    try:
        wanted, parameters = datum[1]
        objects = [protected.read_object_wanted(item) for item in wanted[1]]
        if not protected.is_parameters(parameters):
            return TYPE_UNMATCHED, _NULL
        values = parameters[1][0][1][1][1]
        transaction, asker, device = [value for _tag, value in values[:3]]
    except (CodecError, TypeError, ValueError, IndexError):
        return TYPE_UNMATCHED, _NULL
    found = []
    for class_id, obis, number, dates in objects:
        selection = None
        if dates is not None:
            selection = tuple([cosem_time.decode(date)[0] for date in dates])
        result, value = server.device.cosem_get(class_id, obis, number, selection, request)
        if result != SUCCESS:
            return result, _NULL
        found.append(value)
    octets = server.encrypt(request, response, axdr.encode((axdr.STRUCTURE, found)))
    return SUCCESS, (
        axdr.STRUCTURE,
        [protected.parameters(transaction, device, asker), (axdr.OCTET_STRING, octets)],
    )
