# SPDX-License-Identifier: Apache-2.0
"""Tariff, calendars, calorific value, billing periods and identities of a gas supply, as the supplier sets them: kept by
the meter, and by the proxy from the commands that it taps off [GBCS 10.3, 10.4; REQ-GPF-12, 15]."""

from han.zcl import status

_STORE = "gas_tables"

# What the attributes say before the supplier has set anything. Money in 10^-5 pounds.
_PRICES = {
    "price_trailing_digit": 0x50,
    "currency": 826,
    "unit_of_measure": 0,
    "threshold_multiplier": 1,
    "threshold_divisor": 1000,
    "standing_charge": 0,
    "conversion_factor": 102264,
    "conversion_factor_trailing_digit": 0x50,
    "calorific_value": 395,
    "calorific_value_unit": 1,
    "calorific_value_trailing_digit": 0x10,
}
THRESHOLDS = ("block1_threshold", "block2_threshold", "block3_threshold")
BLOCK_PRICES = tuple(["no_tier_block%d_price" % block for block in (1, 2, 3, 4)])
TIER_PRICES = tuple(["tier%d_block1_price" % tier for tier in (1, 2, 3, 4)])


class GasTables:
    """`price` and `metering` are the servers whose attributes show what is set, `values` keeps it over a loss of power.

    `settings` may give values of the price attributes by name.
    """

    def __init__(self, values, price, metering, settings):
        self._values = values
        self._price = price
        self._metering = metering
        self._kept = values.get(_STORE, {})
        for name in _PRICES:
            price.set(name, settings.get(name, _PRICES[name]))
        for name in THRESHOLDS + BLOCK_PRICES + TIER_PRICES:
            price.set(name, 0)
        for name, value in self._kept.get("price", {}).items():
            price.set(name, value)
        for name, value in self._kept.get("metering", {}).items():
            metering.set(name, value)

    def take(self, name, fields):
        """Take a command of the supplier, UNSUP_CLUSTER_COMMAND where it is none of these."""
        from han.devices.gas_settings_taken import Taken

        taker = getattr(Taken(self, self._kept), name, None)
        if taker is None:
            return status.UNSUP_CLUSTER_COMMAND
        try:
            taker(fields)
        except KeyError:
            return status.NOT_FOUND
        self._values.set(_STORE, self._kept)
        return status.SUCCESS

    # -- what is read -------------------------------------------------------------------------------------------

    def set_price(self, name, value):
        self._price.set(name, value)

    def set_identity(self, name, octets):
        self._metering.set(name, octets)

    def calendar(self, kind):
        """See han.gbcs.gas_answers."""
        return self._kept.get("calendar%d" % kind)

    def billing_period(self):
        """The fields of publish_billing_period, None before one is set."""
        return self._kept.get("billing_period")

    def price(self, utc):
        """The fields of publish_price for now, None before a tariff is set (I)."""
        tariff = self._kept.get("tariff")
        if tariff is None or utc is None:
            return None
        tiers = tariff["number_of_price_tiers_in_use"]
        tier = 1 if tiers else 0
        price = self._price
        return {
            "provider_id": tariff["provider_id"],
            "rate_label": b"",
            "issuer_event_id": tariff["issuer_event_id"],
            "current_time": utc,
            "unit_of_measure": price.get("unit_of_measure"),
            "currency": price.get("currency"),
            "price_trailing_digit_and_price_tier": price.get("price_trailing_digit") & 0xF0 | tier,
            "number_of_price_tiers_and_register_tier": tiers << 4 | tier,
            "start_time": tariff["start_time"] or 0,
            "duration_in_minutes": None,
            "price": self.unit_price(),
        }

    def unit_price(self):
        """What a kWh costs, None before a tariff is set. Consumption is priced at the first tier or block (I)."""
        tariff = self._kept.get("tariff")
        if tariff is None:
            return None
        return self._price.get((TIER_PRICES if tariff["number_of_price_tiers_in_use"] else BLOCK_PRICES)[0])
