# SPDX-License-Identifier: Apache-2.0
"""What a display shows: item and value, None for "no value" which is never shown as a number (REQ-IHD-3 to 8).

Power in W, energy in Wh, gas in litres, money in 10^-5 pounds, lists newest first. Items of a fuel begin with its name.
"""

import han
from han.clock import HALF_HOUR, STATUS_NAMES, civil, local_offset, to_iso
from han.devices.ihd_fuel import DEBT
from han.devices.payment_modes import PREPAYS
from han.devices.served import period_names

SUPPLY = ("off", "armed", "on")
AMBIENT = ("low", "medium", "high")
FREQUENCIES = ("an hour", "a day", "a week", "a month", "a quarter")  # DebtRecoveryFrequency [ZSE 7]

_STALE = 2 * HALF_HOUR  # a gas rate older than that is none of "about the last half hour"


def items(device, page):
    """The items of a display (IHD or PPMID) on whose screen `page` is."""
    utc = device.utc()
    electricity, gas = device.fuels
    screen = {
        "time": to_iso(utc),
        "local_time": None if utc is None else "%02d:%02d" % civil(utc + local_offset(utc))[3:5],
        "page": page,
        "identifier": device.identity.hex(),
        "version": han.VERSION,
        "profile": device.configuration.get("profile", han.PROFILE),
        "clock": STATUS_NAMES[device.clock.status],
    }
    _electricity(screen, electricity.now)
    _gas(screen, gas, utc)
    for fuel in device.fuels:
        _account(screen, fuel)
        _history(screen, fuel, "", fuel.quantity(), "consumption")
        _history(screen, fuel, "cost_", "cost_consumption", "cost")
        screen[fuel.name + "_messages"] = shown_messages(fuel, utc) if fuel.verified else []
        screen[fuel.name + "_link_quality"] = fuel.link_quality()
    return screen


def shown_messages(fuel, utc):
    """The texts of the messages that are to be shown now, newest first."""
    texts = []
    for _, start, end, text, _ in fuel.memory.get("messages", ()):
        if utc is not None and start <= utc and (end is None or utc < end):
            texts.append(text)
    return texts


def _electricity(screen, now):
    watts = now.get("instantaneous_demand")
    price = _price(now)
    screen["electricity_power"] = watts
    # Power that flows out costs nothing.
    screen["electricity_cost_per_hour"] = None if watts is None or price is None else max(0, watts) * price // 1000
    ambient = now.get("ambient_consumption_indicator")
    screen["electricity_ambient"] = AMBIENT[ambient] if ambient is not None and ambient < len(AMBIENT) else None
    screen["electricity_register"] = now.get("current_summation_delivered")


def _gas(screen, fuel, utc):
    read = fuel.now.get("reading_snapshot_time")
    screen["gas_register"] = fuel.now.get("current_summation_delivered")
    screen["gas_reading_time"] = to_iso(read)
    fresh = read is not None and utc is not None and utc - read <= _STALE
    screen["gas_rate"] = fuel.rate if fresh else None


def _account(screen, fuel):
    """Payment mode, balance, and in prepayment mode what is left."""
    now = fuel.now
    name = fuel.name
    configuration = now.get("payment_control_configuration")
    prepays = None if configuration is None else bool(configuration & PREPAYS)
    screen[name + "_prepayment"] = prepays
    for item in ("credit_remaining", "emergency_credit_remaining", "accumulated_debt"):
        screen["%s_%s" % (name, item)] = now.get(item) if prepays else None
    balance = None
    if prepays is not None:
        balance = now.get("credit_remaining" if prepays else "bill_to_date_delivered")
    screen[name + "_balance"] = balance
    screen[name + "_low_credit"] = _is_low(now) if prepays else None
    screen[name + "_debts"] = [now.get(debt[0]) for debt in DEBT] if prepays else None
    screen[name + "_debt_recovery"] = [_recovery(now, debt) for debt in DEBT[:2]] if prepays else None
    screen[name + "_price"] = _price(now)
    customer = now.get("customer_id_number")
    screen[name + "_customer_id"] = "".join([chr(octet) for octet in customer]) if customer else None
    screen[name + "_budget"] = fuel.memory.get("budgets") if fuel.verified else None
    screen[name + "_top_ups"] = fuel.memory.get("top_up_history", [])[::-1] if fuel.verified else []
    supply = now.get("supply_status")
    screen[name + "_supply"] = SUPPLY[supply] if supply is not None and supply < len(SUPPLY) else None


def _price(now):
    """The price of a kWh; 0 is what a device says that has not been given a tariff (I)."""
    return now.get("no_tier_block1_price") or None


def _is_low(now):
    """Whether the credit is below the level of the low credit alert, None where either is not known."""
    credit = now.get("credit_remaining")
    level = now.get("low_credit_warning")
    if credit is None or level is None:
        return None
    return credit + (now.get("emergency_credit_remaining") or 0) < level


def _recovery(now, debt):
    """[amount, how often] in which a debt is recovered, None where there is none."""
    amount = now.get(debt[1])
    frequency = now.get(debt[2])
    if not amount or frequency is None or frequency >= len(FREQUENCIES):
        return None
    return [amount, FREQUENCIES[frequency]]


def _history(screen, fuel, prefix, quantity, kept):
    known = fuel.memory.get(kept, {}) if fuel.verified else {}
    for name, kind, age in period_names(quantity):
        value = known.get(name)
        item = "%s_%s" % (fuel.name, prefix)
        if age == 0:
            screen[item + ("today" if kind == "day" else kind)] = value
        elif age == 1:
            screen["%sprevious_%ss" % (item, kind)] = [value]
        else:
            screen["%sprevious_%ss" % (item, kind)].append(value)
