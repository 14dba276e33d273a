# SPDX-License-Identifier: Apache-2.0
"""The DLMS access service of GBCS payloads [GBCS 7.2.9]: request, response and notification, both ways.

Data are the pairs of `han.gbcs.axdr`. Decoding errors carry the offset in the payload.
"""

from micropython import const

from han.errors import CodecError
from han.gbcs import axdr

ACCESS_REQUEST = const(0xD9)
ACCESS_RESPONSE = const(0xDA)
DATA_NOTIFICATION = const(0x0F)

GET = const(1)
SET = const(2)
ACTION = const(3)
GET_WITH_SELECTION = const(4)
SET_WITH_SELECTION = const(5)

# What follows the first failing specification is not executed and gets this result [GBCS 7.2.9].
SUCCESS = const(0)
NOT_EXECUTED = const(250)

_INVOKE_PRIORITY = const(0x20)


class Specification:
    """What to do with one attribute or method.

    `choice` is GET .. SET_WITH_SELECTION, `class_id` an integer, `obis` 6 octets, `number` that of the attribute or
    method; `selector` and `selection` (a datum) belong to the choices with selection.
    """

    def __init__(self, choice, class_id, obis, number, selector=None, selection=None):
        self.choice = choice
        self.class_id = class_id
        self.obis = obis
        self.number = number
        self.selector = selector
        self.selection = selection


class AccessRequest:
    """Specifications, and one datum for each (null where it has none)."""

    tag = ACCESS_REQUEST

    def __init__(self, invoke_id, specifications, data, date_time=b""):
        self.invoke_id = invoke_id
        self.specifications = specifications
        self.data = data
        self.date_time = date_time


class AccessResponse:
    """One datum and one result `(choice, code)` for each specification of the request, in its order.

    `specifications` is None: GBCS asks for no echo of them.
    """

    tag = ACCESS_RESPONSE

    def __init__(self, invoke_id, data, results, date_time=b"", specifications=None):
        self.invoke_id = invoke_id
        self.data = data
        self.results = results
        self.date_time = date_time
        self.specifications = specifications


class DataNotification:
    """An alert: `body` is a structure of code, time and what belongs to the use case."""

    tag = DATA_NOTIFICATION

    def __init__(self, invoke_id, body, date_time=b""):
        self.invoke_id = invoke_id
        self.body = body
        self.date_time = date_time


def invoke_id(counter):
    """The long-invoke-id-and-priority, 4 octets: the low 24 bits of the originator counter [GBCS 7.2.9]."""
    return bytes((_INVOKE_PRIORITY,)) + (counter & 0xFFFFFF).to_bytes(3, "big")


def logical_name(text):
    """The 6 octets of an OBIS code written `1-0:32.24.0.255`; raises CodecError."""
    try:
        return bytes([int(part) for part in text.replace("-", ".", 1).replace(":", ".", 1).split(".")])
    except ValueError:
        raise CodecError("%r is no OBIS code: write it as 1-0:32.24.0.255" % (text,))


def obis_text(obis):
    """`1-0:32.24.0.255` for 6 octets."""
    return "%d-%d:%d.%d.%d.%d" % tuple(obis)


# --- decoding -----------------------------------------------------------------------------------------------


def decode(octets):
    """The AccessRequest, AccessResponse or DataNotification in `octets`; raises CodecError with the offset."""
    end = len(octets)
    if end < 6:
        raise CodecError("a DLMS payload of %d octets" % end, 0)
    tag = octets[0]
    if tag not in (ACCESS_REQUEST, ACCESS_RESPONSE, DATA_NOTIFICATION):
        raise CodecError("%02X is no APDU of the access service" % tag, 0)
    invoke = bytes(octets[1:5])
    date_time, at = _read_date_time(octets, 5, end)
    if tag == ACCESS_REQUEST:
        specifications, at = _read_specifications(octets, at, end)
        data, behind = _read_data(octets, at, end, len(specifications))
        apdu = AccessRequest(invoke, specifications, data, date_time)
    elif tag == ACCESS_RESPONSE:
        apdu, behind = _read_response(octets, at, end, invoke, date_time)
    else:
        body, behind = axdr.read(octets, at, end)
        apdu = DataNotification(invoke, body, date_time)
    if behind != end:
        raise CodecError("%d octets too many behind the payload" % (end - behind), behind)
    return apdu


