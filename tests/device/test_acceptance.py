# SPDX-License-Identifier: GPL-3.0-or-later
"""Acceptance tests of the modifications that go over a whole HAN or a whole log, each under its own id."""

from han.clock import DAY, HALF_HOUR, from_iso
from han.devices import client, device_log
from han.stores.memory import MemoryStores, MemoryValues
from han.zcl.frame import Frame
from simulated import Han

MICROPYTHON_HEAP = "64M"  # every frame of some hours is kept

CLEAR_CONSUMER_DATA = 0x0200
GET_EVENT_LOG = {"event_id": 0, "start_time": 0, "end_time": None, "number_of_events": 0, "event_offset": 0}
GET_PROFILE = {"interval_channel": 0, "end_time": 0, "number_of_periods": 14}


def lived_in(**settings):
    """A HAN on which both fuels were used for an hour and forty minutes."""
    han = Han(**settings)
    han.do("esme", "load", watts=1000)
    han.do("gsme", "gas_flow", litres_per_hour=2000)
    han.run("10:40:00")
    return han


def move_gas(han, date):
    """What GCS09 asks of the GPF."""
    proxy = han.device("gpf")
    proxy.now = han.utc()
    fields = {
        "provider_id": 0,
        "issuer_event_id": han.utc(),
        "tariff_type": 0,
        "implementation_date_time": date,
        "proposed_tenancy_change_control": CLEAR_CONSUMER_DATA,
    }
    return proxy.gbcs_command(0x0708, "publish_change_of_tenancy", fields, None)


def asked(han, of, cluster, **request):
    """The Frame with which a meter answers the display."""
    before = len(han.frames)
    han.do("ihd", "ask", of=of, cluster=cluster, **request)
    han.run(3)
    role = "esme" if of == "electricity" else "gpf"
    answers = [frame[4] for frame in han.frames[before:] if frame[1:4] == (role, "ihd", cluster)]
    # Of this cluster, or a default response: the display's own reads go on.
    return Frame.decode([octets for octets in answers if octets[0] & 3 == 1 or octets[2] == 0x0B][-1])


def half_hours(han, of):
    return client.command(0x0702, asked(han, of, 0x0702, command="get_profile", fields=GET_PROFILE))[1]


def test_at_0056_3_a_past_date_hides_what_was_before_from_the_han_alone():
    han = lived_in()
    assert len(half_hours(han, "gas")["intervals"]) >= 3
    move_gas(han, from_iso("2022-11-03T10:00:00Z"))
    assert half_hours(han, "gas")["intervals"] == [1000]
    assert len(han.device("gpf").half_hours.newest(14)) >= 3  # what the WAN reads is all there


def moved_twice(han, of, second):
    """The half hours that a display gets after a first change at 10:00 and a second one, and those of the meter itself."""
    for date in (from_iso("2022-11-03T10:00:00Z"), second):
        if of == "gas":
            assert move_gas(han, date) == 0
        else:
            han.do("esme", "change_of_tenancy", date=date, control=CLEAR_CONSUMER_DATA)
        han.run(1)
    return half_hours(han, of)["intervals"]


def test_a_second_date_leaves_the_first_one_in_force_until_it_comes():
    for of, role, used in (("electricity", "esme", 500), ("gas", "gpf", 1000)):
        han = lived_in()
        assert moved_twice(han, of, from_iso("2022-11-03T12:00:00Z")) == [used]
        assert len(han.device(role).half_hours.newest(14)) >= 3  # the WAN reads all
        han.run("11:59:50")
        assert half_hours(han, of)["intervals"] == [used] * 3  # 10:30 to 11:30
        han.run("12:31:00")
        assert half_hours(han, of)["intervals"] == [used]  # 12:30


def test_neither_an_earlier_date_nor_a_loss_of_power_nor_of_the_clock_lifts_the_restriction():
    for of, role, used in (("electricity", "esme", 500), ("gas", "gpf", 1000)):
        board = "hub" if role == "gpf" else role
        han = lived_in()
        assert moved_twice(han, of, from_iso("2022-11-03T09:00:00Z")) == [used]
        assert moved_twice(han, of, from_iso("2022-11-03T12:00:00Z")) == [used]
        han.do(board, "power", on=False)
        han.do(board, "power", on=True)
        han.run(20)
        assert half_hours(han, of)["intervals"] == [used]
        han.do(role, "clock", status="invalid")
        assert half_hours(han, of)["intervals"] == [used]


