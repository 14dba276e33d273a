# SPDX-License-Identifier: Apache-2.0
"""Which screens there are, in which order the buttons go through them, and which function draws each."""

import gc

# What draws is imported when something is drawn: to name a page costs little RAM.

# Left and right go from group to group, up and down through a group.
_HISTORY = ("electricity_days", "electricity_weeks", "electricity_months", "gas_days", "gas_weeks", "gas_months")
_ACCOUNT = ("electricity_account", "gas_account")
IHD = (("home",), ("electricity",), ("gas",), _HISTORY, _ACCOUNT, ("messages",), ("about",))
PPMID = (
    ("home",),
    ("electricity",),
    ("gas",),
    _HISTORY,
    _ACCOUNT,
    ("electricity_payment",),
    ("gas_payment",),
    ("messages",),
    ("about",),
)


# What a person may choose on a payment screen: top-up, emergency credit, and of the electricity meter the supply.
_ACTIONS = {"electricity_payment": 3, "gas_payment": 2}


def actions(page):
    """How many things a person may choose between on a payment screen."""
    return _ACTIONS[page]


def groups(role):
    """The groups of screens of a role."""
    return PPMID if role == "ppmid" else IHD


def names(role):
    """Every screen of a role."""
    found = []
    for group in groups(role):
        found += group
    return found


def group_of(role, page):
    """The place of the group that holds a page."""
    for number, group in enumerate(groups(role)):
        if page in group:
            return number
    return 0


def draw(canvas, items, view):
    """Draw a band of the screen: `items` are what the device shows (the fields of a `display` event), `view` the page and
    where its buttons stand: `role`, `page`, and what the page says."""
    from han.display import frame

    page = view["page"]
    _drawing(page)(canvas, items, view)
    role = view.get("role", "ihd")
    frame.foot(canvas, group_of(role, page), len(groups(role)))


def bands(canvas, items, view):
    """Draw the whole screen, band by band: gives the first row of each, which `canvas.buffer` then holds."""
    from han.display.canvas import BAND, HEIGHT

    for top in range(0, HEIGHT, BAND):
        canvas.begin(top)
        draw(canvas, items, view)
        yield top


_loaded = {}


def _drawing(page):
    """The function that draws a page, loaded when it is first wanted. What the last picture left is collected
    before: code that stays must not come to lie between, or no large block is left."""
    kind = page.split("_")[-1]
    found = _loaded.get(kind)
    if found is None:
        gc.collect()
        found = _loaded[kind] = _load(kind)
        gc.collect()
    return found


def _load(kind):
    if kind in ("home", "electricity", "gas"):
        from han.display import now

        return getattr(now, kind)
    if kind in ("days", "weeks", "months"):
        from han.display import history

        return history.draw
    if kind in ("account", "payment"):
        from han.display import account

        return getattr(account, kind)
    from han.display import notices

    return getattr(notices, kind)
