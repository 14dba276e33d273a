# SPDX-License-Identifier: GPL-3.0-or-later
"""How many GBCS messages a second one core decodes to JSON, beside what the MAC checks of the same messages take alone.

The messages are the published ones (HANREF_VECTORS). Processor time counts, so that other work on the machine does not;
tables and shared secrets are there before the first message.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hanref.decode import as_json
from hanref.decode.batch import Batch
from hanref.decode.message import decode
from hanref.decode.protection import VALID, check_mac, mac_parties
from hanref.gbcs import keys as key_files
from hanref.gbcs.keys import SIGNATURE, Keys

from benchmarks.figure import Figure, NotMeasured

ROUNDS = 7
LEAST = 10_000


def published(folder: Path) -> list[bytes]:
    """All messages of the folder."""
    found = []
    for path in sorted(folder.glob("*/*.json")):
        found += [bytes.fromhex(message["hex"]) for message in json.loads(path.read_text())["messages"]]
    return found


def rate(count: int, work: Callable[[], object]) -> float:
    """Messages a second: the best of some rounds, after one that does not count."""
    work()
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return count / best


def to_json(messages: list[bytes], keys: Keys) -> None:
    """What `hanref decode --json` does, without reading and writing files."""
    batch = Batch(keys)
    for message in messages:
        as_json.line(batch.result(message))


def figures() -> Iterator[Figure]:
    """Messages a second."""
    folder = os.getenv("HANREF_VECTORS")
    if not folder:
        raise NotMeasured("the published messages are not here: set HANREF_VECTORS to their folder")
    messages = published(Path(folder))
    keys = key_files.load(Path(folder) / "keys.json")
    macs = []
    for octets in messages:
        decoded = decode(octets, keys)
        if decoded.mac_check == VALID:
            macs.append((decoded.message, octets, mac_parties(decoded.message, decoded.use_case.category, keys)))
    yield Figure("decode: MAC checks alone", rate(len(macs), lambda: [check_mac(*mac, keys) for mac in macs]), "messages/s")
    note = f"({len(messages)} messages, {len(macs)} with a MAC)"
    signed = rate(len(messages), lambda: to_json(messages, keys))
    for party in keys.parties.values():
        party.public.pop(SIGNATURE, None)
    yield Figure(
        "decode to JSON with MAC check",
        rate(len(messages), lambda: to_json(messages, keys)),
        "messages/s",
        at_least=LEAST,
        note=note,
    )
    yield Figure("decode to JSON with MAC and signature check", signed, "messages/s")
