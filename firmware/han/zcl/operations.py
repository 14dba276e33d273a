# SPDX-License-Identifier: Apache-2.0
"""Operations of a payload program, the form in which the cluster tables hold the layout of a command.

A program is a sequence of items that ends with END. An octet that is a ZCL data type is a field: type, then the
name's offset in the cluster's TERMS (u16). The others, with what follows them:
"""

from micropython import const

END = const(0x00)
OPTIONAL = const(0x80)  # next field may be missing at the end of the payload
FILLED = const(0x81)  # as OPTIONAL; fill octet: what stands in its place when a later one is there
IF = const(0x82)  # name, comparison, operand u8: next item only where it holds
LIST_TO_END = const(0x83)  # name, length u16, one field
GROUP_TO_END = const(0x84)  # name, length u16, items
COUNTED_LIST = const(0x85)  # name, name of the count, mask u16, length u16, one field
COUNTED_GROUP = const(0x86)  # name, name of the count, mask u16, length u16, items
STRUCTURE = const(0x87)  # name, name of the selector, variants u8, then for each: selector u8, program u16
OCTETS = const(0x88)  # name, length u8: octets as they are
REST = const(0x89)  # name: octets up to the end
COUNTED_OCTETS = const(0x8A)  # name, name of the count (an octet)
BIG_ENDIAN = const(0x8B)  # name, size u8: unsigned integer, most significant octet first

EQUAL = const(0)
AT_LEAST = const(1)
ANY_BIT = const(2)
