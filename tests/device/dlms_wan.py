# SPDX-License-Identifier: GPL-3.0-or-later
"""A remote party that speaks DLMS with the devices of the simulated HAN."""

from gas_supplier import BROKER, PARTIES, SECRETS, SUPPLIER
from han.gbcs import axdr, dlms, envelope, protection, use_cases
from simulated import CHF, IDENTITIES

OPERATOR = "90b3d51f30020009"
OPERATOR_SECRET = bytes(range(64, 96)).hex()
ESME = bytes.fromhex(IDENTITIES["esme"])
HUB = bytes.fromhex(CHF)
ALL_PARTIES = dict(PARTIES)
ALL_PARTIES[OPERATOR] = {"role": use_cases.NETWORK_OPERATOR, "secret": OPERATOR_SECRET}
SECRET_OF = {SUPPLIER: SECRETS[SUPPLIER], BROKER: SECRETS[BROKER], OPERATOR: OPERATOR_SECRET}
NULL = (axdr.NULL, None)


class Wan:
    """Sends DLMS commands of one party and opens the answers."""

    def __init__(self, han, party=SUPPLIER, recipient=ESME):
        self.han = han
        self.party = party
        self.recipient = recipient
        self.counter = 1000
        self.answer = None  # the message of the latest answer

    def send(self, code, specifications, data):
        """(data, result codes) of the answer."""
        self.counter += 1
        payload = dlms.encode(dlms.AccessRequest(dlms.invoke_id(self.counter), specifications, data))
        message = envelope.Message(
            envelope.COMMAND, self.counter, bytes.fromhex(self.party), self.recipient, code, payload=payload, signature=b""
        )
        message.mac = protection.mac_of(bytes.fromhex(SECRETS[BROKER]), message)
        seen = len(self.han.of("gbcs"))
        self.han.do("hub", "gbcs", octets=envelope.encode(message).hex())
        self.han.run(5)
        found = [envelope.decode(bytes.fromhex(event["octets"])) for event in self.han.of("gbcs")[seen:]]
        answers = [message for message in found if message.cra == envelope.RESPONSE]
        assert len(answers) == 1, self.han.of("gbcs_refused")
        answer = self.answer = answers[0]
        assert protection.mac_is_valid(bytes.fromhex(SECRET_OF[self.party]), answer)
        apdu = dlms.decode(answer.payload)
        return apdu.data, [result for _, result in apdu.results]


def get(place, selection=None):
    if selection is None:
        return dlms.Specification(dlms.GET, place[0], place[1], place[2])
    start, end = selection
    descriptor = (
        axdr.STRUCTURE,
        [
            (
                axdr.STRUCTURE,
                [
                    (axdr.LONG_UNSIGNED, 1),
                    (axdr.OCTET_STRING, b"\x00\x00\x5e\x2c\x64\xff"),
                    (axdr.INTEGER, 2),
                    (axdr.LONG_UNSIGNED, 0),
                ],
            ),
            (axdr.DOUBLE_LONG_UNSIGNED, start),
            (axdr.DOUBLE_LONG_UNSIGNED, end),
            (axdr.ARRAY, []),
        ],
    )
    return dlms.Specification(dlms.GET_WITH_SELECTION, place[0], place[1], place[2], 1, descriptor)


def put(place):
    return dlms.Specification(dlms.SET, place[0], place[1], place[2])


def act(place):
    return dlms.Specification(dlms.ACTION, place[0], place[1], place[2])
