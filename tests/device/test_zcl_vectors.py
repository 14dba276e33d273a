# SPDX-License-Identifier: GPL-3.0-or-later
"""The ZCL payloads of the published GBCS messages decode without rest, and encode to the same octets."""

import os

from han.zcl import clusters, commands
from support import equal, vectors, vectors_folder


def payloads():
    """(cluster, frame control, command, payload, component) of every GBZ component with a readable payload."""
    for name in sorted(os.listdir(vectors_folder() + "/gbz")):
        for message in vectors("gbz/" + name)["messages"]:
            for component in (message["expect"].get("payload") or {}).get("components", ()):
                for key in ("zcl_payload", "plaintext"):
                    if key in component:
                        yield (
                            int(component["cluster"], 16),
                            int(component["frame_control"], 16),
                            int(component["command"], 16),
                            bytes.fromhex(component[key]),
                            component,
                        )


def test_payloads_of_published_messages():
    count = 0
    for cluster, control, command, payload, component in payloads():
        count += 1
        direction = control >> 3 & 1
        if control & 3:
            name, fields = clusters.decode_command(cluster, command, direction, payload)
            assert "rest" not in fields, (name, fields)
            equal(clusters.encode_command(cluster, name, direction, fields), payload, name)
        else:
            value = commands.decode(command, payload)
            if "attributes" in component and command == commands.READ_ATTRIBUTES_RESPONSE:
                equal(described(value), component["attributes"])
            if is_plain_text(value):
                equal(commands.encode(command, value), payload)
    assert count > 0


def described(records):
    """Records of a read in the form of the vectors."""
    found = []
    for identifier, status, type_id, value in records:
        entry = {"id": "%04X" % identifier, "status": "%02X" % status}
        if not status:
            entry["type"] = "%02X" % type_id
            entry["value"] = "".join(["%02x" % octet for octet in value]) if isinstance(value, bytes) else value
        found.append(entry)
    return found


def is_plain_text(value):
    """Whether no text among the values holds octets that are no UTF-8: those are sent as bytes."""
    if isinstance(value, list):
        return all(is_plain_text(entry) for entry in value)
    if isinstance(value, tuple):
        return all(is_plain_text(entry) for entry in value)
    return not isinstance(value, str) or all(ord(character) < 128 for character in value)
