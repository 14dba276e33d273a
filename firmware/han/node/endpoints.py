# SPDX-License-Identifier: Apache-2.0
"""What a radio is told of the devices behind it: endpoints, device types, clusters [ZSE 3]."""

from han.message import Endpoint

ENERGY_SERVICE_INTERFACE = 0x0500
METERING_DEVICE = 0x0501
IN_HOME_DISPLAY = 0x0502
PREPAYMENT_TERMINAL = 0x0506
REMOTE_COMMUNICATIONS = 0x0508

# Device type of each endpoint of a role, in order, and the clusters it uses as a client beside those it keeps
# attributes for.
_KINDS = {
    "gpf": ((ENERGY_SERVICE_INTERFACE, (0x0702,)), (METERING_DEVICE, ())),
    "chf": ((REMOTE_COMMUNICATIONS, ()),),
    "esme": ((ENERGY_SERVICE_INTERFACE, (0x000A,)),),
    "gsme": ((METERING_DEVICE, (0x000A,)),),
    "ihd": ((IN_HOME_DISPLAY, (0x000A, 0x0700, 0x0702, 0x0705, 0x0708)),),
    "ppmid": ((PREPAYMENT_TERMINAL, (0x000A, 0x0700, 0x0702, 0x0705, 0x0708)),),
}


def endpoints(node):
    """The Endpoint of each place on a node's devices, in order of number."""
    found = []
    for device in node.devices:
        for number, (kind, clients) in zip(device.endpoints, _KINDS[device.role]):
            used = sorted(set(clients) | set(device.clusters(number, "client")))
            found.append(Endpoint(number, kind, device.clusters(number, "server"), used))
    return sorted(found, key=lambda endpoint: endpoint.number)
