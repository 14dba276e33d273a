# SPDX-License-Identifier: Apache-2.0
"""Answers use cases whose payload is ASN.1, in DER [GBCS 13, reference 7.3].

A use case is a module with `read(server, request, element)`, which makes the content of a request out of the command's
payload, and `answer(server, request)`, which does what is asked and returns the element to answer with; one that can
be planned for a date also has `carry_out`. A module is loaded when the first command asks for it.

What they ask of the server's `device`, besides what han.gbcs.server says:

* `gbcs_clock(time)` returns (utc or None, status): what its clock says and how far it may be trusted;
* `gbcs_set_clock(start, end, request)` sets the clock to the hub's time where that lies in the interval (GCS28);
* `event(code)` logs an event;
* `paired_devices`: see han.gbcs.joining; `firmware`, `gbcs_restart()`: see han.gbcs.activation;
* `request_names`: see han.gbcs.own_certificates.

Trust anchor cells and keys are in the server's `keys`, a han.crypto.keystore.KeyStore; instructions with a date in its
`values`: `han.gbcs.pending.next_utc` says when to call `carry_out_due`.
"""

from han.gbcs import checks, der, pending, use_cases
from han.gbcs.checks import Refused
from han.gbcs.envelope import GbcsError
from han.later import Later

_ACTIVATION = Later("han.gbcs.activation")
_CLOCK = Later("han.gbcs.setting_clock")
_CREDENTIALS = Later("han.gbcs.credentials")
_DETAILS = Later("han.gbcs.credential_details")
_JOINING = Later("han.gbcs.joining")
_OWN_CERTIFICATES = Later("han.gbcs.own_certificates")

MODULES = {
    "CS02a": _DETAILS,
    "CS02b": _CREDENTIALS,
    "CS02c": _OWN_CERTIFICATES,
    "CS02d": _OWN_CERTIFICATES,
    "CS02e": _OWN_CERTIFICATES,
    "CS02f": _DETAILS,
    "CS02g": _CREDENTIALS,
    "CS03A1": _JOINING,
    "CS03A2": _JOINING,
    "CS03B": _JOINING,
    "CS03C": _JOINING,
    "CS04AC": _JOINING,
    "CS04B": _JOINING,
    "CS06": _ACTIVATION,
    "CS07": _JOINING,
    "CS08": _ACTIVATION,
    "GCS28": _CLOCK,
    "GCS59": _JOINING,
}
# What asks for trust anchor cells, which a store of secrets alone does not have.
_NEED_CELLS = (_CREDENTIALS, _DETAILS, _OWN_CERTIFICATES)


def read(server, request):
    """Read the payload of a command; raises CodecError, or Refused."""
    name = request.use_case.name
    module = MODULES.get(name)
    if module is None or module in _NEED_CELLS and not hasattr(server.keys, "cells_of"):
        raise Refused(checks.NOT_SUPPORTED, name)
    try:
        request.content = module.read(server, request, der.decode(request.message.payload))
    except (TypeError, ValueError):  # an element of another form
        raise GbcsError("the payload is not that of %s" % name)


def answer(server, request, response):
    """The payload that answers a command."""
    element = MODULES[request.use_case.name].answer(server, request)
    # Devices write lengths from 128 on in two octets.
    return der.encode(element, True)


def carry_out_due(server, time):
    """Carry out what is due by the device's clock; returns the octets of the alerts. Raises CryptoError for a missing key."""
    utc = server.device.gbcs_utc(time)
    alerts = []
    for instruction in () if utc is None else pending.due(server.values, utc):
        module = MODULES[use_cases.find(instruction.message_code).name]
        try:
            alerts.append(module.carry_out(server, instruction, utc, time))
        finally:
            # Last of all: a loss of power before this has it done again, never left out.
            pending.cancel(server.values, instruction.message_code)
    return alerts
