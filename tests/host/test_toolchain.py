# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool chain says in one line what is missing, builds once, and leaves nothing half built."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hanref import resources, toolchain
from hanref.toolchain import builds, cache, compiling, sources
from hanref.toolchain.errors import BuildFailed, MissingSource, ToolchainError, WrongChecksum

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run ``python -m hanref.toolchain`` with an empty cache and the given variables."""

    def start(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        unset = ("HANREF_MICROPYTHON", "HANREF_MICROPYTHON_SOURCE")
        environment = {name: value for name, value in os.environ.items() if name not in unset}
        environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), **variables}
        command = [sys.executable, "-m", "hanref.toolchain", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)

    return start


def one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """The last line of standard error is the error, with the exit code of wrong usage and no traceback."""
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert not [line for line in lines if "Traceback" in line]
    assert all(line.startswith("hanref: ") for line in lines)
    for word in words:
        assert word in lines[-1]


def programs(folder: Path, *names: str) -> str:
    """A PATH that has these programs alone."""
    folder.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return str(folder)


NEEDED = ("make", "gcc", "python3", "tar", "xz", "bzip2")
needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="this system has no apt-get")


@needs_apt
def test_missing_compilers_are_named_with_their_packages(run: Run, tmp_path: Path) -> None:
    done = run("build", "emulated", PATH=programs(tmp_path / "bin", "make", "tar", "apt-get"))
    one_line(done, "apt-get install", "build-essential", "gcc-arm-none-eabi", "libnewlib-arm-none-eabi")
    assert len(done.stderr.strip().splitlines()) == 1


@needs_apt
def test_missing_network_is_told(run: Run) -> None:
    nowhere = "http://127.0.0.1:9"
    one_line(run("build", "mpy-cross", http_proxy=nowhere, https_proxy=nowhere), "mirror", "HANREF_MICROPYTHON_SOURCE")


@needs_apt
def test_an_apt_without_a_mirror_is_told(run: Run, tmp_path: Path) -> None:
    configuration = tmp_path / "apt.conf"
    configuration.write_text('Dir::Etc::SourceList "/dev/null";\nDir::Etc::SourceParts "/dev/null";\n')
    one_line(run("build", "mpy-cross", APT_CONFIG=str(configuration)), "apt knows no Debian mirror", "apt-get update")


def test_a_system_without_apt_is_told(run: Run, tmp_path: Path) -> None:
    done = run("build", "mpy-cross", PATH=programs(tmp_path / "bin", *NEEDED))
    one_line(done, "this system has no apt-get", "HANREF_MICROPYTHON")


def test_a_wrong_checksum_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("HANREF_MICROPYTHON_SOURCE", raising=False)
    damaged = cache.folder() / "downloads" / sources.PINS["source"]["micropython"]["file"]
    damaged.parent.mkdir()
    damaged.write_bytes(b"something else")
    with pytest.raises(WrongChecksum, match="delete it and try again"):
        sources.tree()
    assert not [path for path in cache.folder().iterdir() if path.name.startswith(("source-", ".source"))]


def test_a_folder_that_is_no_source_tree_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HANREF_MICROPYTHON_SOURCE", str(tmp_path))
    with pytest.raises(MissingSource, match=r"py/mpconfig\.h is missing"):
        sources.tree()


def test_a_failed_build_names_its_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tree = tmp_path / "micropython"
    for name in ("py/mpconfig.h", "lib/mbedtls/library/aes.c", "lib/micropython-lib/README.md"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).touch()
    (tree / "mpy-cross").mkdir()
    (tree / "mpy-cross" / "Makefile").write_text("all:\n\t@echo broken on purpose; false\n")
    monkeypatch.setenv("HANREF_MICROPYTHON_SOURCE", str(tree))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(BuildFailed) as caught:
        builds.mpy_cross()
    log = Path(str(caught.value).rsplit("see ", 1)[1])
    assert "broken on purpose" in log.read_text()
    assert not list(cache.folder().glob(".mpy-cross*"))
    assert not list(cache.folder().glob("mpy-cross-*"))


@pytest.mark.parametrize("named", ["/no/such/program", "/bin/true", sys.executable])
def test_an_interpreter_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("HANREF_MICROPYTHON", named)
    with pytest.raises(ToolchainError, match="HANREF_MICROPYTHON="):
        builds.micropython()


def test_a_ready_interpreter_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ready = toolchain.micropython()
    monkeypatch.setenv("HANREF_MICROPYTHON", str(ready))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert builds.micropython() == ready


def test_a_cache_that_cannot_be_made_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    one_line(run("path", "mpy-cross"), "cannot make the cache folder", "XDG_CACHE_HOME")


def test_two_processes_make_a_thing_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code = (
        "import time, sys\nfrom hanref.toolchain import cache\n"
        "def make(target):\n"
        "    open(sys.argv[1], 'a').write('made\\n')\n    time.sleep(0.5)\n    (target / 'thing').write_text('whole')\n"
        "print((cache.kept('thing', 'key', make) / 'thing').read_text())\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "count")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for _ in range(3)]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["whole\n"] * 3
    assert (tmp_path / "count").read_text() == "made\n"


def test_what_an_interrupted_process_left_is_cleared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code = (
        "import time\nfrom hanref.toolchain import cache\n"
        "def make(target):\n    print(target, flush=True)\n    time.sleep(60)\n"
        "cache.kept('thing', 'key', make)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    partial = Path(process.stdout.readline().strip())
    process.kill()
    process.wait()
    process.stdout.close()
    assert partial.is_dir()
    assert cache.kept("thing", "key", lambda target: (target / "thing").touch()).name == "thing-key"
    assert not partial.exists()


def test_a_second_run_builds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HANREF_MICROPYTHON", raising=False)
    first = builds.mpy_cross()
    begun = time.time()
    assert builds.mpy_cross() == first
    assert first.stat().st_mtime < begun


def test_the_firmware_compiles_and_loads_on_micropython(tmp_path: Path) -> None:
    compiled = resources.compiled_firmware()
    names = {path.relative_to(resources.firmware()).with_suffix("") for path in compiling.firmware_files(resources.firmware())}
    assert {path.relative_to(compiled).with_suffix("") for path in compiled.rglob("*") if path.is_file()} == names
    code = f"import sys; sys.path[:] = [{str(compiled)!r}]; import han.clock; print(han.clock.__file__)"
    done = subprocess.run([str(toolchain.micropython()), "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{compiled}/han/clock.mpy"


def test_a_source_that_does_not_compile_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "han").mkdir()
    (tmp_path / "han" / "wrong.py").write_text("def f(:\n")
    with pytest.raises(BuildFailed, match=r"wrong\.py does not compile"):
        compiling.compiled(tmp_path)
