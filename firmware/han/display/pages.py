# SPDX-License-Identifier: Apache-2.0
"""Which screens there are, in which order the buttons go through them, and which function draws each."""

# What draws is imported when something is drawn: to name a page costs no RAM.

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
    ("messages",),
    ("about",),
)


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
    page = view["page"]
    if page in ("home", "electricity", "gas"):
        from han.display import now

        draw_page = getattr(now, page)
    elif page in _HISTORY:
        from han.display.history import draw as draw_page
    elif page.endswith("_account"):
        from han.display.account import account as draw_page
    elif page.endswith("_payment"):
        from han.display.account import payment as draw_page
    else:
        from han.display import notices

        draw_page = getattr(notices, page)
    from han.display import frame

    draw_page(canvas, items, view)
    role = view.get("role", "ihd")
    frame.foot(canvas, group_of(role, page), len(groups(role)))


def bands(canvas, items, view):
    """Draw the whole screen, band by band: gives the first row of each, which `canvas.buffer` then holds."""
    from han.display.canvas import BAND, HEIGHT

    for top in range(0, HEIGHT, BAND):
        canvas.begin(top)
        draw(canvas, items, view)
        yield top
