# SPDX-License-Identifier: GPL-3.0-or-later
"""Acceptance tests of the modifications that go over a whole HAN or a whole log, each under its own id."""

from han.clock import DAY, HALF_HOUR, from_iso
from han.devices import client, device_log
from han.stores.memory import MemoryStores, MemoryValues
from han.zcl.frame import CLUSTER, Frame
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


def remember(proxy, meter, utc):
    """Something of a former occupier in each of the six data sets of the proxy, from the days before `utc`."""
    payload = meter.snapshot_payload()
    for log in (proxy.daily_reads, proxy.billing):
        log.add(utc - DAY, 1, 1 if log is proxy.daily_reads else 2, 6, payload)
    for log in (proxy.prepayment_daily_reads, proxy.prepayment_billing):
        log.add(utc - DAY, 1, 1 if log is proxy.prepayment_daily_reads else 2, 0, bytes(24))
    proxy.top_ups.add({"top_up_code": b"12345678901234567890", "top_up_amount": 1000, "top_up_time": utc - DAY})
    proxy.days.append(utc // DAY * DAY - DAY, 4000)
    proxy.energy.roll(utc - DAY)
    proxy.energy.add(utc - DAY, 9000)
    proxy.energy.roll(utc)


SNAPSHOTS = {"start_time": 0, "end_time": None, "snapshot_offset": 0}
BALANCES = {"earliest_start_time": 0, "latest_end_time": None, "snapshot_offset": 0}
SAMPLES = {"sample_start_time": 0, "sample_type": 0, "number_of_samples": 14}
# The six sets, as they are asked for: cluster, command, fields.
SETS = (
    (0x0702, "get_sampled_data", dict(SAMPLES, sample_id=0)),
    (0x0702, "get_sampled_data", dict(SAMPLES, sample_id=1)),
    (0x0702, "get_snapshot", dict(SNAPSHOTS, snapshot_cause=1)),
    (0x0702, "get_snapshot", dict(SNAPSHOTS, snapshot_cause=2)),
    (0x0705, "get_prepay_snapshot", dict(BALANCES, snapshot_cause=1)),
    (0x0705, "get_prepay_snapshot", dict(BALANCES, snapshot_cause=2)),
    (0x0705, "get_top_up_log", {"latest_end_time": None, "number_of_records": 5}),
)
PREVIOUS_DAY = "previous_day_alternative_consumption_delivered"


def given(han, entry):
    """What the display gets of a set: a status, or the fields of the answer."""
    cluster, command, fields = entry
    frame = asked(han, "gas", cluster, command=command, fields=fields)
    return client.command(cluster, frame)[1] if frame.frame_type == CLUSTER else client.result(frame)


def test_at_0056_3_a_past_date_hides_what_was_before_from_the_han_alone():
    han = Han(start="2022-11-03T09:00:00Z")
    han.do("gsme", "gas_flow", litres_per_hour=2000)
    proxy = han.device("gpf")
    remember(proxy, han.device("gsme"), from_iso("2022-11-03T00:00:00Z"))
    han.run("12:10:00")
    before = [given(han, entry) for entry in SETS]
    assert 0x8B not in before
    assert len(half_hours(han, "gas")["intervals"]) >= 5
    assert proxy.attributes(proxy.mirror, 0x0702).get(PREVIOUS_DAY)
    move_gas(han, from_iso("2022-11-03T11:00:00Z"))
    assert half_hours(han, "gas")["intervals"] == [1000, 1000]
    after = [given(han, entry) for entry in SETS]
    assert after[0]["samples"] == [1000, 1000]
    assert after[1:] == [0x8B] * 6
    assert not proxy.attributes(proxy.mirror, 0x0702).get(PREVIOUS_DAY)
    for cluster, command, fields in SETS:
        found = proxy.gbcs_command(cluster, command, fields, None)
        assert not isinstance(found, int), (command, found)
    assert len(proxy.half_hours.newest(14)) >= 5  # what the WAN reads is all there


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
