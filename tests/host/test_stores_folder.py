# SPDX-License-Identifier: GPL-3.0-or-later
"""The stores in a folder of this machine: what one interpreter writes, the other reads."""

from pathlib import Path

import pytest
from han.errors import StoreError
from han.node.files import Folder
from han.stores.flash import FlashStores
from micropython_peer import MicroPythonPeer
from store_plays import fill_folder, read_folder


def test_both_interpreters_share_a_folder(tmp_path: Path, micropython_peer: MicroPythonPeer) -> None:
    here, there = str(tmp_path / "a" / "b"), str(tmp_path / "c")
    written = fill_folder(here, 100)
    assert read_folder(here) == written
    assert micropython_peer.call("store_plays:read_folder", here) == written
    assert micropython_peer.call("store_plays:fill_folder", there, 100) == written
    assert read_folder(there) == written
    files_here = {path.relative_to(here): path.read_bytes() for path in Path(here).rglob("*") if path.is_file()}
    files_there = {path.relative_to(there): path.read_bytes() for path in Path(there).rglob("*") if path.is_file()}
    assert files_here == files_there


def test_a_folder_comes_to_be_with_its_first_file(tmp_path: Path) -> None:
    stores = FlashStores(Folder(str(tmp_path / "board")))
    assert len(stores.log("events", 8, 10)) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_does_not_keep_a_store_from_starting(tmp_path: Path) -> None:
    (tmp_path / "board").write_text("a file where the folder should be")
    stores = FlashStores(Folder(str(tmp_path / "board")))
    log = stores.log("events", 8, 10)
    with pytest.raises(StoreError, match="log events: the flash took no record"):
        log.append(bytes(8))
    with pytest.raises(StoreError, match="values: the flash took no change"):
        stores.values.set("a", 1)
    assert len(log) == 0
    assert stores.damaged() == {"events": 1, "values": 1}
