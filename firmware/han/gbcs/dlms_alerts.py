# SPDX-License-Identifier: Apache-2.0
"""Alerts in DLMS form [GBCS 16, reference 7.1]: a code, a time, and what belongs to the use case."""

from micropython import const

from han.gbcs import axdr, cosem_time, dlms

NOT_SUPPORTED = const(0x8F85)


def send(server, name, recipient, alert_code, utc, contents=(), supplementary_remote_party=None, counter=None):
    """The octets of an alert of a device to a party; see `GbcsServer.alert` for what is raised.

    `name` is its use case: GCA, GNCA, ECS80 and so on. `utc` is seconds since 2000, `contents` the data after the time,
    pairs of han.gbcs.axdr.
    """

    def payload_of(message):
        head = [(axdr.LONG_UNSIGNED, alert_code), (axdr.OCTET_STRING, cosem_time.encode(utc))]
        body = (axdr.STRUCTURE, head + list(contents))
        return dlms.encode(dlms.DataNotification(dlms.invoke_id(message.originator_counter), body))

    return server.alert(name, recipient, payload_of, supplementary_remote_party, counter)


def not_supported(server, message, utc):
    """ECS100: a correct command that the device does not know, told to whoever sent it [GBCS 16, reference 1.5]."""
    refused = message.message_code.to_bytes(2, "big") + message.originator_counter.to_bytes(8, "big")
    return send(
        server,
        "ECS100",
        message.originator,
        NOT_SUPPORTED,
        utc,
        ((axdr.OCTET_STRING, refused),),
        message.supplementary_remote_party,
        message.supplementary_remote_party_counter,
    )
