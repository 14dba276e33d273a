# SPDX-License-Identifier: GPL-3.0-or-later
"""What an IHD and a PPMID show on the simulated HAN: costs, messages, buttons, pictures, and what an erasure takes."""

from drawing import checksums
from han.devices import payment_modes
from han.display import canvas, pages
from simulated import IDENTITIES, Han
from support import equal, raises
from test_display import unpacked
from test_ppmid import SECRET, SUPPLIER, number

MICROPYTHON_HEAP = "64M"

BIT_9 = 0x0200


def living(**ihd):
    """Two hours of a normal morning."""
    ihd.setdefault("electricity_poll", 60)
    han = Han(ihd=ihd, esme={"customer_id": "A-4711"})
    han.do("esme", "load", watts=1437)
    han.do("gsme", "gas_flow", litres_per_hour=800)
    han.run("11:05:00")
    return han


def test_req_ihd_8_every_display_item_has_a_value():
    han = living()
    screen = han.screen()
    missing = [
        name
        for name in (
            "electricity_supply", "gas_supply", "local_time", "electricity_prepayment", "electricity_price",
            "electricity_today", "electricity_week", "electricity_month", "gas_today", "gas_week", "gas_month",
            "electricity_cost_today", "electricity_cost_week", "electricity_cost_month",
            "gas_cost_today", "gas_cost_week", "gas_cost_month", "electricity_balance", "electricity_power",
            "electricity_cost_per_hour", "electricity_ambient", "electricity_customer_id", "gas_rate",
            "gas_reading_time", "electricity_link_quality", "gas_link_quality", "identifier", "version", "profile",
        )
        if screen[name] is None
    ]
    equal(missing, [])
    for fuel in ("electricity", "gas"):
        for prefix in (fuel, fuel + "_cost"):
            sizes = [len(screen["%s_previous_%s" % (prefix, kind)]) for kind in ("days", "weeks", "months")]
            equal(sizes, [8, 5, 13], prefix)


