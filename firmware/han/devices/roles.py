# SPDX-License-Identifier: Apache-2.0
"""From a table of settings to the nodes of a HAN: which device runs behind which radio."""

from han.devices import device_log
from han.errors import BenchError
from han.gbcs.keys import KeyStore
from han.node.node import Node

# Endpoint numbers are free and clients find them out [GBCS 11.1]; these are ours.
HUB_ESI = 1
HUB_MIRROR = 2
HUB_CHF = 3
ONLY = 1

DEVICE_TYPES = {
    "esme": device_log.TYPE_ESME,
    "gsme": device_log.TYPE_GSME,
    "ihd": device_log.TYPE_IHD,
    "ppmid": device_log.TYPE_PPMID,
}

BOARDS = ("hub", "esme", "gsme", "ihd", "ppmid")


def memory_stores(role):
    """Stores in RAM for one device."""
    from han.stores.memory import MemoryStores  # a board with a file system has no use for it

    return MemoryStores()


def build(tables, stores=memory_stores):
    """{board: Node} of a HAN; `tables` {board: settings} as in the plan of a run, `stores(role)` makes a device's stores."""
    identities = {}
    for board in tables:
        if board not in BOARDS:
            raise BenchError("no board %s: there are %s" % (board, ", ".join(BOARDS)))
        identities[board] = bytes.fromhex(tables[board]["identity"])
    return {board: node(board, tables[board], identities, stores) for board in tables}


def node(board, settings, identities, stores=memory_stores):
    """The node of one board: `identities` {board: EUI-64} names all boards of its HAN."""
    settings = dict(settings)
    identity = identities[board]
    peers(settings, identities)
    if board == "hub":
        devices = _hub(identity, settings, identities, stores)
    else:
        settings["endpoint"] = ONLY
        own = stores(board)
        settings["keys"] = key_store(settings, own.values, board)
        devices = [_device(board)(identity, settings, own)]
    return Node(board, identity, devices)


def peers(settings, identities):
    """Add where the others are: the hub's endpoints, the meters'."""
    hub = identities.get("hub")
    settings["hub"] = {"identity": hub, "esi": HUB_ESI, "time": HUB_CHF}
    settings["gpf"] = {"identity": hub, "management": HUB_ESI, "metering": HUB_MIRROR}
    settings["esme"] = {"identity": identities.get("esme"), "management": ONLY, "metering": ONLY}


def _hub(identity, settings, identities, stores):
    from han.devices.chf import CommunicationsHub
    from han.devices.gpf import GasProxy

    admitted = [identities[board] for board in identities if board != "hub"]
    entity = bytes.fromhex(settings["chf_identity"])
    own = stores("chf")
    of_proxy = stores("gpf")
    hub = CommunicationsHub(
        identity,
        {
            "chf_identity": entity,
            "endpoint": HUB_CHF,
            "device_log": [(identities[board], DEVICE_TYPES[board]) for board in identities if board != "hub"],
            "keys": key_store(settings, own.values, "chf"),
            "clock": settings.get("clock", "reliable"),
            "tunnels": {identities[board]: ONLY for board in ("esme", "ppmid") if board in identities},
            "gsme": identities.get("gsme"),
        },
        own,
    )
    proxy_settings = dict(settings)
    proxy_settings.update(
        {
            "esi": HUB_ESI,
            "mirror": HUB_MIRROR,
            "gsme": identities.get("gsme"),
            "keys": key_store(settings, of_proxy.values, "gpf"),
            "admits": admitted,
        }
    )
    proxy = GasProxy(identity, proxy_settings, of_proxy)
    hub.serve(identity, proxy)
    return [hub, proxy]


def key_store(settings, values, role):
    """The parties a device knows, from the `parties` of its settings: {entity in hex: {`role`, `secret`, `signature_key`}}.

    `signing_key` is the device's own private test key; without it the device answers no critical command. With `trust`,
    {role: see han.devices.trust}, the device has trust anchor cells instead, in `values`.
    """
    if role in settings.get("trust", ()):
        from han.devices import trust

        return trust.key_store(settings["trust"][role], values)
    keys = KeyStore(_signer(settings.get("signing_key")), _verify)
    for party, known in settings.get("parties", {}).items():
        signature_key = known.get("signature_key")
        keys.add(
            bytes.fromhex(party),
            known["role"],
            bytes.fromhex(known["secret"]),
            None if signature_key is None else bytes.fromhex(signature_key),
        )
    return keys


def _signer(key):
    if key is None:
        return None
    private = bytes.fromhex(key)

    def sign(octets):
        from han.crypto import ecdsa

        return ecdsa.sign(private, octets)

    return sign


def _verify(public_key, octets, signature):
    from han.crypto import ecdsa

    return ecdsa.verify(public_key, octets, signature)


def _device(board):
    if board == "esme":
        from han.devices.esme import ElectricityMeter as device
    elif board == "gsme":
        from han.devices.gsme import GasMeter as device
    elif board == "ihd":
        from han.devices.ihd import InHomeDisplay as device
    elif board == "ppmid":
        from han.devices.ppmid import PrepaymentInterface as device
    else:
        raise BenchError("the role %s is not modelled yet" % board)
    return device
