# SPDX-License-Identifier: GPL-3.0-or-later
"""A supplier who reads gas registers through the hub of the simulated HAN."""

from han.gbcs import envelope, protection, use_cases
from simulated import IDENTITIES

SUPPLIER = "90b3d51f30010009"
BROKER = "90b3d51f30000009"
SECRETS = {SUPPLIER: bytes(range(32)).hex(), BROKER: bytes(range(32, 64)).hex()}
PARTIES = {
    SUPPLIER: {"role": use_cases.SUPPLIER, "secret": SECRETS[SUPPLIER]},
    BROKER: {"role": use_cases.ACCESS_CONTROL_BROKER, "secret": SECRETS[BROKER]},
}
GPF = bytes.fromhex(IDENTITIES["hub"])
GSME = bytes.fromhex(IDENTITIES["gsme"])

# Read Attributes of GCS13a and GCS13c in GBZ form [GBCS 6.1]: message code and payload
REGISTER = (0x0074, b"\x01\x09\x01\x01\x07\x02\x00\x0b\x00\x00\x00\x02\x03\x01\x03\x00\x03\x00\x00")
TARIFF = (0x00B6, b"\x01\x09\x01\x01\x07\x02\x00\x11\x00\x00\x00\x02\x03\x01\x03\x00\x03\x00\x01\x02\x01\x04\x01\x06\x01")


class Supplier:
    """Sends reads through the hub; the GPF answers at once, the meter when it wakes."""

    def __init__(self, han):
        self.han = han
        self.counter = 1000

    def send(self, command, recipient):
        """Send a command; returns its counter."""
        code, payload = command
        self.counter += 1
        message = envelope.Message(
            envelope.COMMAND, self.counter, bytes.fromhex(SUPPLIER), recipient, code, payload=payload, signature=b""
        )
        message.mac = protection.mac_of(bytes.fromhex(SECRETS[BROKER]), message)
        self.han.do("hub", "gbcs", octets=envelope.encode(message).hex())
        return self.counter

    def read(self, command=REGISTER):
        """The answer of the GPF to a read now."""
        seen = len(self.han.of("gbcs"))
        self.send(command, GPF)
        answer = envelope.decode(bytes.fromhex(self.han.of("gbcs")[seen:][-1]["octets"]))
        assert answer.cra == envelope.RESPONSE
        return answer