def test_costs_are_the_meters():
    han = living()
    screen = han.screen()
    cost = han.device("esme").account.cost
    assert screen["electricity_cost_today"] <= cost.total("day", 0)
    assert screen["electricity_cost_today"] > 0
    equal(screen["gas_cost_today"], han.device("gpf").cost.total("day", 0))
    equal(screen["electricity_cost_per_hour"], 1437 * 34000 // 1000)
    equal(screen["gas_rate"], 800)


def test_local_time_in_the_night_the_clocks_go_back():
    han = Han(start="2022-10-30T00:20:00Z", ihd={"electricity_poll": 600})
    shown = []
    for at in ("00:59:00", "01:00:00", "01:59:59", "02:00:00"):
        han.run(at)
        han.do("ihd", "press", button="right")
        shown.append(han.screen()["local_time"])
    equal(shown, ["01:59", "01:00", "01:59", "02:00"])


def test_messages_come_are_cancelled_and_run_out():
    han = living()
    han.do("esme", "message", text="Power £5", minutes=90)
    han.do("gpf", "message", text="Gas")
    han.run(5)
    equal(han.screen()["electricity_messages"], ["Power £5"])
    equal(han.screen()["gas_messages"], ["Gas"])
    han.do("gpf", "message", cancel=1)
    han.run(5)
    equal(han.screen()["gas_messages"], [])
    han.run("12:36:00")
    equal(han.screen()["electricity_messages"], [])
    han.do("esme", "message", text="One")
    han.do("esme", "message", text="Two")
    han.run(5)
    equal(han.screen()["electricity_messages"], ["Two", "One"])
    han.do("esme", "message", cancel="all")
    han.run(5)
    equal(han.screen()["electricity_messages"], [])


def test_a_message_is_confirmed_by_a_person_once():
    han = living()
    han.do("esme", "message", text="Please confirm", confirm=True)
    han.run(5)
    for button in ("left", "left", "enter", "enter"):
        han.do("ihd", "press", button=button)
    han.run(5)
    equal(han.screen()["page"], "messages")
    equal([event["confirmed"] for event in han.of("message", "esme")], [1])


def test_a_display_that_was_off_asks_for_the_message():
    han = living()
    han.do("ihd", "power", on=False)
    han.do("esme", "message", text="While you were off")
    han.run(60)
    han.do("ihd", "power", on=True)
    han.run(60)
    equal(han.screen()["electricity_messages"], ["While you were off"])


def test_an_erasure_takes_all_that_was_the_former_occupiers():
    han = living()
    han.do("esme", "message", text="For the old one")
    han.do("gpf", "message", text="Gas stays")
    han.do("ihd", "budget", fuel="electricity", amount=500000)
    han.run(5)
    before = han.screen()
    equal(before["electricity_budget"], 500000)
    # The erasure alone: what the display asks for afterwards is not let in.
    han.do("esme", "change_of_tenancy", date=han.utc() + 60, control=BIT_9)
    han.run("11:31:00")
    erased = [event["screen"] for event in han.of("display", "ihd")]
    at = [screen["electricity_today"] for screen in erased].index(None)
    after = erased[at]
    for name, value in after.items():
        if name.startswith("electricity_") and ("today" in name or name.endswith(("_week", "_month"))):
            equal(value, None, name)
        if name.startswith("electricity_") and "_previous_" in name:
            equal(value, [None] * len(value), name)
    equal(after["electricity_messages"], [])
    equal(after["electricity_budget"], None)
    equal(after["electricity_customer_id"], None)
    for name in ("electricity_balance", "electricity_price", "electricity_supply"):
        equal(after[name], erased[at - 1][name], name)
    equal(after["gas_messages"], ["Gas stays"])
    assert after["gas_cost_today"] is not None


def test_messages_of_the_former_occupier_do_not_come_back():
    han = living()
    han.do("esme", "message", text="For the old one")
    han.run(5)
    han.do("esme", "change_of_tenancy", date=han.utc() + 60, control=BIT_9)
    han.run("11:31:00")
    han.do("ihd", "power", on=False)
    han.run(60)
    han.do("ihd", "power", on=True)
    han.run(120)
    equal(han.screen()["electricity_messages"], [])
    han.do("esme", "message", text="For the new one")
    han.run(5)
    equal(han.screen()["electricity_messages"], ["For the new one"])


def test_link_quality_falls_when_nobody_answers():
    han = living()
    equal(han.screen()["electricity_link_quality"], 100)
    han.do("esme", "link", on=False)
    han.run(600)
    assert han.screen()["electricity_link_quality"] < 90
    equal(han.screen()["gas_link_quality"], 100)


def test_buttons_go_through_the_screens():
    han = living(captures="none")
    seen = []
    for _ in range(7):
        seen.append(han.screen()["page"])
        han.do("ihd", "press", button="right")
    equal(seen, [group[0] for group in pages.groups("ihd")])
    equal(han.screen()["page"], "home")
    for button in ("right", "right", "right", "down", "down", "up"):
        han.do("ihd", "press", button=button)
    equal(han.screen()["page"], "electricity_weeks")
    han.do("ihd", "press", button="enter")
    assert han.device("ihd").view.shown()["money"]
    assert "there are left" in str(raises(Exception, han.do, "ihd", "press", button="sideways"))


def pictures(han, device):
    """[(page, moment, octets)] of the pictures so far."""
    found = []
    for event in han.of("screen", device):
        if not event["top"]:
            found.append([event["page"], event["moment"], b""])
        found[-1][2] += unpacked(event["data"])
    return found


def test_pictures_around_an_erasure():
    han = living(captures="all")
    han.do("esme", "change_of_tenancy", date=han.utc() + 60, control=BIT_9)
    han.run("12:10:00")
    taken = pictures(han, "ihd")
    expected = [page for page in pages.names("ihd") if not page.startswith("gas")]
    for moment in ("before erasure", "after erasure", "half an hour later"):
        equal([page for page, when, _ in taken if when == moment], expected, moment)
    for _, _, octets in taken:
        equal(len(octets), canvas.WIDTH * canvas.HEIGHT // 2)


def test_a_picture_is_what_the_items_draw():
    han = living()
    han.do("ihd", "press", button="right")
    event = han.of("display", "ihd")[-1]
    page, _, octets = pictures(han, "ihd")[-1]
    from binascii import crc32

    size = canvas.WIDTH * canvas.BAND // 2
    drawn = [crc32(octets[at : at + size]) for at in range(0, len(octets), size)]
    equal(drawn, checksums(event["screen"], {"role": "ihd", "page": page}))


def prepaying():
    han = Han(
        boards=("hub", "esme", "gsme", "ihd", "ppmid"),
        ihd={"electricity_poll": 3600},
        ppmid={"electricity_poll": 60},
        esme={
            "supplier": SUPPLIER,
            "prepayment_secret": SECRET.hex(),
            "payment_control_configuration": payment_modes.PREPAYMENT_MODE,
            "credit_remaining": 100000,
        },
    )
    han.do("esme", "load", watts=1000)
    han.run("09:20:00")
    for _ in range(5):
        han.do("ppmid", "press", button="right")
    return han


def typed(han, digits):
    han.do("ppmid", "press", button="enter")
    for digit in digits:
        steps = int(digit)
        button, times = ("up", steps) if steps < 6 else ("down", 10 - steps)
        for _ in range(times):
            han.do("ppmid", "press", button=button)
        han.do("ppmid", "press", button="enter")
    han.run(5)


def test_a_top_up_is_typed_in_with_five_buttons():
    han = prepaying()
    screen = han.device("ppmid").screen()
    equal(screen["page"], "electricity_payment")
    assert screen["electricity_low_credit"]
    typed(han, number(10, 1))
    screen = han.device("ppmid").screen()
    equal(screen["last_payment"], "accepted")
    equal(screen["electricity_top_ups"], [1000000])
    assert 1080000 < screen["electricity_balance"] <= 1100000
    equal(screen["electricity_low_credit"], False)
    moments = [moment for _, moment, _ in pictures(han, "ppmid")]
    assert "before top up" in moments and "after top up" in moments
    typed(han, number(10, 1))
    equal(han.device("ppmid").screen()["last_payment"], "duplicate")
    wrong = number(10, 2)
    typed(han, wrong[:19] + str((int(wrong[19]) + 1) % 10))
    assert han.device("ppmid").screen()["last_payment"] != "accepted"


def test_back_out_of_the_digits_and_choose_emergency_credit():
    han = prepaying()
    for button in ("enter", "right", "left", "left", "down", "enter"):
        han.do("ppmid", "press", button=button)
    han.run(5)
    equal(han.device("ppmid").screen()["last_payment"], "success")
    assert han.device("esme").account.prepayment.emergency_active


def test_an_ihd_has_no_payment_screen():
    assert not [page for page in pages.names("ihd") if page.endswith("payment")]
    han = living()
    assert "knows no command" in str(raises(Exception, han.do, "ihd", "top_up", fuel="electricity", utrn="0" * 20))
    equal(han.screen()["identifier"], IDENTITIES["ihd"])
