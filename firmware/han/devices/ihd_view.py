# SPDX-License-Identifier: Apache-2.0
"""The screen a person looks at: buttons move between screens, and captures of the screens go to the bench."""

from han.display import pages

BUTTONS = ("left", "right", "up", "down", "enter")

DIGITS = 20  # of a top-up number


class View:
    """Where the buttons stand. `press` returns what a person asks for: None, "confirm", "emergency_credit",
    "enable_supply", or the digits of a top-up."""

    def __init__(self, role):
        self.role = role
        self.page = "home"
        self.money = False
        self.first = 0
        self.selected = 0
        self.digits = None
        self.cursor = 0

    def shown(self, page=None):
        """What `han.display.pages.draw` wants to know, of the present page or another one."""
        return {
            "role": self.role,
            "page": page or self.page,
            "money": self.money,
            "first": self.first,
            "selected": self.selected,
            "digits": self.digits,
            "cursor": self.cursor,
        }

    def press(self, button):
        if self.digits is not None:
            return self._type(button)
        if button in ("left", "right"):
            groups = pages.groups(self.role)
            number = pages.group_of(self.role, self.page) + (1 if button == "right" else -1)
            self.page = groups[number % len(groups)][0]
            self.first = 0
            self.selected = 0
            return None
        if button == "enter":
            return self._enter()
        self._move(1 if button == "down" else -1)
        return None

    def _move(self, step):
        if self.page == "messages":
            self.first = max(0, self.first + step)
        elif self.page.endswith("_payment"):
            self.selected = (self.selected + step) % pages.actions(self.page)
        else:
            group = pages.groups(self.role)[pages.group_of(self.role, self.page)]
            self.page = group[(group.index(self.page) + step) % len(group)]

    def _enter(self):
        if self.page == "messages":
            return "confirm"
        if not self.page.endswith("_payment"):
            self.money = not self.money
            return None
        if self.selected:
            return ("emergency_credit", "enable_supply")[self.selected - 1]
        self.digits = "0" * DIGITS
        self.cursor = 0
        return None

    def _type(self, button):
        """Up and down change the digit, enter and right go on, left goes back, and out before the first one."""
        if button in ("up", "down"):
            digit = (int(self.digits[self.cursor]) + (1 if button == "up" else 9)) % 10
            self.digits = "%s%d%s" % (self.digits[: self.cursor], digit, self.digits[self.cursor + 1 :])
        elif button == "left":
            self.cursor -= 1
            if self.cursor < 0:
                self.digits = None
        else:
            self.cursor += 1
            if self.cursor == DIGITS:
                digits = self.digits
                self.digits = None
                return digits
        return None


def capture(device, items, view):
    """Draw the screen of `view` and give its bands: the fields of `screen` events, one by one."""
    from han.display import capture as packed
    from han.display.canvas import Canvas

    canvas = device.canvas
    if canvas is None:
        canvas = device.canvas = Canvas()
    for top in pages.bands(canvas, items, view):
        yield {"page": view["page"], "top": top, "data": packed.text(canvas.buffer)}
