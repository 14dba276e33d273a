# SPDX-License-Identifier: Apache-2.0
"""What a message code means: its use case, for which devices, from whom, in which form [GBCS 15, 19, 20]."""

from han.gbcs.use_case_table import NAMES, ROWS

_ROW = 10

# Bits of `targets`, by the names of GBCS targets.
TARGETS = {"chf": 1, "gpf": 2, "esme": 4, "gsme": 8, "ppmid": 16, "hcalcs": 32, "sapc": 64}

# Remote party roles [GBCS 4.3, section 2.5 of the reference]; the last two have no number there and are ours.
ROOT = 0
RECOVERY = 1
SUPPLIER = 2
NETWORK_OPERATOR = 3
ACCESS_CONTROL_BROKER = 4
TRANSITIONAL_CHANGE_OF_SUPPLIER = 5
WAN_PROVIDER = 6
ISSUING_AUTHORITY = 7
LOAD_CONTROLLER = 8
PPMID = 9
OTHER = 127

# Bits of `forms`.
COMMAND_MAC = 1
COMMAND_MAC_AND_SIGNATURE = 2
COMMAND_SIGNATURE = 4
RESPONSE_MAC = 8
RESPONSE_SIGNATURE = 16
ALERT_MAC = 32
ALERT_SIGNATURE = 64

DLMS = 1
GBZ = 2
ASN1 = 3

_ANTI_REPLAY = 1
_FUTURE_DATED = 2
_ENCRYPTED = 4
_TIME_OF_EXECUTION = 8
_TIME_OF_DATA = 16
_SUPPLIER_ONLY_AT_GSME = 32


class UseCase:
    """One row of the table of message codes.

    `targets` and `forms` are bits as above, `roles` has the bit of each role number; `protocol` is DLMS, GBZ, ASN1 or
    0 for none; `modelled` has the bits of the targets whose model answers it. `time_of_execution`: answers carry a
    header date-time with status FF; `time_of_data`: one that says whose time it is and how reliable (REQ-0015-1).
    """

    def __init__(self, row):
        self.code = row[0] << 8 | row[1]
        place = row[2] << 8 | row[3]
        self.name = NAMES[place + 1 : place + 1 + NAMES[place]].decode()
        self.targets = row[4]
        self.forms = row[5]
        self.roles = row[6] << 8 | row[7]
        flags = row[8]
        self.anti_replay = bool(flags & _ANTI_REPLAY)
        self.future_dated = bool(flags & _FUTURE_DATED)
        self.encrypted = bool(flags & _ENCRYPTED)
        self.time_of_execution = bool(flags & _TIME_OF_EXECUTION)
        self.time_of_data = bool(flags & _TIME_OF_DATA)
        self.supplier_only_at_gsme = bool(flags & _SUPPLIER_ONLY_AT_GSME)
        self.protocol = flags >> 6
        self.modelled = row[9]

    def is_for(self, target):
        """Whether a device (`chf`, `gpf`, ...) is among the targets."""
        return bool(self.targets & TARGETS[target])

    def is_modelled(self, target):
        """Whether the model of a device (`chf`, `gpf`, ...) answers it."""
        return bool(self.targets & self.modelled & TARGETS[target])

    def allows(self, role, target):
        """Whether a party of that role may send this command to that device."""
        if target == "gsme" and self.supplier_only_at_gsme:
            return role == SUPPLIER
        return role < 16 and bool(self.roles >> role & 1)


def find(code):
    """The UseCase of a message code, None where the table has none."""
    low, high = 0, len(ROWS) // _ROW
    while low < high:
        middle = (low + high) // 2
        at = middle * _ROW
        found = ROWS[at] << 8 | ROWS[at + 1]
        if found == code:
            return UseCase(ROWS[at : at + _ROW])
        if found < code:
            low = middle + 1
        else:
            high = middle
    return None


def every():
    """All use cases, in the order of their codes."""
    for at in range(0, len(ROWS), _ROW):
        yield UseCase(ROWS[at : at + _ROW])


def code_of(name):
    """The first message code of a use case by its name, None where there is none."""
    for use_case in every():
        if use_case.name == name:
            return use_case.code
    return None
