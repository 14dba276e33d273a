# SPDX-License-Identifier: Apache-2.0
"""A device asks the hub to let it join, and what the trust centre says to the key it comes with (REQ-121-1, 3)."""


def ask(hub, arguments):
    """The bench lets a device ask: `device` (EUI-64 in hex) with its `install_code` (hex), or without one with the link key
    that it had of this hub. Reported as `join`."""
    device = bytes.fromhex(arguments["device"])
    code = arguments.get("install_code")
    key = hub.given_link_key(device) if code is None else hub.key_of(bytes.fromhex(code))
    admitted = hub.log.joins(device, key, hub.now)
    hub.report("join", {"device": arguments["device"], "admitted": admitted})
    if admitted:
        hub.log.established(device, hub.given_link_key(device))
        hub.router.device_joined(hub.now)
