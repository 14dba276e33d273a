# SPDX-License-Identifier: Apache-2.0
"""Tariff, calendars, calorific value, billing periods and identities of a gas supply, as the supplier sets them: kept by
the meter, and by the proxy from the commands that it taps off [GBCS 10.3, 10.4; REQ-GPF-12, 15]."""

from han.later import Later
from han.zcl import status

gas_answers = Later("han.gbcs.gas_answers")

_STORE = "gas_tables"
_TIERS = 0x01  # of the sub-payload control: prices of tiers, not of blocks [ZSE 4]
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

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
_THRESHOLDS = ("block1_threshold", "block2_threshold", "block3_threshold")
_BLOCK_PRICES = tuple(["no_tier_block%d_price" % block for block in (1, 2, 3, 4)])
_TIER_PRICES = tuple(["tier%d_block1_price" % tier for tier in (1, 2, 3, 4)])


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
        for name in _THRESHOLDS + _BLOCK_PRICES + _TIER_PRICES:
            price.set(name, 0)
        for name, value in self._kept.get("price", {}).items():
            price.set(name, value)
        for name, value in self._kept.get("metering", {}).items():
            metering.set(name, value)

    def take(self, name, fields):
        """Take a command of the supplier, UNSUP_CLUSTER_COMMAND where it is none of these."""
        taker = getattr(self, "_" + name, None)
        if taker is None:
            return status.UNSUP_CLUSTER_COMMAND
        try:
            taker(fields)
        except KeyError:
            return status.NOT_FOUND
        self._values.set(_STORE, self._kept)
        return status.SUCCESS

    # -- what is read -------------------------------------------------------------------------------------------

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
        return self._price.get((_TIER_PRICES if tariff["number_of_price_tiers_in_use"] else _BLOCK_PRICES)[0])

    # -- calendars ---------------------------------------------------------------------------------------------

    def _publish_calendar(self, fields):
        """A new calendar takes the place of that of its kind; its parts follow."""
        self._kept["calendar%d" % fields["calendar_type"]] = {
            "issuer_event_id": fields["issuer_event_id"],
            "issuer_calendar_id": fields["issuer_calendar_id"],
            "days": [],
            "weeks": [],
            "seasons": [],
            "special_start": 0,
            "special_days": [],
        }

    def _of(self, fields):
        """The calendar that a part belongs to, which comes first."""
        for kind in (gas_answers.TARIFF, gas_answers.NON_DISABLEMENT):
            calendar = self.calendar(fields.get("calendar_type", kind))
            if calendar is not None and calendar["issuer_calendar_id"] == fields["issuer_calendar_id"]:
                return calendar
        raise KeyError("calendar")

    def _publish_day_profile(self, fields):
        entries = [[entry["start_time_minutes"], entry["value"]] for entry in fields["schedule_entries"]]
        self._of(fields)["days"].append([fields["day_id"], entries])

    def _publish_week_profile(self, fields):
        self._of(fields)["weeks"].append([fields["week_id"], [fields["day_id_ref_" + day] for day in _WEEKDAYS]])

    def _publish_seasons(self, fields):
        entries = [[bytes(entry["season_start_date"]), entry["week_id_ref"]] for entry in fields["seasons"]]
        self._of(fields)["seasons"] = entries

    def _publish_special_days(self, fields):
        calendar = self._of(fields)
        calendar["special_start"] = fields["start_time"] or 0
        calendar["special_days"] = [[bytes(entry["special_day_date"]), entry["day_id_ref"]] for entry in fields["special_days"]]

    # -- tariff --------------------------------------------------------------------------------------------------

    def _set_prices(self, values):
        kept = self._kept.setdefault("price", {})
        for name, value in values.items():
            self._price.set(name, value)
            kept[name] = value

    def _publish_tariff_information(self, fields):
        self._kept["tariff"] = {
            name: fields[name] for name in ("provider_id", "issuer_event_id", "start_time", "number_of_price_tiers_in_use")
        }
        self._set_prices(
            {
                "currency": fields["currency"],
                "price_trailing_digit": fields["price_trailing_digit"],
                "unit_of_measure": fields["unit_of_measure"],
                "standing_charge": fields["standing_charge"],
                "threshold_multiplier": fields["block_threshold_multiplier"],
                "threshold_divisor": fields["block_threshold_divisor"],
            }
        )

    def _publish_price_matrix(self, fields):
        """Tiers count from 1 in the upper half of the identifier or alone, blocks from 0 in the lower half."""
        values = {}
        of_tiers = fields["sub_payload_control"] & _TIERS
        for entry in fields["prices"]:
            number = entry["tier_block_id"]
            place = number - 1 if of_tiers else number & 0x0F
            names = _TIER_PRICES if of_tiers else _BLOCK_PRICES
            if 0 <= place < len(names):
                values[names[place]] = entry["price"]
        self._set_prices(values)

    def _publish_block_thresholds(self, fields):
        if fields["tiers"]:
            self._set_prices(dict(zip(_THRESHOLDS, fields["tiers"][0]["block_thresholds"])))

    def _publish_conversion_factor(self, fields):
        self._set_prices({name: fields[name] for name in ("conversion_factor", "conversion_factor_trailing_digit")})

    def _publish_calorific_value(self, fields):
        names = ("calorific_value", "calorific_value_unit", "calorific_value_trailing_digit")
        self._set_prices({name: fields[name] for name in names})

    # -- periods, identities ----------------------------------------------------------------------------------

    def _publish_billing_period(self, fields):
        self._kept["billing_period"] = dict(fields)

    def _publish_block_period(self, fields):
        self._kept["block_period"] = dict(fields)

    def _publish_change_of_supplier(self, fields):
        names = ("proposed_provider_name", "proposed_provider_contact_details", "provider_change_implementation_time")
        self._kept["supplier"] = {name: fields[name] for name in names}

    def _set_identity(self, name, octets):
        self._metering.set(name, bytes(octets))
        self._kept.setdefault("metering", {})[name] = bytes(octets)

    def _update_cin(self, fields):
        self._set_identity("customer_id_number", fields["customer_id_number"])

    def _update_site_id(self, fields):
        self._set_identity("site_id", fields["site_id"])
