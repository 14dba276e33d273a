# SPDX-License-Identifier: Apache-2.0
"""The screens of money: account of a fuel, and what a person does about it at a PPMID."""

from han.display import frame, pages, wording
from han.display.canvas import CENTRE, FIGURES, RIGHT, WIDTH
from han.display.palette import AMBER, GREEN, INK, LINE, RED, SOFT, full

_ACTIONS = ("Top up", "Emergency credit", "Switch supply on")
_RESULTS = {
    "accepted": ("Accepted", GREEN),
    "success": ("Done", GREEN),
    "mistyped": ("Check the number", AMBER),
    "invalid": ("Number not valid", RED),
    "duplicate": ("Used already", RED),
    "maximum credit": ("Too much credit", RED),
    "too large": ("Amount too large", RED),
    "locked out": ("Locked: try later", RED),
    "refused": ("Not possible now", RED),
    "no answer": ("No answer", RED),
    "not possible": ("Not possible here", AMBER),
    "sent": ("Sent to the meter", AMBER),
}


def account(canvas, items, view):
    """Payment mode, balance; in prepayment mode what is left and what is owed."""
    fuel = view["page"].split("_")[0]
    frame.head(canvas, "Account, " + fuel, items)
    prepays = items.get(fuel + "_prepayment")
    mode = wording.DASH if prepays is None else "Prepayment" if prepays else "Credit"
    frame.row(canvas, 46, "You pay by", mode)
    label = "Credit left" if prepays else "Bill so far"
    canvas.text(WIDTH // 2, 74, label, SOFT, align=CENTRE)
    balance = items.get(fuel + "_balance")
    low = items.get(fuel + "_low_credit")
    canvas.text(WIDTH // 2, 96, wording.money(balance), RED if low else INK, FIGURES, CENTRE)
    y = 136
    if low:
        frame.banner(canvas, y, "Low credit", RED)
        y += 36
    if prepays:
        _prepayment(canvas, y, items, fuel)
    else:
        frame.row(canvas, y, "Today", wording.money(items.get(fuel + "_cost_today")))
        frame.row(canvas, y + 22, "Budget a day", wording.money(items.get(fuel + "_budget")))
    customer = items.get(fuel + "_customer_id")
    frame.line(canvas, 252)
    frame.row(canvas, 258, "Customer", wording.DASH if not customer else customer)
    frame.supply(canvas, 280, items, fuel)


def _prepayment(canvas, y, items, fuel):
    frame.row(canvas, y, "Emergency credit", wording.money(items.get(fuel + "_emergency_credit_remaining") or None))
    frame.row(canvas, y + 22, "Debt", wording.money(items.get(fuel + "_accumulated_debt")))
    y += 44
    for number, rate in enumerate(items.get(fuel + "_debt_recovery") or ()):
        if rate is not None:
            frame.row(canvas, y, "Debt %d" % (number + 1), wording.money(rate[0]) + " " + rate[1])
            y += 22


def payment(canvas, items, view):
    """PPMID: choose what to do, or type the 20 digits of a top-up."""
    fuel = view["page"].split("_")[0]
    frame.head(canvas, "Pay, " + fuel, items)
    digits = view.get("digits")
    if digits is None:
        _menu(canvas, view.get("selected", 0), pages.actions(view["page"]))
    else:
        _entry(canvas, digits, view.get("cursor", 0))
    result = items.get("last_payment")
    if result is not None and items.get("last_payment_fuel") == fuel:
        text, ramp = _RESULTS.get(result, (result, AMBER))
        frame.banner(canvas, 216, text, ramp)
    canvas.text(frame.MARGIN, 262, "Credit left", SOFT)
    canvas.text(WIDTH - frame.MARGIN, 256, wording.money(items.get(fuel + "_credit_remaining")), INK, FIGURES, RIGHT)


def _menu(canvas, selected, count):
    for number, text in enumerate(_ACTIONS[:count]):
        y = 56 + number * 46
        canvas.fill(frame.MARGIN, y, 5, 38, full(GREEN) if number == selected else LINE)
        canvas.fill(frame.MARGIN, y + 36, WIDTH - 2 * frame.MARGIN, 2, full(GREEN) if number == selected else LINE)
        canvas.text(frame.MARGIN + 16, y + 7, text, INK if number == selected else SOFT)


def _entry(canvas, digits, cursor):
    """The digits in groups of four, as they are printed on a receipt."""
    canvas.text(WIDTH // 2, 46, "Top-up number", SOFT, align=CENTRE)
    for place in range(20):
        group, inside = divmod(place, 4)
        x = 20 + group % 3 * 70 + inside * 15 if group < 3 else 55 + (group - 3) * 70 + inside * 15
        y = 76 if group < 3 else 124
        if place == cursor:
            canvas.fill(x - 1, y + 32, 17, 3, full(GREEN))
        canvas.text(x + 7, y, digits[place], INK if place <= cursor else SOFT, FIGURES, CENTRE)
    canvas.text(WIDTH // 2, 172, "up, down: digit", SOFT, align=CENTRE)
    canvas.text(WIDTH // 2, 192, "enter: next", SOFT, align=CENTRE)