def test_a_cancelled_second_date_leaves_the_first_one_in_force():
    han = lived_in()
    assert moved_twice(han, "electricity", from_iso("2022-11-03T12:00:00Z")) == [500]
    han.do("esme", "change_of_tenancy", date=None)
    assert half_hours(han, "electricity")["intervals"] == [500]
    assert han.device("esme").attributes(1, 0x0708).get("change_of_tenancy_update_date_time") is None


def test_totals_of_the_day_stay_restricted_too():
    han = lived_in()
    moved_twice(han, "electricity", from_iso("2022-11-03T12:00:00Z"))
    shown = han.device("esme").history.visible("day", 0)
    assert 0 < shown < han.device("esme").history.total("day", 0) - 900


def test_at_0056_4_a_display_that_was_away_asks_first_and_shows_nothing_before():
    han = lived_in()
    han.do("ihd", "link", on=False)
    han.do("esme", "change_of_tenancy", date=han.utc() + 60, control=CLEAR_CONSUMER_DATA)
    han.run("11:20:00")
    seen, events = len(han.frames), len(han.events)
    han.do("ihd", "link", on=True)
    han.run("11:40:00")
    first = next(frame for frame in han.frames[seen:] if frame[1] == "ihd" and frame[2] == "esme")
    assert first[3] == 0x0708
    for event in han.events[events:]:
        if event["kind"] == "erase":
            break
        if event["kind"] == "display":
            assert not event["screen"]["electricity_today"]


def test_at_0056_7_power_cut_at_ten_points_of_the_erasure():
    for cut in range(10):
        han = lived_in()
        display = han.device("ihd")
        values = display.fuels[0].values
        writes = [0]
        real = values.set

        def set_value(name, value, writes=writes, cut=cut, real=real):
            writes[0] += 1
            if writes[0] > cut:
                raise MemoryError("power is gone")
            real(name, value)

        before = han.screen()["electricity_today"]
        assert before
        values.set = set_value
        han.do("esme", "change_of_tenancy", date=han.utc() - 60, control=CLEAR_CONSUMER_DATA)
        try:
            han.run("11:05:00")
        except MemoryError:
            pass
        values.set = real
        han.do("ihd", "power", on=False)
        han.do("ihd", "power", on=True)
        han.run(120)
        shown = han.screen()["electricity_today"]
        assert shown is None or shown < before


def test_at_0056_9_around_midnight_only_the_new_occupiers_part_is_shown():
    for date in ("2022-11-03T23:59:59Z", "2022-11-04T00:00:00Z", "2022-11-04T00:00:01Z"):
        han = Han(start="2022-11-03T21:55:00Z")
        han.do("esme", "load", watts=1000)
        han.run("2022-11-03T23:40:00Z")
        han.do("esme", "change_of_tenancy", date=from_iso(date), control=CLEAR_CONSUMER_DATA)
        han.run("2022-11-04T01:05:00Z")
        screen = han.screen()
        assert not screen["electricity_previous_days"][0], date
        for item in ("electricity_today", "electricity_week", "electricity_month"):
            assert (screen[item] or 0) <= 1100, (date, item)


def test_at_078_3_no_display_gets_anything_of_a_security_log():
    han = lived_in()
    for role in ("esme", "gpf"):
        for log in han.device(role).event_logs.identifiers():
            han.device(role).event_logs.record(han.utc(), 0x8F0C if log in (4, 7) else 0x8154, log=log)
    for of, logs in (("electricity", (0, 3, 4)), ("gas", (0, 3, 4, 6, 7))):
        for log in logs:
            fields = dict(GET_EVENT_LOG)
            fields["event_control_log_id"] = 0x10 + log
            frame = asked(han, of, 0x0709, command="get_event_log", fields=fields)
            if log in (4, 7):
                assert client.result(frame) == 0x7E
            else:
                events = client.command(0x0709, frame)[1]["events"]
                assert events and not [event for event in events if event["log_id"] in (4, 7) or event["event_id"] == 0x8F0C]


