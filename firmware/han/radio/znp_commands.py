# SPDX-License-Identifier: Apache-2.0
"""Commands, states and statuses of the Z-Stack serial protocol that the driver uses.

A command is CMD0 * 256 + CMD1. A request (CMD0 2x) is answered with CMD0 + 0x40 and the same CMD1.
"""

from micropython import const

ANSWER = const(0x4000)  # added to a request's command
REFUSAL = const(0x6000)  # the co-processor does not know a request: code, CMD0, CMD1

SYS_PING = const(0x2101)
SYS_RESET = const(0x4100)
SYS_RESET_IND = const(0x4180)
SYS_NV_ITEM_INIT = const(0x2107)
SYS_NV_READ = const(0x2108)
SYS_NV_WRITE = const(0x2109)
SYS_NV_LENGTH = const(0x2113)
AF_REGISTER = const(0x2400)
AF_DATA_REQUEST = const(0x2401)
AF_DATA_REQUEST_EXT = const(0x2402)
AF_DATA_STORE = const(0x2411)
AF_DATA_RETRIEVE = const(0x2412)
AF_DATA_CONFIRM = const(0x4480)
AF_INCOMING = const(0x4481)
AF_INCOMING_EXT = const(0x4482)
ZDO_NWK_ADDR_REQ = const(0x2500)
ZDO_NWK_ADDR_RSP = const(0x4580)
ZDO_IEEE_ADDR_REQ = const(0x2501)
ZDO_IEEE_ADDR_RSP = const(0x4581)
ZDO_MGMT_PERMIT_JOIN = const(0x2536)
ZDO_MGMT_PERMIT_JOIN_RSP = const(0x45B6)
ZDO_CALLBACK_REGISTER = const(0x253E)
ZDO_SEC_ADD_LINK_KEY = const(0x2542)
ZDO_EXT_NWK_INFO = const(0x2550)
ZDO_STATE_CHANGE = const(0x45C0)
ZDO_ANNOUNCE = const(0x45C1)
ZDO_LEAVE = const(0x45C9)
ZDO_TRUST_CENTRE_DEVICE = const(0x45CA)
ZDO_PERMIT_JOIN_IND = const(0x45CB)
UTIL_GET_DEVICE_INFO = const(0x2700)
CNF_ADD_INSTALL_CODE = const(0x2F04)
CNF_START_COMMISSIONING = const(0x2F05)
CNF_SET_CENTRALISED_KEY = const(0x2F07)
CNF_SET_CHANNEL = const(0x2F08)
CNF_REQUIRE_KEY_EXCHANGE = const(0x2F09)
CNF_RECOVER = const(0x2F0A)
CNF_COMMISSIONING = const(0x4F80)

NV_IDENTITY = const(0x0001)
NV_STARTUP_OPTION = const(0x0003)
NV_POLL_RATE = const(0x0024)
NV_ON_A_NETWORK = const(0x0055)
NV_PAN_ID = const(0x0083)
NV_LOGICAL_TYPE = const(0x0087)
NV_ZDO_DIRECT_CALLBACKS = const(0x008F)

COORDINATOR = const(0)
ROUTER = const(1)
END_DEVICE = const(2)

STATE_JOINED_NOT_AUTHENTICATED = const(0x05)
STATE_END_DEVICE = const(0x06)
STATE_ROUTER = const(0x07)
STATE_COORDINATOR = const(0x09)
STATE_LOST_PARENT = const(0x0A)

STEERING = const(0x02)
FORMATION = const(0x04)

COMMISSIONING_SUCCESS = const(0x00)
COMMISSIONING_IN_PROGRESS = const(0x01)
COMMISSIONING_NO_NETWORK = const(0x02)
COMMISSIONING_KEY_EXCHANGE_FAILED = const(0x07)
COMMISSIONING_FORMATION_FAILED = const(0x08)
COMMISSIONING_RESTORED = const(0x0D)

OPTION_ACKNOWLEDGE = const(0x10)
OPTION_LINK_KEY = const(0x40)

ADDRESS_SHORT = const(0x02)
ADDRESS_BROADCAST = const(0x0F)
TO_ALL_AWAKE = const(0xFFFD)
TO_ALL_ROUTERS = const(0xFFFC)
UNKNOWN_SHORT = const(0xFFFE)

SUCCESS = const(0x00)
FAILURE = const(0x01)
NV_ITEM_CREATED = const(0x09)
BUFFERS_FULL = const(0x11)
NO_RESOURCES = const(0x1A)
NO_LINK_KEY = const(0xA1)
NO_APS_ACKNOWLEDGEMENT = const(0xB7)
UNKNOWN_DEVICE = const(0xC8)
NO_ROUTE = const(0xCD)
EXPIRED = const(0xF0)

# Octets, not a table: they stay in flash.
_STATUS_NAMES = (
    b"\n00 success"
    b"\n01 failure"
    b"\n02 bad parameter"
    b"\n09 NV item created"
    b"\n0A NV operation failed"
    b"\n0C NV bad length"
    b"\n11 buffers full"
    b"\n1A no resources"
    b"\nA1 no key"
    b"\nA4 CCM failure"
    b"\nAD security failure"
    b"\nB1 APS failure"
    b"\nB7 no APS acknowledgement"
    b"\nB8 duplicate"
    b"\nBB not authenticated"
    b"\nC2 not allowed now"
    b"\nC7 table full"
    b"\nC8 unknown device"
    b"\nCD no route"
    b"\nE1 channel busy"
    b"\nE9 no MAC acknowledgement"
    b"\nF0 expired, the sleeping child did not poll"
    b"\n"
)


def status_name(status):
    """A status in words; None is a time-out of the co-processor."""
    if status is None:
        return "no answer from the co-processor"
    mark = b"\n%02X " % status
    start = _STATUS_NAMES.find(mark)
    if start < 0:
        return "status 0x%02X" % status
    start += len(mark)
    return _STATUS_NAMES[start : _STATUS_NAMES.find(b"\n", start)].decode()
