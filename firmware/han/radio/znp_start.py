# SPDX-License-Identifier: Apache-2.0
"""How a Z-Stack co-processor is brought on a network, as coordinator, router or end device.

Each function is a task of `han.radio.znp_tasks` and raises RadioError where the co-processor says no.
"""

import struct

from han.errors import RadioError
from han.radio import znp_commands as znp

PING_TRIES = 10
_BOOT_LOADER_SKIP = b"\xef" * 8  # some boot loaders wait for this before they start the stack
_RESET_TIMEOUT = 15000
_COMMISSIONING_TIMEOUT = 60000
_CLEAR_ALL = b"\x03"  # configuration and network state

_JOINED = (znp.STATE_END_DEVICE, znp.STATE_ROUTER)


def start_up(radio, settings):
    """From power-on to being on a network: find it, configure it, restart it, let it form or join."""
    yield from find(radio)
    fresh = settings.fresh
    if (yield from set_item(radio, znp.NV_LOGICAL_TYPE, bytes((settings.role,)))):
        fresh = True  # what it remembers was another role's network
    yield from set_item(radio, znp.NV_ZDO_DIRECT_CALLBACKS, b"\x01")
    if settings.identity is not None:
        on_air = bytes(reversed(settings.identity))
        if (yield from set_item(radio, znp.NV_IDENTITY, on_air)):
            fresh = True
    if fresh:
        yield from set_item(radio, znp.NV_STARTUP_OPTION, _CLEAR_ALL)
    yield from restart(radio)
    if fresh:
        # Clearing took the items with it.
        yield from set_item(radio, znp.NV_LOGICAL_TYPE, bytes((settings.role,)))
        yield from set_item(radio, znp.NV_ZDO_DIRECT_CALLBACKS, b"\x01")
        if settings.identity is not None:
            yield from set_item(radio, znp.NV_IDENTITY, bytes(reversed(settings.identity)))
        if settings.pan_id is not None:
            yield from set_item(radio, znp.NV_PAN_ID, struct.pack("<H", settings.pan_id))
        yield from restart(radio)
    yield from ask(radio, znp.CNF_SET_CHANNEL, struct.pack("<BI", 1, settings.channels), "channels")
    yield from ask(radio, znp.CNF_SET_CHANNEL, struct.pack("<BI", 0, 0), "secondary channels")
    for endpoint in settings.endpoints:
        yield from register(radio, endpoint)
    if settings.role == znp.COORDINATOR:
        yield from form(radio, settings)
    else:
        yield from join(radio, settings)
    yield from ask(radio, znp.ZDO_CALLBACK_REGISTER, b"\xff\xff", "callbacks")
    yield from own_address(radio)


def find(radio):
    """Ping until it answers; a few pings may be lost to a boot loader."""
    for attempt in range(PING_TRIES):
        if attempt:
            radio.write(_BOOT_LOADER_SKIP)
        if (yield znp.SYS_PING, b"") is not None:
            return
    raise RadioError("co-processor: no answer to %d pings, check power, wiring and baud rate" % PING_TRIES)


def restart(radio):
    """Soft reset; what was written to the items takes effect."""
    radio.resets = 0
    radio.expect_reset = True
    radio.write_frame(znp.SYS_RESET, b"\x01")
    done = yield (lambda: radio.resets or None), _RESET_TIMEOUT
    radio.expect_reset = False
    if done is None:
        raise RadioError("co-processor: did not come back from its reset")


def ask(radio, command, data, what):
    """A request whose answer is a status, which must be success."""
    answer = yield command, data
    if not answer or answer[0] != znp.SUCCESS:
        raise RadioError("co-processor: %s refused: %s" % (what, znp.status_name(answer[0] if answer else None)))


def set_item(radio, item, value):
    """Make an item of its non-volatile memory this value; returns whether it was another."""
    answer = yield znp.SYS_NV_READ, struct.pack("<HB", item, 0)
    if answer is None:
        raise RadioError("co-processor: item 0x%04X cannot be read" % item)
    if answer[0] == znp.SUCCESS and answer[2 : 2 + answer[1]] == value:
        return False
    if answer[0] == znp.SUCCESS:
        yield from ask(radio, znp.SYS_NV_WRITE, struct.pack("<HBB", item, 0, len(value)) + value, "item 0x%04X" % item)
        return True
    answer = yield znp.SYS_NV_ITEM_INIT, struct.pack("<HHB", item, len(value), len(value)) + value
    if not answer or answer[0] not in (znp.SUCCESS, znp.NV_ITEM_CREATED):
        raise RadioError("co-processor: item 0x%04X cannot be made" % item)
    return True


