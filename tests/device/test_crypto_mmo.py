# SPDX-License-Identifier: GPL-3.0-or-later
"""AES-MMO and install codes, with the examples of the Zigbee specification."""

from han.crypto import mmo
from support import equal


def test_hashes_of_the_specification():
    equal(mmo.digest(bytes.fromhex("c0")).hex(), "ae3a102a28d43ee0d4a09e22788b206c")
    equal(mmo.digest(bytes(range(0xC0, 0xD0))).hex(), "a7977e88bc0b61e8210827109a228f2d")


def test_the_install_code_of_the_specification():
    code = bytes.fromhex("83fed3407a939723a5c639b26916d505")
    equal(mmo.check_octets(code).hex(), "c3b5")
    equal(mmo.install_code_key(code).hex(), "66b6900981e1ee3ca4206b6b861c02bb")
