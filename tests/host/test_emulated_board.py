# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated board: start, identity, heap, flash over power cuts, and that no QEMU is ever left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hanref import boards
from hanref.boards import emulated
from hanref.boards.emulated import FLASH_SIZE, HEAP, EmulatedBoard
from hanref.errors import BenchError, UsageError

MPREMOTE = [sys.executable, "-m", "mpremote"]


def run(board: EmulatedBoard, code: str) -> str:
    """What the board prints for ``code``, through mpremote."""
    command = [*MPREMOTE, "connect", board.port, "resume", "exec", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def gone(process: int) -> bool:
    """Whether the process ends within ten seconds."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_identity_heap_and_modules() -> None:
    with EmulatedBoard("one") as one, EmulatedBoard("two", heap=120_000) as two:
        ask = "import gc, machine; gc.collect(); print(machine.unique_id().hex(), gc.mem_free() + gc.mem_alloc())"
        first, first_heap = run(one, ask).split()
        second, second_heap = run(two, ask).split()
        assert first != second
        # The collector's tables take a little of the heap.
        assert 196_000 < int(first_heap) <= 204_800
        assert 114_000 < int(second_heap) <= 120_000
        assert run(one, "import os; print(len(os.urandom(16)), os.urandom(8) != os.urandom(8))") == "16 True"
        aes = "from cryptolib import aes; print(aes(bytes(16), 1).encrypt(bytes(16)).hex())"
        assert run(one, aes) == "66e94bd4ef8a2c3b884cfa59ca342b2e"
        assert {board.uid for board in boards.running()} >= {"one", "two"}
        ports = [one.port, two.port]
    assert not any(os.path.lexists(port) for port in ports)
    assert not {board.uid for board in boards.running()} & {"one", "two"}


def test_what_is_written_survives_a_power_cut(tmp_path: Path) -> None:
    flash = tmp_path / "flash, with a comma.bin"
    with EmulatedBoard("store", flash=flash) as board:
        assert run(board, "import os; print(os.listdir('/'))") == "[]"
        run(board, "f = open('kept', 'w'); f.write('abc'); f.close()")
        port = board.port
        board.kill()
        assert not board.running
        board.start()
        assert board.port == port
        assert run(board, "print(open('kept').read())") == "abc"
    assert flash.stat().st_size == FLASH_SIZE


def test_a_flash_that_is_not_blank_is_never_formatted(tmp_path: Path) -> None:
    flash = tmp_path / "flash.bin"
    content = b"somebody's data" * 100
    flash.write_bytes(content)
    os.truncate(flash, FLASH_SIZE)
    before = flash.read_bytes()
    with EmulatedBoard("damaged", flash=flash) as board:
        said = subprocess.run(
            [*MPREMOTE, "connect", board.port, "exec", "import flash_store; print(flash_store.is_blank(flash_store.device))"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert said.stdout.strip() == "False"
        assert "hanref: no store: the flash is not blank" in boot_message(board)
        assert flash.read_bytes() == before
        assert run(board, "import flash_store, os; flash_store.format(); print(os.listdir('/'))") == "[]"


def boot_message(board: EmulatedBoard) -> str:
    """What the board prints when it is started softly from the friendly prompt."""
    import serial

    with serial.Serial(board.port, timeout=5) as port:
        port.write(b"\r\x03\x02\x04")
        port.read_until(b"MPY: soft reboot")
        return port.read_until(b"Type \"help()\"").decode()


def test_two_boards_cannot_share_a_flash(tmp_path: Path) -> None:
    with EmulatedBoard("owner", flash=tmp_path / "flash.bin"), pytest.raises(UsageError, match="in use by another board"):
        EmulatedBoard("thief", flash=tmp_path / "flash.bin")


def test_boards_of_one_name_each_have_a_kept_flash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulated, "kept_flashes", lambda: tmp_path)
    with EmulatedBoard.kept("hub", HEAP, tmp_path / "own"), EmulatedBoard.kept("hub", HEAP, tmp_path / "own") as second:
        assert second.flash == tmp_path / "hub-2.flash"
    with EmulatedBoard.kept("hub", HEAP, tmp_path / "own") as next_time:
        assert next_time.flash == tmp_path / "hub.flash"


def test_bad_arguments_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no name"):
        EmulatedBoard("a,arg=heap=1")
    with pytest.raises(UsageError, match="longer than 107 octets"):
        EmulatedBoard("x", radio=tmp_path / ("r" * 120))
    with pytest.raises(UsageError, match="No such file"):
        EmulatedBoard("x", flash=tmp_path / "missing" / "flash.bin")
    (tmp_path / "short").write_bytes(b"x")
    with pytest.raises(UsageError, match="1 octets, no flash image"):
        EmulatedBoard("x", flash=tmp_path / "short")
    with pytest.raises(BenchError, match=r"did not start: .*nowhere\.sock"):
        EmulatedBoard("x", radio=tmp_path / "nowhere.sock", radio_connects=True)


def test_second_uart_is_a_socket(tmp_path: Path) -> None:
    import socket

    path = tmp_path / "radio.sock"
    with EmulatedBoard("radio", radio=path) as board, socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(10)
        peer.connect(str(path))
        run(board, "from machine import UART; u = UART(1, 115200, rxbuf=1024, timeout=500); u.write(b'ping')")
        assert peer.recv(4) == b"ping"
        peer.sendall(bytes(range(256)))
        assert run(board, "print(u.read(256) == bytes(range(256)))") == "True"


def test_a_board_outlives_the_thread_that_made_it() -> None:
    made: list[EmulatedBoard] = []
    thread = threading.Thread(target=lambda: made.append(EmulatedBoard("thread")))
    thread.start()
    thread.join()
    with made[0] as board:
        time.sleep(0.3)
        assert board.running


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_board_outlives_its_process(how: signal.Signals) -> None:
    code = (
        "import os, time\nfrom hanref.boards import running\nfrom hanref.boards.emulated import EmulatedBoard\n"
        "board = EmulatedBoard(f'orphan-{os.getpid()}')\n"
        "print([b.process for b in running() if b.uid == board.uid][0], flush=True)\ntime.sleep(60)\n"
    )
    # These tests may have been started where SIGINT is ignored: in the background of a script.
    command = ["env", "--default-signal=INT", sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        process = int(parent.stdout.readline())
        parent.send_signal(how)
        try:
            parent.wait(20)
        finally:
            parent.kill()
    assert gone(process)
    assert not [board for board in boards.running() if board.process == process]
