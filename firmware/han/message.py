# SPDX-License-Identifier: Apache-2.0
"""What travels on the HAN between devices: one APS data unit, and the endpoints it travels between."""

BROADCAST = b"\xff" * 8
SMART_ENERGY = 0x0109  # profile [ZSE]


class Message:
    """One APS data unit.

    `source` and `destination` are EUI-64, 8 octets, most significant first; `payload` is the ZCL frame;
    `secured` says that it travels under the APS link key.
    """

    def __init__(self, source, destination, source_endpoint, destination_endpoint, cluster, payload, secured=True):
        self.source = source
        self.destination = destination
        self.source_endpoint = source_endpoint
        self.destination_endpoint = destination_endpoint
        self.cluster = cluster
        self.payload = payload
        self.secured = secured


class Endpoint:
    """A place on a device: its Smart Energy device number and the clusters it serves and uses [ZSE 3]."""

    def __init__(self, number, device, servers, clients, profile=SMART_ENERGY):
        self.number = number
        self.device = device
        self.servers = servers
        self.clients = clients
        self.profile = profile
