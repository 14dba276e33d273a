# SPDX-License-Identifier: GPL-3.0-or-later
"""The published messages and step values, where HANREF_VECTORS says where they are."""

import gbcs_plain as plain
from han.crypto import gcm, kdf
from han.gbcs import envelope, gbz, protection, templates, use_cases
from support import equal, vectors, vectors_folder


def octets(text):
    return bytes.fromhex(text)


def files():
    """The vector files that the index names."""
    with open(vectors_folder() + "/index.csv") as index:
        columns = index.readline().strip().split(",")
        at = columns.index("file")
        return sorted({line.strip().split(",")[at] for line in index})


def messages(only=None):
    """Every published message; `only` is the folder it is in."""
    for name in files():
        if only is None or name.startswith(only):
            for message in vectors(name)["messages"]:
                yield message


def test_step_values_of_key_derivation():
    for step in vectors("crypto.json")["kdf"]:
        purpose = octets(step["cra_byte"] + step["originator_counter"])
        key = kdf.derive(octets(step["z"]), octets(step["originator"]), purpose, octets(step["recipient"]))
        equal(key.hex(), step["key"], step["name"])


def test_step_values_of_message_macs():
    for step in vectors("crypto.json")["message_mac"]:
        tag = gcm.seal(octets(step["key"]), octets(step["iv"]), b"", octets(step["aad"]), 12)[1]
        equal(tag.hex(), step["mac"], step["message_id"])


def test_step_values_of_attribute_encryption():
    for step in vectors("crypto.json")["attribute_encryption"]:
        device = octets(step["iv"])[:8]
        sealed = b"\x31\x00\x00\x00\x00" + octets(step["ciphertext"]) + octets(step["tag"])
        arguments = (octets(step["z"]), device, octets(step["remote_party"]), int(step["counter_used"], 16))
        equal(protection.encrypt(*arguments, octets(step["plaintext"])), sealed, step["message_id"])
        equal(protection.decrypt(*arguments, sealed).hex(), step["plaintext"], step["message_id"])


def test_step_values_of_the_signature_input():
    published = {message["id"]: message for message in messages()}
    for step in vectors("crypto.json")["signature"]:
        message = envelope.decode(octets(published[step["message_id"]]["hex"]))
        equal(envelope.signature_input(message).hex(), step["signed_bytes"], step["message_id"])


def test_worked_example_of_the_specification():
    example = vectors("crypto.json")["gbcs_18_4"]
    message = envelope.decode(octets(example["message"]))
    equal(protection.message_key(octets(example["z"]), message).hex(), example["key"])
    equal(protection.mac_of(octets(example["z"]), message).hex(), example["mac"])


def test_every_published_message_is_read_and_written_again():
    count = 0
    for message in messages():
        whole = octets(message["hex"])
        expected = message["expect"]
        found = envelope.decode(whole)
        where = message["id"]
        equal(envelope.encode(found), whole, where)
        equal(("command", "response", "alert")[found.cra - 1], expected["cra"], where)
        equal("%04X" % found.message_code, expected["message_code"].upper(), where)
        equal(found.originator.hex(), expected["originator"], where)
        equal(found.recipient.hex(), expected["recipient"], where)
        equal(found.originator_counter, int(expected["originator_counter"], 16), where)
        equal(found.date_time.hex() if found.date_time else None, expected["date_time"], where)
        equal(found.mac is not None, expected["mac_present"], where)
        count += 1
    assert count > 600, count


def test_every_published_gbz_payload_is_read_and_written_again():
    for message in messages("gbz/"):
        found = envelope.decode(octets(message["hex"]))
        payload = gbz.decode(found.payload, found.cra, found.message_code)
        equal(gbz.encode(payload), found.payload, message["id"])
        expected = message["expect"]["payload"]
        equal(len(payload.components), len(expected.get("components", ())), message["id"])
        for component, wanted in zip(payload.components, expected.get("components", ())):
            equal(component.cluster, int(wanted["cluster"], 16), message["id"])
            equal(component.encrypted, wanted.get("encrypted", False), message["id"])
        if found.cra == envelope.COMMAND:
            templates.match(found.message_code, payload.components)


def test_every_published_command_fits_its_use_case():
    forms = {
        (True, False): use_cases.COMMAND_MAC,
        (True, True): use_cases.COMMAND_MAC_AND_SIGNATURE,
        (False, True): use_cases.COMMAND_SIGNATURE,
    }
    answers = {(True, False): use_cases.RESPONSE_MAC, (False, True): use_cases.RESPONSE_SIGNATURE}
    targets = {entity: party["role_in_vectors"].lower() for entity, party in vectors("keys.json")["parties"].items()}
    for message in messages():
        found = envelope.decode(octets(message["hex"]))
        use_case = use_cases.find(found.message_code)
        form = (found.mac is not None, bool(found.signature))
        if message["kind"] == "command":
            assert use_case.is_for(targets[found.recipient.hex()]), message["id"]
            assert use_case.forms & forms[form], message["id"]
        elif message["kind"] == "response":
            assert use_case.forms & answers[form], message["id"]
            equal(found.date_time is not None, use_case.time_of_data or use_case.time_of_execution, message["id"])


def test_damaged_copies_are_noticed():
    for copy in vectors("crypto.json")["negative"]:
        offset = plain.offset_of_error(octets(copy["hex"]))
        if "error" in copy["expect"]:
            assert offset >= 0, copy["name"]
        else:
            equal(offset, -1, copy["name"])
