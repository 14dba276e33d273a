# SPDX-License-Identifier: GPL-3.0-or-later
"""Average RMS voltage periods: the acceptance tests AT-085A-1 to 8 on the model alone."""

from han.clock import from_iso, to_iso
from han.devices.metrology import Feed
from han.devices.voltage import COMMENCE, RESTART, AverageThresholds, MeasurementPeriods


class Meter:
    """Measurement periods with a clock that may be stepped, ticked as a meter would be."""

    def __init__(self, period, power_on, anchor=COMMENCE, volts=230):
        self.entries = []
        self.feed = Feed(volts * 1000)
        self.periods = MeasurementPeriods([self.feed], self._store, period, anchor)
        self.time = at(power_on)
        self.offset = 0
        self.feed.total(self.time)
        self.periods.begin(self.time)
        self.periods.tick(self.time, self.time)

    def _store(self, utc, averages):
        self.entries.append((to_iso(utc)[11:19], averages[0]))

    def run(self, until):
        """Let the clock run until it reads `until`."""
        end = at(until)
        while self.time + self.offset < end:
            boundary = self.periods.deadline()
            due = end if boundary is None else min(end, boundary)
            self.time = max(self.time, due - self.offset)
            self.periods.tick(self.time + self.offset, self.time)
            if due == end:
                return

    def step(self, seconds):
        self.offset += seconds
        self.periods.tick(self.time + self.offset, self.time)

    def stamps(self):
        return [stamp for stamp, _ in self.entries]


def at(clock):
    return from_iso("2022-11-03T%sZ" % clock)


def test_at_085a_1_half_hour_period_starts_at_the_next_half_hour():
    meter = Meter(1800, "10:07:13")
    meter.run("11:40:00")
    assert meter.stamps() == ["11:00:00", "11:30:00"]


def test_at_085a_2_the_boundary_instant_counts_as_a_start():
    meter = Meter(1800, "10:30:00")
    meter.run("11:10:00")
    assert meter.stamps() == ["11:00:00"]


def test_at_085a_3_ten_minutes():
    meter = Meter(600, "10:07:13")
    meter.run("11:05:00")
    assert meter.stamps() == ["10:40:00", "10:50:00", "11:00:00"]


def test_at_085a_4_an_hour_starts_on_whichever_came_first():
    meter = Meter(3600, "10:07:13")
    meter.run("13:00:00")
    assert meter.stamps() == ["11:30:00", "12:30:00"]

    meter = Meter(3600, "10:40:00")
    meter.run("13:30:00")
    assert meter.stamps() == ["12:00:00", "13:00:00"]


def test_at_085a_5_seven_minutes_run_on_or_start_again():
    meter = Meter(420, "10:07:13", COMMENCE)
    meter.run("11:15:00")
    assert meter.stamps() == ["10:37:00", "10:44:00", "10:51:00", "10:58:00", "11:05:00", "11:12:00"]

    meter = Meter(420, "10:07:13", RESTART)
    meter.run("11:15:00")
    assert meter.stamps() == ["10:37:00", "10:44:00", "10:51:00", "10:58:00", "11:07:00", "11:14:00"]


def test_at_085a_6_a_new_period_abandons_the_running_one():
    meter = Meter(1800, "10:07:13")
    meter.run("10:41:00")
    meter.periods.set_period(900, meter.time)
    meter.run("11:35:00")
    assert meter.stamps() == ["11:15:00", "11:30:00"]


def test_at_085a_7_an_outage_leaves_no_entry():
    meter = Meter(1800, "10:00:00")
    meter.run("10:50:00")
    meter.periods.abandon()
    meter.time = at("11:10:00")
    meter.periods.begin(meter.time)
    meter.run("12:05:00")
    assert meter.stamps() == ["10:30:00", "12:00:00"]


def test_at_085a_8_small_adjustments_write_exactly_one_entry():
    meter = Meter(1800, "10:30:00")
    meter.run("10:59:55")
    meter.step(8)
    meter.run("11:20:00")
    assert meter.stamps() == ["11:00:00"]

    meter = Meter(1800, "10:30:00")
    meter.run("11:00:03")
    meter.step(-8)
    meter.run("11:20:00")
    assert meter.stamps() == ["11:00:00"]


def test_at_085a_9_the_average_is_the_mean_of_the_samples():
    meter = Meter(1800, "10:30:00")
    start = at("10:30:00")
    meter.feed.ramp(start, 230000, 262000, 1800)
    meter.run("11:00:00")
    samples = [230000 + 32000 * second // 1800 for second in range(1, 1801)]
    mean = sum(samples) / 1800
    assert abs(meter.entries[0][1] - mean) <= 1


def test_a_boundary_missed_by_far_writes_nothing():
    meter = Meter(1800, "10:30:00")
    meter.time = at("11:07:00")
    meter.periods.tick(meter.time, meter.time)
    meter.run("12:05:00")
    assert meter.stamps() == ["12:00:00"]


def test_feed_sums_what_its_samples_are():
    feed = Feed(0)
    start = 1000
    feed.total(start)
    feed.swing(start, 1000, 400, 80)
    samples = [value_of_swing(second) for second in range(1, 401)]
    total = 0
    for end in (1003, 1020, 1021, 1100, 1219, 1400):
        total = feed.total(end)
    assert abs(total - sum(samples)) <= 400 * 80 // 20  # one rounding a leg


def value_of_swing(second):
    place = second % 80
    if place <= 20:
        return 1000 + 20 * place
    if place <= 60:
        return 1400 - 20 * (place - 20)
    return 600 + 20 * (place - 60)


def test_thresholds_count_consecutive_averages():
    thresholds = AverageThresholds(1, over=264000, under=200000)
    events = [thresholds.crossings([volts * 1000]) for volts in (230, 265, 266, 264, 199, 200)]
    assert events == [[], [0x8002], [], [0x8085], [0x8006], [0x8089]]
    assert thresholds.over_counters == [1]
    assert thresholds.under_counters == [1]


def test_thresholds_name_the_phase():
    thresholds = AverageThresholds(3, over=264000, under=200000)
    assert thresholds.crossings([230000, 265000, 199000]) == [0x8004, 0x8009]


def test_what_went_on_while_nobody_measured_is_where_it_would_be():
    """A meter that looks at its load as soon as it has power is told a moment later what the load has been since before."""
    feed = Feed(0)
    went_on = Feed(0)
    went_on.swing(1000, 900, 650, 5400)
    assert feed.now(9640) == 0
    feed.swing(1000, 900, 650, 5400)
    for time in (9640, 9641, 12000, 15000):
        assert feed.now(time) == went_on.now(time)
    before = (feed.total(15000), went_on.total(15000))
    assert feed.total(20000) - before[0] == went_on.total(20000) - before[1]
