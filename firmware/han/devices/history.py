# SPDX-License-Identifier: Apache-2.0
"""Cumulative and historical values: consumption or cost by day, week and month, the current one included.

9 days, 6 weeks, 14 months (REQ-GPF-9). A day is a UTC day, a week starts on Monday, a month is the calendar's.
After a change of tenancy a reader on the HAN is shown nothing that was used before it (REQ-0056-9, 10).
"""

from han.clock import DAY, civil_date, day_number

DAYS = 9
WEEKS = 6
MONTHS = 14

KINDS = ("day", "week", "month")
_SIZES = (DAYS, WEEKS, MONTHS)


def period_number(kind, utc):
    """Counts the periods of a kind, so that neighbours differ by one."""
    days = utc // DAY
    if kind == "day":
        return days
    if kind == "week":
        return (days + 5) // 7  # 2000-01-01, day 0, was a Saturday
    year, month, _ = civil_date(days)
    return year * 12 + month - 1


def period_start(kind, number):
    """UTC at which the period with that number begins."""
    if kind == "day":
        return number * DAY
    if kind == "week":
        return (number * 7 - 5) * DAY
    return day_number(number // 12, number % 12 + 1, 1) * DAY


class History:
    """Totals of the current and earlier periods; index 0 is the current one.

    `None` in a place means that nothing is known of that period.
    """

    def __init__(self):
        self._numbers = [None, None, None]
        self._totals = [[None] * size for size in _SIZES]
        self._since = None
        self._hidden = [0, 0, 0]
        self._day_start = -DAY  # of the day last rolled to: within it there is nothing to do

    def add(self, utc, amount):
        """`amount` was used up to `utc` in the periods that hold that moment."""
        self.roll(utc)
        for totals in self._totals:
            totals[0] = (totals[0] or 0) + amount

    def roll(self, utc):
        """Move on to the periods that hold `utc`; those in between had no use."""
        if self._day_start <= utc < self._day_start + DAY:
            return
        self._day_start = utc - utc % DAY
        for index in range(3):
            number = period_number(KINDS[index], utc)
            last = self._numbers[index]
            totals = self._totals[index]
            if last is None:
                totals[0] = 0
            else:
                for _ in range(min(number - last, len(totals))):
                    totals.pop()
                    totals.insert(0, 0)
            if last is None or number > last:
                self._numbers[index] = number

    def hide_before(self, date, after):
        """A change of tenancy at `date`: what was used earlier is not for the HAN any more.

        `after(date, end)` gives what was used between the two, as far as that is past, or None if it is not known: then the
        whole period that straddles the date is hidden as far as it has run.
        """
        self._since = date
        for index in range(3):
            number = self._numbers[index]
            if number is None:
                continue
            kind = KINDS[index]
            age = number - period_number(kind, date)
            self._hidden[index] = 0
            if 0 <= age < len(self._totals[index]) and period_start(kind, number - age) < date:
                total = self._totals[index][age] or 0
                used = self._visible_days(date) if index and not age else None
                if used is None:
                    used = after(date, period_start(kind, number - age + 1))
                self._hidden[index] = total if used is None else max(0, total - used)

    def _visible_days(self, date):
        """The sum of the days from a date on, what is hidden of them left out; None if they are not all here."""
        count = self._numbers[0] - date // DAY + 1
        if not 1 <= count <= DAYS or None in self._totals[0][:count]:
            return None
        return sum([self.visible("day", age) or 0 for age in range(count)])

    def total(self, kind, age):
        """What was used in a period, for those who may see all: None where unknown."""
        totals = self._totals[KINDS.index(kind)]
        return totals[age] if age < len(totals) else None

    def visible(self, kind, age):
        """What a reader on the HAN is shown: None for a period that ended at or before the change of tenancy."""
        index = KINDS.index(kind)
        total = self._totals[index][age]
        if total is None or self._since is None:
            return total
        number = self._numbers[index] - age
        if period_start(KINDS[index], number + 1) <= self._since:
            return None
        if period_start(KINDS[index], number) < self._since:
            return max(0, total - self._hidden[index])
        return total

    def state(self):
        """Plain data to keep over a loss of power."""
        return [self._numbers, self._totals, self._since, self._hidden]

    def restore(self, state):
        numbers, totals, self._since, hidden = state
        self._numbers = list(numbers)
        self._totals = [list(periods) for periods in totals]
        self._hidden = list(hidden)
        self._day_start = -DAY
