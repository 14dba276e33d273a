# SPDX-License-Identifier: Apache-2.0
"""The gas proxy's copies of the meter's registers, each set with the moment it belongs to (REQ-0015-7 to 9)."""

from han.clock import INVALID

FROM_GPF = "gpf"
FROM_GSME = "gsme"

# Which set an attribute belongs to: (cluster, attribute names). The sets are those of the reads that carry a time.
SETS = (
    ("summation", 0x0702, ("current_summation_delivered",)),
    ("tariff", 0x0702, tuple("current_tier%d_summation_delivered" % tier for tier in (1, 2, 3, 4))),
    ("block", 0x0702, tuple("current_no_tier_block%d_summation_delivered" % block for block in (1, 2, 3, 4))),
    (
        "prepayment",
        0x0705,
        (
            "accumulated_debt",
            "emergency_credit_remaining",
            "debt_amount1",
            "debt_amount2",
            "debt_amount3",
        ),
    ),
    ("balance", 0x0702, ("bill_to_date_delivered",)),
    ("balance", 0x0705, ("credit_remaining",)),
)

# Which sets a read shows; the oldest of them gives its time.
USE_CASE_SETS = {
    "GCS13a": ("summation",),
    "GCS13b": ("block",),
    "GCS13c": ("tariff",),
    "GCS14": ("prepayment", "balance"),
    "GCS60a": ("balance",),
}


class Stamps:
    """A (utc, source, status) for each register set, kept over a loss of power.

    A set never reported has no time, and one whose stamp was lost must never become "now" (AT-0015-7).
    """

    def __init__(self, values):
        self._values = values

    def put(self, name, utc, source, status):
        """The set was refreshed with a value that held at `utc` by the clock of `source`."""
        self._values.set("stamp_" + name, (utc, source, status))

    def get(self, name):
        stamp = self._values.get("stamp_" + name)
        return (None, FROM_GPF, INVALID) if stamp is None else stamp

    def of_use_case(self, use_case):
        """The stamp of the oldest set a read shows."""
        oldest = None
        for name in USE_CASE_SETS[use_case]:
            stamp = self.get(name)
            if oldest is None or _older(stamp, oldest):
                oldest = stamp
        return oldest


def _older(stamp, other):
    if stamp[0] is None or other[0] is None:
        return stamp[0] is None
    return stamp[0] < other[0]


def stamp(reported_utc, reported_status, received_utc, own_status):
    """The stamp for values that came with the meter's time, or without one (REQ-0015-7, 8).

    `reported_utc` is False when the push carried no time at all, None when it carried an invalid one.
    """
    if reported_utc is False:
        return received_utc, FROM_GPF, own_status
    if reported_utc is None:
        return received_utc, FROM_GSME, INVALID
    return reported_utc, FROM_GSME, reported_status


