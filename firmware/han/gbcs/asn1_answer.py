# SPDX-License-Identifier: Apache-2.0
"""Answers use cases whose payload is ASN.1, in DER [GBCS 13, reference 7.3].

A use case is a reader, which makes plain content of a command, and a writer, which makes the answer of what the device
returns: `device.gbcs_carry_out(name, content, request)`. `USE_CASES` says what both are.
"""

from han.errors import CodecError
from han.gbcs import checks, der
from han.gbcs.checks import Refused
from han.gbcs.envelope import GbcsError

ENTITY_LENGTH = 8


def read(server, request):
    """Read the payload of a command; raises CodecError, or Refused for a use case that is not here."""
    found = USE_CASES.get(request.use_case.name)
    if found is None:
        raise Refused(checks.NOT_SUPPORTED, request.use_case.name)
    try:
        request.content = found[0](der.decode(request.message.payload))
    except (TypeError, ValueError):  # an element of another form
        raise GbcsError("the payload is not that of %s" % request.use_case.name)


def answer(server, request, response):
    """The payload that answers a command."""
    name = request.use_case.name
    result = server.device.gbcs_carry_out(name, request.content, request)
    # Devices write lengths from 128 on in two octets.
    return der.encode(USE_CASES[name][1](result), True)


# --- elements -------------------------------------------------------------------------------------------------


def items(element, tag=der.SEQUENCE):
    """The elements in one of that tag; raises CodecError for another."""
    if element[0] != tag:
        raise CodecError("element %02X is not %02X" % (element[0], tag))
    return element[1]


def octets(element, length=None):
    """The octets of an OCTET STRING, of one length where it is said."""
    found = items(element, der.OCTET_STRING)
    if length is not None and len(found) != length:
        raise CodecError("an octet string of %d octets, not %d" % (len(found), length))
    return found


def read_entry(element):
    """(entity identifier, device type) of an entry of a device log."""
    entity, device_type = items(element)
    return octets(entity, ENTITY_LENGTH), der.integer_of(device_type)


def entry(pair):
    """The element of (entity identifier, device type)."""
    return der.SEQUENCE, [(der.OCTET_STRING, pair[0]), der.integer(pair[1])]


# --- use cases ------------------------------------------------------------------------------------------------


def _read_device_log(element):
    (entries,) = items(element)
    return [read_entry(item) for item in items(entries)]


def _restored(results):
    return der.SEQUENCE, [(der.SEQUENCE, [(der.SEQUENCE, [entry(pair), der.integer(code)]) for pair, code in results])]


# name: (reader, writer).
USE_CASES = {
    # Restore the GPF's device log: [(entity, device type), ...]; returns [((entity, device type), join code), ...].
    "GCS59": (_read_device_log, _restored),
}
