# SPDX-License-Identifier: Apache-2.0
"""What a radio is told before it starts."""

from han.errors import RadioError
from han.radio.znp_commands import COORDINATOR, END_DEVICE, ROUTER

ALL_CHANNELS = 0x07FFF800  # 11 to 26
_ROLES = ("coordinator", "router", "end_device")


class Settings:
    """Role, endpoints and keys of one radio.

    `role`: "coordinator", "router" or "end_device". `endpoints`: Endpoint objects. `identity`: EUI-64 to set, None for
    the radio's own. `install_code`: this joiner's, 18 octets with its CRC, None to join with the default key.
    `joiners`: {EUI-64: install code} a coordinator lets in. `link_keys`: {EUI-64: 16 octets} in place of key
    establishment. `poll`: milliseconds between an end device's polls, 0 to sleep. `retry`: milliseconds until a failed
    start is tried again. `fresh`: forget any network. Raises RadioError for a role or a length that cannot be.
    """

    def __init__(
        self,
        role,
        endpoints,
        identity=None,
        channels=ALL_CHANNELS,
        pan_id=None,
        install_code=None,
        joiners=None,
        link_keys=None,
        poll=500,
        retry=10000,
        fresh=False,
    ):
        if role not in _ROLES:
            raise RadioError("radio role %r: one of %s expected" % (role, ", ".join(_ROLES)))
        self.role = (COORDINATOR, ROUTER, END_DEVICE)[_ROLES.index(role)]
        self.endpoints = endpoints
        self.identity = identity
        self.channels = channels
        self.pan_id = pan_id
        self.install_code = install_code
        self.joiners = joiners or {}
        self.link_keys = link_keys or {}
        self.poll = poll
        self.retry = retry
        self.fresh = fresh
        if identity is not None and len(identity) != 8:
            raise RadioError("radio identity of %d octets, an EUI-64 has 8" % len(identity))
        for code in list(self.joiners.values()) + ([install_code] if install_code is not None else []):
            if len(code) != 18:
                raise RadioError("install code of %d octets, 16 and two of CRC expected" % len(code))
        for key in self.link_keys.values():
            if len(key) != 16:
                raise RadioError("link key of %d octets, 16 expected" % len(key))
