# SPDX-License-Identifier: Apache-2.0
"""How each command of a gas supplier changes the tables of han.devices.gas_tables. Loaded when one comes."""

from han.devices.gas_tables import BLOCK_PRICES, THRESHOLDS, TIER_PRICES
from han.gbcs.gas_answers import NON_DISABLEMENT, TARIFF

_TIERS = 0x01  # of the sub-payload control: prices of tiers, not of blocks [ZSE 4]
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Taken:
    """A method for each command, by its name. `tables` is a GasTables, `kept` what it keeps. A command for a calendar that is
    not there raises KeyError.
    """

    def __init__(self, tables, kept):
        self._tables = tables
        self._kept = kept

    # -- calendars ---------------------------------------------------------------------------------------------

    def publish_calendar(self, fields):
        """A new calendar takes the place of that of its kind; its parts follow."""
        self._kept["calendar%d" % fields["calendar_type"]] = {
            "issuer_event_id": fields["issuer_event_id"],
            "issuer_calendar_id": fields["issuer_calendar_id"],
            "start_time": fields["start_time"] or 0,
            "name": bytes(fields["calendar_name"]),
            "days": [],
            "weeks": [],
            "seasons": [],
            "special_start": 0,
            "special_days": [],
        }

    def _of(self, fields):
        """The calendar that a part belongs to, which comes first."""
        for kind in (TARIFF, NON_DISABLEMENT):
            calendar = self._tables.calendar(fields.get("calendar_type", kind))
            if calendar is not None and calendar["issuer_calendar_id"] == fields["issuer_calendar_id"]:
                return calendar
        raise KeyError("calendar")

    def publish_day_profile(self, fields):
        entries = [[entry["start_time_minutes"], entry["value"]] for entry in fields["schedule_entries"]]
        self._of(fields)["days"].append([fields["day_id"], entries])

    def publish_week_profile(self, fields):
        self._of(fields)["weeks"].append([fields["week_id"], [fields["day_id_ref_" + day] for day in _WEEKDAYS]])

    def publish_seasons(self, fields):
        entries = [[bytes(entry["season_start_date"]), entry["week_id_ref"]] for entry in fields["seasons"]]
        self._of(fields)["seasons"] = entries

    def publish_special_days(self, fields):
        calendar = self._of(fields)
        calendar["special_start"] = fields["start_time"] or 0
        calendar["special_days"] = [[bytes(entry["special_day_date"]), entry["day_id_ref"]] for entry in fields["special_days"]]

    # -- tariff --------------------------------------------------------------------------------------------------

    def _set_prices(self, values):
        kept = self._kept.setdefault("price", {})
        for name, value in values.items():
            self._tables.set_price(name, value)
            kept[name] = value

    def publish_tariff_information(self, fields):
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

    def publish_price_matrix(self, fields):
        """Tiers count from 1 in the upper half of the identifier or alone, blocks from 0 in the lower half."""
        values = {}
        of_tiers = fields["sub_payload_control"] & _TIERS
        for entry in fields["prices"]:
            number = entry["tier_block_id"]
            place = number - 1 if of_tiers else number & 0x0F
            names = TIER_PRICES if of_tiers else BLOCK_PRICES
            if 0 <= place < len(names):
                values[names[place]] = entry["price"]
        self._set_prices(values)

    def publish_block_thresholds(self, fields):
        if fields["tiers"]:
            self._set_prices(dict(zip(THRESHOLDS, fields["tiers"][0]["block_thresholds"])))

    def publish_conversion_factor(self, fields):
        self._set_prices({name: fields[name] for name in ("conversion_factor", "conversion_factor_trailing_digit")})

    def publish_calorific_value(self, fields):
        names = ("calorific_value", "calorific_value_unit", "calorific_value_trailing_digit")
        self._set_prices({name: fields[name] for name in names})

    # -- periods, identities ----------------------------------------------------------------------------------

    def publish_billing_period(self, fields):
        self._kept["billing_period"] = dict(fields)

    def publish_block_period(self, fields):
        self._kept["block_period"] = dict(fields)

    def publish_change_of_supplier(self, fields):
        names = ("proposed_provider_name", "proposed_provider_contact_details", "provider_change_implementation_time")
        self._kept["supplier"] = {name: fields[name] for name in names}

    def _set_identity(self, name, octets):
        self._tables.set_identity(name, bytes(octets))
        self._kept.setdefault("metering", {})[name] = bytes(octets)

    def update_cin(self, fields):
        self._set_identity("customer_id_number", fields["customer_id_number"])

    def update_site_id(self, fields):
        self._set_identity("site_id", fields["site_id"])
