# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the console, against the firmware's own console on the other end of a pseudo terminal."""

import json
import os
import threading
import tty
from collections.abc import Callable, Iterator

import pytest
from han.errors import BenchError as DeviceError
from han.node.console import Console, checked, event
from hanref.link import BoardRefused, Link, NoAnswer, PortError, open_port
from hanref.link.console import parse
from hypothesis import given, settings
from hypothesis import strategies as st

Answering = Callable[[bytes], list[str]]


class Board:
    """The firmware's console behind a pseudo terminal. `spoil` may change what it says."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self.spoil: Callable[[bytes], bytes] = lambda octets: octets
        self._console = Console(self._serve)
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.port = os.ttyname(self._theirs)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def say(self, octets: bytes) -> None:
        os.write(self._ours, octets)

    def _serve(self, verb: str, arguments: dict[str, object]) -> dict[str, object]:
        self.served.append(verb)
        if verb == "refuse":
            raise DeviceError("no such thing")
        return {"verb": verb, **arguments}

    def _run(self) -> None:
        while True:
            try:
                for answer in self._console.feed(os.read(self._ours, 4096)):
                    os.write(self._ours, self.spoil(answer.replace("\n", "\r\n").encode()))
            except OSError:  # it has been closed
                return

    def close(self) -> None:
        os.close(self._theirs)
        os.close(self._ours)


@pytest.fixture
def board() -> Iterator[Board]:
    made = Board()
    yield made
    made.close()


def test_request_and_answer(board: Board) -> None:
    with Link.open(board.port) as link:
        assert link.request("echo", a=[1, "b"]) == {"verb": "echo", "a": [1, "b"]}


def test_refusal_carries_the_boards_words(board: Board) -> None:
    with Link.open(board.port, "the hub") as link:
        with pytest.raises(BoardRefused, match="the hub: refuse: no such thing") as caught:
            link.request("refuse")
        assert caught.value.kind == "BenchError"
        assert link.request("echo")["verb"] == "echo"


def test_several_requests_at_once(board: Board) -> None:
    with Link.open(board.port) as link:
        requests = [link.begin("echo", number=number) for number in range(20)]
        assert [link.finish(request)["number"] for request in reversed(requests)] == list(range(19, -1, -1))


def test_garbage_logs_and_events_between_answers(board: Board) -> None:
    events: list[dict[str, object]] = []
    with Link.open(board.port, on_event=events.append) as link:
        board.spoil = lambda octets: b"\x00\xff log\r\n=1 ok {}*00000000\r\nhalf a print" + event({"n": 1}).encode() + octets
        assert link.request("echo", x=1)["x"] == 1
        assert events == [{"n": 1}]
        assert link.damaged == 1
        assert any("log" in line for line in link.log)


def test_lost_answer_is_asked_for_again_and_done_once(board: Board) -> None:
    lost = iter([b"", None])

    def spoil(octets: bytes) -> bytes:
        return octets if next(lost, None) is None else b""

    board.spoil = spoil
    with Link.open(board.port) as link:
        assert link.request("press", button="next")["button"] == "next"
    assert board.served == ["press"]


def test_silent_board(board: Board) -> None:
    board.spoil = lambda octets: b"Traceback: out of memory\r\n"
    with Link.open(board.port) as link, pytest.raises(NoAnswer, match=r"echo: no answer within 0\.3 s.*out of memory"):
        link.request("echo", 0.3)


def test_board_that_goes_away(board: Board) -> None:
    with Link.open(board.port) as link:
        link.request("echo")
        os.close(board._ours)
        os.close(board._theirs)
        with pytest.raises(NoAnswer):
            link.request("echo", 2.0)
    board._ours, board._theirs = os.openpty()


def test_port_errors_are_one_clear_line(board: Board, tmp_path: object) -> None:
    with pytest.raises(PortError, match="there is no such device"):
        open_port("/dev/no-such-port")
    with pytest.raises(PortError, match="is no serial port"):
        open_port(f"{tmp_path}/")
    with open_port(board.port), pytest.raises(PortError, match=rf"in use by .*\(process {os.getpid()}\)"):
        open_port(board.port)


@given(st.binary(max_size=300))
def test_parse_never_fails(octets: bytes) -> None:
    parse(octets)


@given(st.integers(0, 999_999_999), st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9), max_size=4))
def test_parse_reads_what_the_firmware_writes(number: int, content: dict[str, object]) -> None:
    line = checked("=%d ok %s" % (number, json.dumps(content))).encode()
    assert parse(line) == (number, "ok", content)
    assert parse(b"printed before " + line) == (number, "ok", content)
    assert parse(event(content).encode()) == (None, "", content)


@given(st.data())
def test_parse_takes_no_damaged_line(data: st.DataObject) -> None:
    line = bytearray(checked('=12 ok {"volts": 230, "list": [1, 2, 3]}').encode().rstrip())
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    assert parse(bytes(line)) is None


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=80) | st.sampled_from([b"\n", b"#", b"*", checked("#7 echo {}").encode()]), max_size=12))
def test_console_survives_any_octets(pieces: list[bytes]) -> None:
    """Random and truncated lines: never an exception, and the next good request is answered."""
    console = Console(lambda verb, arguments: {"verb": verb}, longest=200)
    for piece in pieces:
        for answer in console.feed(piece):
            assert parse(answer.encode()) is not None
    console.feed(b"\n")
    answers = console.feed(checked("#99 echo {}").encode())
    assert [parse(answer.encode()) for answer in answers] == [(99, "ok", {"verb": "echo"})]
