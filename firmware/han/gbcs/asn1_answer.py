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
`values`. After every answer the device asks `next_due` when to call `carry_out_due`.
"""

from han.gbcs import checks, der, pending, use_cases
from han.gbcs.checks import Refused
from han.gbcs.envelope import GbcsError

MODULES = {
    "CS02a": "credential_details",
    "CS02b": "credentials",
    "CS02c": "own_certificates",
    "CS02d": "own_certificates",
    "CS02e": "own_certificates",
    "CS02f": "credential_details",
    "CS02g": "credentials",
    "CS03A1": "joining",
    "CS03A2": "joining",
    "CS03B": "joining",
    "CS03C": "joining",
    "CS04AC": "joining",
    "CS04B": "joining",
    "CS06": "activation",
    "CS07": "joining",
    "CS08": "activation",
    "GCS28": "setting_clock",
    "GCS59": "joining",
}
# Modules that ask for trust anchor cells, which a store of secrets alone does not have.
_NEED_CELLS = ("credential_details", "credentials", "own_certificates")


def _module(name):
    return __import__("han.gbcs." + MODULES[name], None, None, (MODULES[name],))


def read(server, request):
    """Read the payload of a command; raises CodecError, or Refused."""
    name = request.use_case.name
    if name not in MODULES or MODULES[name] in _NEED_CELLS and not hasattr(server.keys, "cells_of"):
        raise Refused(checks.NOT_SUPPORTED, name)
    try:
        request.content = _module(name).read(server, request, der.decode(request.message.payload))
    except (TypeError, ValueError):  # an element of another form
        raise GbcsError("the payload is not that of %s" % name)


def answer(server, request, response):
    """The payload that answers a command."""
    element = _module(request.use_case.name).answer(server, request)
    # Devices write lengths from 128 on in two octets.
    return der.encode(element, True)


def next_due(server):
    """When the next instruction with a date is due, in `utc`; None while there is none."""
    return pending.next_utc(server.values)


def carry_out_due(server, time):
    """Carry out what is due by the device's clock; returns the octets of the alerts. Raises CryptoError for a missing key."""
    utc = server.device.gbcs_utc(time)
    alerts = []
    for instruction in () if utc is None else pending.due(server.values, utc):
        module = _module(use_cases.find(instruction.message_code).name)
        try:
            alerts.append(module.carry_out(server, instruction, utc, time))
        finally:
            # Last of all: a loss of power before this has it done again, never left out.
            pending.cancel(server.values, instruction.message_code)
    return alerts
