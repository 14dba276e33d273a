# SPDX-License-Identifier: Apache-2.0
"""Alerts whose payload is ASN.1 [GBCS 16, reference 7.3]."""

from han.clock import civil
from han.gbcs import asn1_answer, der


def generalized_time(utc):
    """The element of a moment, seconds since 2000, in UTC."""
    return der.GENERALIZED_TIME, ("%04d%02d%02d%02d%02d%02dZ" % civil(utc)).encode()


def device_log(server, recipient, alert_code, utc, entries):
    """GCS62: the octets of the alert that backs the GPF's device log up, [(entity, device type), ...] (REQ-GPF-16).

    See `GbcsServer.alert` for what is raised.
    """
    logged = (der.SEQUENCE, [asn1_answer.entry(pair) for pair in entries])
    payload = der.encode((der.SEQUENCE, [der.integer(alert_code), generalized_time(utc), logged]), True)
    return server.alert("GCS62", recipient, lambda message: payload)
