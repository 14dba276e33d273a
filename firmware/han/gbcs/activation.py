# SPDX-License-Identifier: Apache-2.0
"""CS06, which activates firmware at once or at its date, and CS08, which reads its version [GBCS 11, reference 7.3, 13].

The device has `firmware`, a han.devices.firmware_image.FirmwareHolder, or what has its `version`, `candidate()` and
`activate(hash)`; and `gbcs_restart()`: it starts anew as soon as its answer is out.
"""

from han.errors import StoreError
from han.gbcs import asn1_alerts, der, elements, pending
from han.gbcs.elements import Failed

# Outcomes of CS06; those of the holder are among them.
ACTIVATED = 0
NO_IMAGE = 1
OTHER_HASH = 2
ACTIVATION_FAILED = 3

_VERSION_LENGTH = 4

_READ = 0  # of CS08

_ALERT = "FD-CS06"
_DONE = 0x8F66
_FAILED = 0x8F67


def read(server, request, element):
    """What `read_activation` says, None where nothing but the version is asked for."""
    if request.use_case.name == "CS08":
        elements.items(element, der.NULL)
        return None
    return read_activation(element)


def read_activation(element):
    """(hash, originator counter, `utc`, elements.NEVER or None) that a CS06 says."""
    fields = elements.items(element)
    if not 2 <= len(fields) <= 3:
        raise ValueError
    moment = None
    if len(fields) == 3:
        moment = elements.NEVER if fields[2][1] == elements.NEVER else elements.read_time(fields[2])
    return elements.octets(fields[0]), elements.integer(fields[1]), moment


def answer(server, request):
    """The outcome; nothing where it is still to come."""
    if request.content is None:
        return _version(server)
    image_hash, _counter, moment = request.content
    if moment is None:
        return _activate(server, image_hash)[0]
    pending.cancel(server.values, request.use_case.code)
    if moment != elements.NEVER:
        pending.keep(server.values, moment, request.message)
    return elements.NULL


def _version(server):
    try:
        version, code = _octets(server.device.firmware.version), _READ
    except Failed as failed:
        version, code = (der.OCTET_STRING, failed.found), failed.code
    return elements.sequence(version, der.integer(code))


def _activate(server, image_hash):
    """(outcome, whether it was a success): the version is that which runs from now on."""
    firmware = server.device.firmware
    candidate = firmware.candidate()
    try:
        code = firmware.activate(image_hash)
    except Failed as failed:
        code = failed.code
    except StoreError:
        code = ACTIVATION_FAILED
    version = firmware.version
    if code == ACTIVATED:
        version = candidate["version"]
        server.device.gbcs_restart()
    return elements.sequence(der.integer(code), _octets(version)), code == ACTIVATED


def _octets(version):
    return der.OCTET_STRING, version.to_bytes(_VERSION_LENGTH, "big")


def carry_out(server, instruction, utc, time):
    """Do what was kept for its date; returns the octets of the alert that says how it went."""
    image_hash, counter, _moment = read_activation(der.decode(instruction.payload))
    outcome, done = _activate(server, image_hash)
    code = _DONE if done else _FAILED
    return asn1_alerts.send(server, _ALERT, instruction.originator, code, utc, der.integer(counter), outcome)
