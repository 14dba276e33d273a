# SPDX-License-Identifier: Apache-2.0
"""What the bench has a display ask of a meter or the gas proxy: any read, write or command of a cluster."""

from han.errors import BenchError, HanError
from han.zcl import foundation
from han.zcl.frame import TO_SERVER

METERING = 0x0702
PREPAYMENT = 0x0705


def request(arguments, sequence):
    """The ZCL frame for `arguments`: `cluster`, and one of `read` (attribute names), `write` {name: value}, `command` with
    its `fields` (text stands for octets). Raises BenchError for what the cluster does not have."""
    cluster = arguments["cluster"]
    try:
        if "read" in arguments:
            return foundation.read(cluster, arguments["read"], sequence)
        if "write" in arguments:
            return foundation.write(cluster, list(arguments["write"].items()), sequence)
        fields = {name: _octets(value) for name, value in arguments.get("fields", {}).items()}
        return foundation.command(cluster, arguments["command"], TO_SERVER, fields, sequence)
    except (HanError, KeyError, ValueError, TypeError) as error:
        raise BenchError("ask: cluster %04X: %s" % (cluster, error))


def endpoint_of(peer, cluster):
    """Where a meter or the gas proxy serves a cluster: `peer` {identity, management, metering}."""
    return peer["metering" if cluster in (METERING, PREPAYMENT) else "management"]


def _octets(value):
    return value.encode() if isinstance(value, str) else value