def register(radio, endpoint):
    """Tell it of an endpoint and its clusters."""
    data = struct.pack("<BHHBBB", endpoint.number, endpoint.profile, endpoint.device, 0, 0, len(endpoint.servers))
    for cluster in endpoint.servers:
        data += struct.pack("<H", cluster)
    data += bytes((len(endpoint.clients),))
    for cluster in endpoint.clients:
        data += struct.pack("<H", cluster)
    yield from ask(radio, znp.AF_REGISTER, data, "endpoint %d" % endpoint.number)


def form(radio, settings):
    """Form a network, or take up again the one it remembers."""
    yield from commission(radio, znp.FORMATION, (znp.STATE_COORDINATOR,))
    # Smart Energy joiners establish a key by CBKE instead of asking the trust centre for one.
    yield from ask(radio, znp.CNF_REQUIRE_KEY_EXCHANGE, b"\x00", "key exchange policy")
    for identity, code in settings.joiners.items():
        yield from expect(radio, identity, code)


def expect(radio, identity, code):
    """Let a device with this install code (its CRC included) join."""
    data = b"\x01" + bytes(reversed(identity)) + code
    yield from ask(radio, znp.CNF_ADD_INSTALL_CODE, data, "install code of %s" % identity.hex())


def join(radio, settings):
    """Join by install code, or take up again the network it remembers."""
    if settings.install_code is not None:
        yield from ask(radio, znp.CNF_SET_CENTRALISED_KEY, b"\x01" + settings.install_code, "own install code")
    yield from commission(radio, znp.STEERING, _JOINED)
    if settings.role == znp.END_DEVICE:
        yield from set_poll(radio, settings.poll)


def commission(radio, mode, wanted):
    """Start formation or steering and wait for the state it must end in."""
    radio.state = radio.commissioning = None
    yield from ask(radio, znp.CNF_START_COMMISSIONING, bytes((mode,)), "commissioning")

    def ended():
        if radio.state in wanted:
            return znp.COMMISSIONING_SUCCESS
        # Formation "fails" when a network was restored instead, and the state still follows.
        if radio.commissioning in (znp.COMMISSIONING_NO_NETWORK, znp.COMMISSIONING_KEY_EXCHANGE_FAILED):
            return radio.commissioning
        return None

    status = yield ended, _COMMISSIONING_TIMEOUT
    if status == znp.COMMISSIONING_NO_NETWORK:
        raise RadioError("no network found that is open for joining")
    if status == znp.COMMISSIONING_KEY_EXCHANGE_FAILED:
        raise RadioError("joined, but not authenticated: the install code is not the one the hub was given")
    if status is None:
        last = radio.commissioning
        text = "state" if last is None else "commissioning status %d" % last
        raise RadioError("not on a network within %d s (%s)" % (_COMMISSIONING_TIMEOUT // 1000, text))


def set_poll(radio, milliseconds):
    """How often an end device asks its parent for messages; 0 lets it sleep."""
    data = struct.pack("<HBBH", znp.NV_POLL_RATE, 0, 2, milliseconds)
    yield from ask(radio, znp.SYS_NV_WRITE, data, "poll rate")


def own_address(radio):
    """Learn its EUI-64 and addresses."""
    answer = yield znp.UTIL_GET_DEVICE_INFO, b""
    if answer is None or len(answer) < 11 or answer[0] != znp.SUCCESS:
        raise RadioError("co-processor: does not tell its address")
    radio.identity = bytes(reversed(answer[1:9]))
    radio.short = answer[9] | answer[10] << 8
    answer = yield znp.ZDO_EXT_NWK_INFO, b""
    if answer is not None and len(answer) >= 6:
        radio.pan_id = answer[2] | answer[3] << 8
        radio.parent = answer[4] | answer[5] << 8
