# SPDX-License-Identifier: Apache-2.0
"""Alerts whose payload is ASN.1 [GBCS 16, reference 7.3]."""

from han.gbcs import der, elements


def send(server, name, recipient, alert_code, utc, *contents, **named):
    """The octets of an alert: code, time (`utc`) and `contents`, elements. See `GbcsServer.alert` for what is raised."""
    payload = der.encode(elements.sequence(der.integer(alert_code), elements.time(utc), *contents), True)
    return server.alert(name, recipient, lambda message: payload, **named)


def device_log(server, recipient, alert_code, utc, entries):
    """GCS62: the octets of the alert that backs the GPF's device log up, [(entity, device type), ...] (REQ-GPF-16)."""
    return send(
        server, "GCS62", recipient, alert_code, utc, elements.sequence(*[elements.entry(pair) for pair in entries])
    )


def version(number):
    """A firmware version as alerts and answers have it: four octets."""
    return der.OCTET_STRING, number.to_bytes(4, "big")


def firmware_transfer(server, recipient, alert_code, utc, entity, number, result):
    """CCS08: the octets of the alert that tells what came of an image of a version for a device (REQ-CHF-13)."""
    contents = (der.OCTET_STRING, entity), version(number), der.integer(result)
    return send(server, "CCS08", recipient, alert_code, utc, *contents)