def test_at_078_4_the_supplier_still_reads_the_security_log():
    han = lived_in()
    logs = han.device("esme").event_logs
    logs.record(han.utc(), 0x8F0C)
    assert [code for _, code, _ in logs.entries(4)] == [0x8F0C]


def test_at_085a_11_the_4321st_entry_overwrites_the_oldest():
    log = MemoryStores().log("average_rms_voltage", 8, 4320)
    for number in range(4321):
        log.append((number * HALF_HOUR).to_bytes(4, "little") + bytes(4))
    assert len(log) == 4320
    assert int.from_bytes(log.record(4319)[:4], "little") == HALF_HOUR


def test_at_085a_12_nights_in_which_summer_time_begins_and_ends():
    for start in ("2022-03-26T22:10:00Z", "2022-10-29T22:10:00Z"):
        han = Han(start=start, boards=("hub", "esme"))
        han.run(8 * 3600)
        stamps = [from_iso(event["entry"]["utc"]) for event in han.of("store", "esme") if "volts" in event["entry"]]
        assert len(stamps) == 15
        assert stamps == [stamps[0] + number * HALF_HOUR for number in range(15)]
        assert stamps[0] % HALF_HOUR == 0


def test_at_099_1_without_a_time_all_answer_alike():
    han = Han(esme={"clock": "invalid"}, gsme={"clock": "invalid"}, hub={"clock": "invalid"})
    han.run("10:40:00")
    answers = []
    for of in ("electricity", "gas"):
        fields = {"sample_id": 0, "sample_start_time": 0, "sample_type": 0, "number_of_samples": 14}
        answers.append(client.result(asked(han, of, 0x0702, command="get_sampled_data", fields=fields)))
    assert answers == [0x8B, 0x8B]


def test_at_099_2_a_read_across_a_gap_gives_what_was_recorded_with_a_time():
    han = lived_in()
    before = half_hours(han, "electricity")
    han.do("esme", "clock", status="invalid")
    han.run("11:40:00")
    assert half_hours(han, "electricity") == before


def log_of_devices():
    return device_log.DeviceLog(MemoryValues(), lambda key: key[:4], lambda: None)


DEVICE = b"\x00\xdb\x12\x34\x56\x78\xa0\x01"
CODE_KEY = bytes(range(16))
STORED_KEY = bytes(range(16, 32))


def test_at_121_1_a_wrong_code_is_refused():
    log = log_of_devices()
    log.add(DEVICE, device_log.TYPE_IHD, CODE_KEY, 90, 1000)
    assert not log.joins(DEVICE, bytes(16), 1010)
    assert log.joins(DEVICE, CODE_KEY, 1010)


def test_at_121_2_the_right_code_after_the_timeout_is_refused():
    log = log_of_devices()
    log.add(DEVICE, device_log.TYPE_IHD, CODE_KEY, 90, 1000)
    assert not log.joins(DEVICE, CODE_KEY, 1090)


def test_at_121_3_each_half_of_the_window_has_its_key():
    log = log_of_devices()
    log.add(DEVICE, device_log.TYPE_IHD, CODE_KEY, 90, 1000)
    log.established(DEVICE, STORED_KEY)
    log.remove(DEVICE)
    log.add(DEVICE, device_log.TYPE_IHD, CODE_KEY, 90, 2000)
    assert [log.joins(DEVICE, key, 2010) for key in (CODE_KEY, STORED_KEY)] == [False, True]
    assert [log.joins(DEVICE, key, 2060) for key in (CODE_KEY, STORED_KEY)] == [True, False]


def test_at_121_4_the_sixteenth_removed_device_evicts_the_first():
    log = log_of_devices()
    for number in range(16):
        entity = DEVICE[:7] + bytes((number,))
        log.add(entity, device_log.TYPE_IHD, CODE_KEY, 90, DAY)
        log.established(entity, STORED_KEY)
        log.remove(entity)
    assert log.stored_key(DEVICE[:7] + b"\x00") is None
    assert log.stored_key(DEVICE[:7] + b"\x01") == STORED_KEY