def _read_date_time(octets, at, end):
    start = at
    length, at = axdr.read_length(octets, at, end)
    if length not in (0, 12):
        raise CodecError("the date-time has 0 or 12 octets, not %d" % length, start)
    if at + length > end:
        raise CodecError("the date-time is cut off", start)
    return bytes(octets[at : at + length]), at + length


def _read_count(octets, at, end, smallest, name):
    start = at
    count, at = axdr.read_length(octets, at, end)
    if count * smallest > end - at:
        raise CodecError("%d %s cannot be in %d octets" % (count, name, end - at), start)
    return count, at


def _read_specifications(octets, at, end):
    count, at = _read_count(octets, at, end, 10, "specifications")
    specifications = []
    for _ in range(count):
        if at + 10 > end:
            raise CodecError("a specification is cut off", at)
        choice = octets[at]
        if not GET <= choice <= SET_WITH_SELECTION:
            raise CodecError("%02X is no choice of a specification" % choice, at)
        number = octets[at + 9]
        if choice != ACTION and number > 127:
            number -= 256
        item = Specification(choice, octets[at + 1] << 8 | octets[at + 2], bytes(octets[at + 3 : at + 9]), number)
        at += 10
        if choice >= GET_WITH_SELECTION:
            if at >= end:
                raise CodecError("a selector is cut off", at)
            item.selector = octets[at]
            item.selection, at = axdr.read(octets, at + 1, end)
        specifications.append(item)
    return specifications, at


def _read_data(octets, at, end, expected):
    start = at
    count, at = _read_count(octets, at, end, 1, "data")
    if expected is not None and count != expected:
        raise CodecError("%d data for %d specifications" % (count, expected), start)
    return axdr.read_items(octets, at, end, count)


def _read_response(octets, at, end, invoke, date_time):
    if at >= end:
        raise CodecError("the response is cut off", at)
    present = octets[at]
    if present > 1:
        raise CodecError("the flag of the echoed specifications is %02X" % present, at)
    at += 1
    specifications = None
    if present:
        specifications, at = _read_specifications(octets, at, end)
    data, at = _read_data(octets, at, end, None if specifications is None else len(specifications))
    start = at
    count, at = _read_count(octets, at, end, 2, "results")
    if count != len(data):
        raise CodecError("%d results for %d data" % (count, len(data)), start)
    results = []
    for _ in range(count):
        if not GET <= octets[at] <= SET_WITH_SELECTION:
            raise CodecError("%02X is no choice of a result" % octets[at], at)
        results.append((octets[at], octets[at + 1]))
        at += 2
    return AccessResponse(invoke, data, results, date_time, specifications), at


# --- encoding -----------------------------------------------------------------------------------------------


def encode(apdu):
    """The octets of an APDU; raises CodecError for a value that does not fit."""
    if len(apdu.invoke_id) != 4:
        raise CodecError("the long-invoke-id-and-priority has 4 octets, not %d" % len(apdu.invoke_id))
    out = bytearray((apdu.tag,))
    out.extend(apdu.invoke_id)
    axdr.write_length(out, len(apdu.date_time))
    out.extend(apdu.date_time)
    if apdu.tag == DATA_NOTIFICATION:
        axdr.write(out, apdu.body)
        return bytes(out)
    if apdu.tag == ACCESS_REQUEST:
        if len(apdu.data) != len(apdu.specifications):
            raise CodecError("%d data for %d specifications" % (len(apdu.data), len(apdu.specifications)))
        _write_specifications(out, apdu.specifications)
        _write_data(out, apdu.data)
        return bytes(out)
    out.append(0 if apdu.specifications is None else 1)
    if apdu.specifications is not None:
        _write_specifications(out, apdu.specifications)
    _write_data(out, apdu.data)
    axdr.write_length(out, len(apdu.results))
    for choice, code in apdu.results:
        out.append(choice)
        out.append(code)
    return bytes(out)


def _write_specifications(out, specifications):
    axdr.write_length(out, len(specifications))
    for item in specifications:
        if len(item.obis) != 6:
            raise CodecError("an OBIS code has 6 octets, not %d" % len(item.obis))
        out.append(item.choice)
        out.extend(item.class_id.to_bytes(2, "big"))
        out.extend(item.obis)
        out.append(item.number & 0xFF)
        if item.choice >= GET_WITH_SELECTION:
            out.append(item.selector)
            axdr.write(out, item.selection)


def _write_data(out, data):
    axdr.write_length(out, len(data))
    for datum in data:
        axdr.write(out, datum)
