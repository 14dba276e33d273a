# SPDX-License-Identifier: GPL-3.0-or-later
"""The console's protocol: octets in, lines out."""

import json
from binascii import crc32

from han.errors import BenchError
from han.node.console import LONGEST, Console, checked, event
from support import equal


def request(number, verb, arguments=None, text=None):
    if text is None:
        text = "#%d %s" % (number, verb)
        if arguments is not None:
            text += " " + json.dumps(arguments)
    return checked(text).encode()


def answer_of(line):
    """(id, outcome, data) of an answer, its check verified."""
    text, _, check = line.rstrip("\n").rpartition("*")
    equal("%08x" % (crc32(text.encode()) & 0xFFFFFFFF), check)
    number, outcome, data = text.split(" ", 2)
    equal(number[0], "=")
    return int(number[1:]), outcome, json.loads(data)


class Served:
    """Serves `echo` and notes what came."""

    def __init__(self):
        self.calls = []
        self.complaints = []

    def __call__(self, verb, arguments):
        self.calls.append((verb, arguments))
        if verb == "refuse":
            raise BenchError("esme has no button")
        if verb == "break":
            return {}[arguments["missing"]]
        if verb == "fault":
            raise ZeroDivisionError("a fault of the firmware")
        if verb == "full":
            raise MemoryError
        return {"verb": verb, "arguments": arguments}


def console():
    served = Served()
    return Console(served, served.complaints.append), served


def ask(asked, octets):
    answers = asked.feed(octets)
    equal(len(answers), 1, "answers")
    return answer_of(answers[0])


def test_request_is_answered_with_its_number():
    asked, served = console()
    equal(ask(asked, request(7, "echo", {"a": [1, "b"]})), (7, "ok", {"verb": "echo", "arguments": {"a": [1, "b"]}}))
    equal(served.calls, [("echo", {"a": [1, "b"]})])


def test_request_without_arguments():
    asked, _ = console()
    equal(ask(asked, request(0, "echo")), (0, "ok", {"verb": "echo", "arguments": {}}))


def test_request_in_pieces_and_several_at_once():
    asked, _ = console()
    octets = request(1, "echo", {"x": 1}) + b"\r\n" + request(2, "echo", {"x": 2}).replace(b"\n", b"\r\n")
    lines = []
    for at in range(0, len(octets), 3):
        lines += asked.feed(octets[at : at + 3])
    equal([answer_of(line)[0] for line in lines], [1, 2])
    equal(len(asked.feed(octets)), 2)


def test_garbage_and_logs_between_lines_are_ignored():
    asked, _ = console()
    octets = b"\x00\xff\xfe\nTraceback (most recent call last):\n=5 ok {}*00000000\n" + request(9, "echo")
    equal(ask(asked, octets)[:2], (9, "ok"))
    equal(asked.counts["garbage"], 3)


def test_damage_anywhere_in_a_line_gets_no_answer():
    whole = request(12, "echo", {"volts": 230})
    for at in range(1, len(whole) - 1):
        for bit in (0, 3, 6):
            asked, served = console()
            damaged = bytearray(whole)
            damaged[at] ^= 1 << bit
            if damaged[at] == 10:
                continue
            equal(asked.feed(bytes(damaged)), [], "octet %d" % at)
            equal(served.calls, [])
            equal(asked.counts["damaged"], 1)
            equal(ask(asked, whole)[:2], (12, "ok"))


def test_truncated_lines_get_no_answer():
    whole = request(12, "echo", {"volts": 230})
    asked, served = console()
    for length in range(1, len(whole) - 1):
        equal(asked.feed(whole[:length] + b"\n"), [])
    equal(served.calls, [])
    equal(ask(asked, whole)[:2], (12, "ok"))


def test_long_line_is_dropped_whole_and_the_next_is_served():
    asked, served = console()
    for _ in range(LONGEST // 50):
        equal(asked.feed(b"#1 echo {" + b"0" * 60), [])
    equal(asked.feed(b"\n" + request(3, "echo"))[0][:5], "=3 ok")
    equal(asked.counts["long"], 1)
    equal(len(served.calls), 1)


def test_longest_line_is_served():
    asked, _ = console()
    room = LONGEST - len(request(1, "echo", {"octets": ""})) + 1
    equal(ask(asked, request(1, "echo", {"octets": "0" * room}))[1], "ok")
    equal(asked.feed(request(2, "echo", {"octets": "0" * (room + 1)})), [])
    equal(asked.counts["long"], 1)


def test_errors_become_answers():
    asked, served = console()
    equal(ask(asked, request(1, "refuse")), (1, "error", {"error": "esme has no button", "kind": "BenchError"}))
    equal(served.complaints, [])
    number, outcome, data = ask(asked, request(2, "break", {"missing": "x"}))
    equal((number, outcome, data["kind"]), (2, "error", "KeyError"))
    equal(ask(asked, request(3, "fault"))[2]["kind"], "ZeroDivisionError")
    equal(ask(asked, request(4, "full"))[2]["kind"], "MemoryError")
    equal(len(served.complaints), 2)
    equal(ask(asked, request(5, "echo"))[1], "ok")


def test_whole_lines_that_are_no_request():
    asked, served = console()
    for text in ("#1", "#1 echo [1]", "#1 echo 5", "#1 echo {} {}", "#1 echo nothing"):
        number, outcome, data = ask(asked, request(0, "", text=text))
        equal((number, outcome, data["kind"]), (1, "error", "RequestError"), text)
    for text in ("#", "#x echo {}", "#-1 echo {}", "# echo {}", "#1234567890 echo {}"):
        equal(asked.feed(request(0, "", text=text)), [], text)
    equal(served.calls, [])


def test_request_that_comes_again_is_not_done_twice():
    asked, served = console()
    first = asked.feed(request(5, "echo", {"press": "next"}))
    equal(asked.feed(request(5, "echo", {"press": "next"})), first)
    equal(len(served.calls), 1)
    asked.feed(request(6, "echo", {"press": "next"}))
    asked.feed(request(5, "echo", {"press": "next"}))
    equal(len(served.calls), 3)
    equal(asked.counts["repeated"], 1)


def test_event_line():
    line = event({"kind": "display", "time": 5})
    text, _, check = line[1:-1].rpartition("*")
    equal(line[0] + line[-1], "!\n")
    equal(json.loads(text), {"kind": "display", "time": 5})
    equal("%08x" % (crc32(("!" + text).encode()) & 0xFFFFFFFF), check)
