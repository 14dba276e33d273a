# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench asks through a display: what goes over the air, and what it refuses."""

from han.devices import probe
from han.errors import BenchError
from simulated import Han
from support import raises

MICROPYTHON_HEAP = "64M"

GET_EVENT_LOG = {
    "event_control_log_id": 0x13,
    "event_id": 0,
    "start_time": 0,
    "end_time": None,
    "number_of_events": 0,
    "event_offset": 0,
}


def answers(han, cluster):
    return [frame for frame in han.frames if frame[2] == "ihd" and frame[3] == cluster]


def test_a_command_a_read_and_a_write_reach_the_meter():
    han = Han()
    han.run("09:05:00")
    for cluster, arguments in (
        (0x0709, {"command": "get_event_log", "fields": GET_EVENT_LOG}),
        (0x0700, {"read": ["currency"]}),
        (0x0700, {"write": {"currency": 978}}),
    ):
        before = len(answers(han, cluster))
        han.do("ihd", "ask", of="electricity", cluster=cluster, **arguments)
        han.run(5)
        assert len(answers(han, cluster)) == before + 1
    assert han.device("esme").attributes(1, 0x0700).get("currency") == 826


def test_what_the_cluster_does_not_have_is_refused():
    for arguments in ({"command": "no_such"}, {"command": "get_event_log"}, {"read": ["no_such"]}, {}):
        arguments["cluster"] = 0x0709
        raises(BenchError, probe.request, arguments, 1)
