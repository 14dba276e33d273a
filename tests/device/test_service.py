# SPDX-License-Identifier: GPL-3.0-or-later
"""What the console's verbs do to a node: time, inputs, events, state."""

from han.devices.roles import node as make_node
from han.errors import BenchError
from han.node.no_radio import NoRadio
from han.node.nodetime import HELD, RUNNING, NodeTime, Ticks
from han.node.service import Service, utc_of_ports_clock
from support import equal, raises

HUB = bytes.fromhex("0268616e72656603")
ESME = bytes.fromhex("0268616e72656601")
START = 720000000  # on a half hour


class Counter:
    """A tick counter that wraps at 1000."""

    def __init__(self):
        self.ticks = 990

    def __call__(self):
        return self.ticks % 1000


def difference(later, earlier):
    return (later - earlier) % 1000


def service(mode=HELD, utc=None, settings=None):
    time = NodeTime(Ticks(Counter(), difference).milliseconds, utc, mode)
    node = make_node("esme", settings or {}, {"hub": HUB, "esme": ESME})
    named = {"hanref": "0", "role": "esme", "profile": "p", "identity": "i", "mpy": "m", "micropython": "1"}
    return Service(node, NoRadio(), time, named, None, {})


def test_ticks_only_go_forward():
    counter = Counter()
    ticks = Ticks(counter, difference)
    passed = 0
    for step in (3, 500, 999, 0, 20):
        counter.ticks += step
        passed += step
        equal(ticks.milliseconds(), passed)


def test_time_runs_and_is_held():
    counter = Counter()
    time = NodeTime(Ticks(counter, difference).milliseconds)
    equal((time.now(), time.milliseconds_until(5)), (None, None))
    time.set(START)
    counter.ticks += 900
    equal(time.now(), START)
    equal(time.milliseconds_until(START + 2), 1100)
    counter.ticks += 200
    equal(time.now(), START + 1)
    time.step(START + 100)
    counter.ticks += 900
    equal((time.now(), time.mode, time.milliseconds_until(START)), (START + 100, HELD, None))
    raises(BenchError, time.step, START + 99)
    time.set(START)
    equal((time.now(), time.mode), (START, RUNNING))


def test_board_waits_for_the_time():
    board = service()
    board.start()
    equal(board.serve("poll", {})["deadline"], None)
    raises(BenchError, board.serve, "do", {"verb": "load", "arguments": {"watts": 1}})
    equal(board.serve("time", {"step": START})["time"], START)
    assert board.serve("poll", {})["deadline"] > START


def test_a_long_step_does_everything_at_its_own_time():
    board = service()
    board.serve("time", {"step": START})
    board.serve("events", {"on": True})
    board.serve("do", {"verb": "load", "arguments": {"watts": 3600}})
    board.drain()
    board.serve("time", {"step": START + 4 * 3600 + 5})
    equal(board.serve("state", {"role": "esme"})["esme"]["voltage_entries"], 8)
    stored = [event["entry"]["utc"] for event in board.drain() if event["kind"] == "store"]
    equal(stored[0], "2022-10-25T08:30:00Z")
    equal(stored[-1], "2022-10-25T12:00:00Z")


def test_events_are_dropped_while_they_are_off():
    board = service()
    board.serve("time", {"step": START})
    equal(list(board.drain()), [])
    board.serve("events", {"on": True})
    board.serve("do", {"verb": "load", "arguments": {"watts": 5}})
    kinds = [(event["source"], event["kind"], event["time"]) for event in board.drain()]
    equal(kinds, [("esme", "metrology", START)])


def test_unknown_verbs_inputs_and_devices():
    board = service()
    board.serve("time", {"step": START})
    for verb, arguments in (
        ("no_such_verb", {}),
        ("do", {"verb": "no_such_input"}),
        ("do", {"role": "ihd", "verb": "press"}),
        ("state", {"role": "hub"}),
    ):
        raises(BenchError, board.serve, verb, arguments)


def test_stop_powers_the_devices_off():
    board = service()
    board.serve("time", {"step": START})
    board.serve("stop", {})
    equal((board.done, board.node.powered), ("stop", False))


def test_a_board_without_a_role_answers():
    time = NodeTime(Ticks(Counter(), difference).milliseconds)
    board = Service(None, NoRadio(), time, {"hanref": "0", "role": "none"}, None, {})
    equal(board.serve("settings", {}), {"role": None})
    equal(board.serve("time", {"step": START})["deadline"], None)
    raises(BenchError, board.serve, "identity", {})
    raises(BenchError, board.serve, "do", {"verb": "load"})


def test_clocks_of_ports():
    equal(utc_of_ports_clock(720000000, 2000), 720000000)
    equal(utc_of_ports_clock(720000000 + 946684800, 1970), 720000000)
    equal(utc_of_ports_clock(100, 2000), None)
    equal(utc_of_ports_clock(946684900, 1970), None)


class Wire(NoRadio):
    """A radio to which an octet comes at each turn, until there are `most`."""

    def __init__(self, most, counter):
        self.most = most
        self.counter = counter

    def turn(self):
        self.counter.ticks += 1
        if self.octets_in < self.most:
            self.octets_in += 1
        return ()


def test_a_poll_waits_for_what_is_on_its_way():
    counter = Counter()
    time = NodeTime(Ticks(counter, difference).milliseconds, START, HELD)
    board = Service(None, Wire(30, counter), time, {}, None, {})
    equal(board.serve("poll", {})["in"], 1)
    equal(board.serve("poll", {"in": 25})["in"], 25)
    before = counter.ticks
    equal(board.serve("poll", {"in": 99})["in"], 30)
    assert counter.ticks - before < 50
