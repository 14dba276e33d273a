# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of results is complete or not there at all."""

from pathlib import Path

import pytest
from hanref.errors import BenchError, UsageError
from hanref.run.output import OutputFolder


def fill(path: Path, text: str = "new") -> None:
    with OutputFolder(path) as folder:
        (folder.work / "trace.jsonl").write_text(text)


def fail(path: Path) -> None:
    with OutputFolder(path) as folder:
        (folder.work / "trace.jsonl").write_text("half")
        raise BenchError("the HAN stopped")


def test_a_new_folder_and_its_parents(tmp_path: Path) -> None:
    fill(tmp_path / "a" / "b")

    assert (tmp_path / "a" / "b" / "trace.jsonl").read_text() == "new"
    assert [entry.name for entry in (tmp_path / "a").iterdir()] == ["b"]


def test_earlier_results_are_replaced(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    (tmp_path / "out" / "report.html").write_text("old")

    fill(tmp_path / "out")

    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["trace.jsonl"]
    assert (tmp_path / "out" / "trace.jsonl").read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BenchError):
        fail(tmp_path / "a" / "out")

    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_earlier_results(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")

    with pytest.raises(BenchError):
        fail(tmp_path / "out")

    assert (tmp_path / "out" / "trace.jsonl").read_text() == "old"


def test_other_peoples_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")

    with pytest.raises(UsageError, match="holds other files"):
        fill(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")

    with pytest.raises(UsageError, match="is a file"):
        fill(tmp_path / "out")
    with pytest.raises(UsageError, match=r"--out .*cannot be written"):
        fill(tmp_path / "out" / "below")


def test_a_disk_that_fails_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: No space left"), OutputFolder(tmp_path / "out"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []
