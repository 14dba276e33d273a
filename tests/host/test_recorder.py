# SPDX-License-Identifier: GPL-3.0-or-later
"""From the lines of a HAN to a trace."""

import io
import json

import pytest
from han.gbcs import envelope
from hanref.errors import BenchError
from hanref.moments import moment
from hanref.run.messages import Entities
from hanref.run.recorder import Order, Recorder

START = moment("2022-11-03T10:00:00Z")

LINES = """\
P 0
E 0 {"source": "esme", "destination": null, "kind": "power", "on": true}
F 1000 ihd esme 1 1 0702 1 000500 0000
F 1008 esme ihd 1 1 0702 1 180501000000250100000000 00
F 11000 ihd esme 1 1 0702 1 0006000000
E 12000 {"source": "chf", "destination": "gpf", "kind": "gbcs", "octets": "zz"}
Z {"frames": 3}
""".replace("000500 0000", "0005000000").replace("0100000000 00", "010000000000")


def record(lines: str, **options: object) -> tuple[Recorder, list[dict[str, object]]]:
    file = io.StringIO()
    recorder = Recorder(file, {"scenario": "s"}, START, Entities(), **options)  # type: ignore[arg-type]
    recorder.take_all(lines.splitlines(keepends=True))
    return recorder, [json.loads(line) for line in file.getvalue().splitlines()]


def test_frames_and_events() -> None:
    recorder, told = record(LINES)

    assert recorder.frames == 3
    assert recorder.summary == {"frames": 3}
    assert told[0]["schema"] == "hanref-trace/1"
    assert [entry["n"] for entry in told[1:]] == [1, 2, 3, 4, 5]
    assert [entry["kind"] for entry in told[1:]] == ["power", "zcl", "zcl", "zcl", "gbcs"]
    assert told[3]["attributes"] == {"current_summation_delivered": 1}
    assert told[3]["time"] == "2022-11-03T10:00:01.008Z"
    assert [entry.get("sequence") for entry in told[2:5]] == [5, 5, 6]
    assert "error" in told[5]


def test_the_file_says_what_the_trace_in_memory_says() -> None:
    recorder, told = record(LINES)

    assert [event.as_dict() for event in recorder.trace.events] == told[1:]


def test_frames_that_differ_in_their_number_share_what_they_say() -> None:
    recorder, _ = record(LINES)

    first, _, second = (event for event in recorder.trace.events if event.kind == "zcl")
    assert first.content is second.content


def test_a_manufacturers_code_stands_before_the_number() -> None:
    recorder, _ = record("F 0 a b 1 1 0702 1 0434120700\nF 0 a b 1 1 0702 1 0434120800\nZ {}\n")

    assert [event.sequence for event in recorder.trace.events] == [7, 8]


def test_a_message_with_a_date_time_that_is_none_is_told_all_the_same() -> None:
    date_time = bytes.fromhex("07e60b03ff0c000000ffc404")  # summer time's deviation [REQ-0015-3]
    message = envelope.Message(envelope.RESPONSE, 1, bytes(8), bytes(8), 0x0074, b"", date_time)
    line = {"source": "gpf", "destination": None, "kind": "gbcs", "octets": envelope.encode(message).hex()}

    _, told = record("E 0 %s\nZ {}\n" % json.dumps(line))

    assert (told[1]["use_case"], told[1]["cra"], told[1]["clock_status"]) == ("GCS13a", "response", "04")
    assert told[1]["date_time"] is None and "deviation FFC4" in str(told[1]["date_time_error"])
    assert "error" not in told[1]


def test_orders_stand_before_what_happens_at_their_time() -> None:
    orders = [Order((START + 11) * 1000, "esme", {"verb": "load"}), Order((START + 90) * 1000, "ihd", {"verb": "press"})]

    _, told = record(LINES, orders=orders)

    assert [entry.get("verb") or entry["kind"] for entry in told[1:]] == [
        "power",
        "zcl",
        "zcl",
        "load",
        "zcl",
        "gbcs",
        "press",
    ]


def test_every_frame_is_handed_on() -> None:
    taken: list[tuple[object, ...]] = []

    def tap(*frame: object) -> int:
        taken.append(frame)
        return 10 * len(taken)

    _, told = record(LINES, tap=tap)

    assert taken[0] == ((START + 1) * 1000, "ihd", "esme", 1, 1, 0x0702, bytes.fromhex("0005000000"), True)
    assert [entry.get("packet") for entry in told[2:5]] == [10, 20, 30]


@pytest.mark.parametrize("line", ["hello", "F 0 a b", "E 0 {", "Q 1", "F x a b 1 1 0702 1 000000", "Traceback"])
def test_a_line_that_is_none_of_ours_is_the_benchs_fault(line: str) -> None:
    with pytest.raises(BenchError, match="the HAN printed a line that is no event"):
        record(line + "\n")
