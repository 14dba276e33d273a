# SPDX-License-Identifier: GPL-3.0-or-later
"""tshark as an independent judge of our captures."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hanref.air.keys import Keys

TSHARK = shutil.which("tshark")
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed, so it cannot judge the frames")


def dissect(path: Path, keys: Keys, *fields: str, display_filter: str = "") -> list[dict[str, list[str]]]:
    """What tshark makes of a capture under these keys: a packet is a dict, a field the list of its values as text.

    `frame.protocols` and `_ws.malformed` are always there.
    """
    wanted = ("frame.protocols", "_ws.malformed", *fields)
    command = [TSHARK or "tshark", "-n", "-r", str(path), *keys.tshark_options(), "-T", "fields", "-E", "occurrence=a"]
    command += ["-E", "aggregator=\x1e", "-E", "separator=\x1f"]
    for field in wanted:
        command += ["-e", field]
    if display_filter:
        command += ["-Y", display_filter]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    packets = []
    for line in output.removesuffix("\n").split("\n") if output else ():
        values = line.split("\x1f")
        packets.append(
            {field: value.split("\x1e") if value else [] for field, value in zip(wanted, values, strict=True)}
        )
    return packets


def dissect_json(path: Path, keys: Keys) -> list[dict[str, object]]:
    """The whole dissection of every packet, as `tshark -T json` prints it; repeated fields are kept."""
    command = [TSHARK or "tshark", "-n", "-r", str(path), *keys.tshark_options(), "-T", "json", "--no-duplicate-keys"]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    return [packet["_source"]["layers"] for packet in json.loads(output)]
