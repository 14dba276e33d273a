# SPDX-License-Identifier: Apache-2.0
"""The trust anchor cells and own keys that a bench gives a new device, as its maker would. **Test keys only.**"""

from han.crypto.keystore import KeyStore

_MADE = "keys_given"


def key_store(plain, values):
    """The key store of a device. What is given counts at its first start; later the device has what became of it.

    `plain`, all octets in hex: `root`, the certificate of a test root; `issuer`, that of the authority under it;
    `cells`, lists [role, key usage, cell usage, entity, public key, key identifier]; `private` and `certificates`, the
    device's own by key usage ("0" signatures, "4" key agreement). Raises CryptoError for a root that is no test root, an
    authority of another root, and keys that are none.
    """
    keys = KeyStore(values)
    if values.get(_MADE):
        return keys
    for usage, private in plain.get("private", {}).items():
        keys.set_private(int(usage), bytes.fromhex(private))
    for usage, octets in plain.get("certificates", {}).items():
        keys.set_certificate(int(usage), bytes.fromhex(octets))
    for role, usage, cell_usage, entity, public, identifier in plain["cells"]:
        keys.set_cell(role, usage, bytes.fromhex(entity), bytes.fromhex(public), cell_usage, bytes.fromhex(identifier))
    keys.add_root(bytes.fromhex(plain["root"]))
    keys.add_authority(bytes.fromhex(plain["issuer"]))
    values.set(_MADE, True)
    return keys
