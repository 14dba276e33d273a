# SPDX-License-Identifier: GPL-3.0-or-later
"""Screens: what is written on them, that no value is never a number, that nothing sticks out, captures, the ST7789."""

from drawing import FULL, NOTHING, checksums, packed, recorded, view
from han.clock import from_iso
from han.display import canvas, font_figures, font_large, font_text, pages, palette, st7789, wording
from support import equal

MICROPYTHON_HEAP = "4M"

HISTORY = [page for page in pages.names("ppmid") if page.split("_")[-1] in ("days", "weeks", "months")]


def texts(items, shown):
    return [text for _, _, text, _, _ in recorded(items, shown).texts]


def has_digit(text):
    return any("0" <= character <= "9" for character in text)


def test_money_is_rounded_to_the_penny():
    for value, text in (
        (0, "£0.00"),
        (499, "£0.00"),
        (500, "£0.01"),
        (123456, "£1.23"),
        (123500, "£1.24"),
        (-499, "£0.00"),
        (-500, "-£0.01"),
        (-123456789, "-£1234.57"),
        (None, "–"),
    ):
        equal(wording.money(value), text)


def test_energy_power_gas_and_prices():
    equal(wording.kilo(715), "0.72")
    equal(wording.kilo(-5), "-0.01")
    equal(wording.kilo(-4), "0.00")
    equal(wording.brief_kilo(99994), "99.99")
    equal(wording.brief_kilo(99995), "100.0")
    equal(wording.brief_kilo(999949), "999.9")
    equal(wording.brief_kilo(999950), "1000")
    equal(wording.cubic_metres(1234567), "1234.567")
    equal(wording.price(34005), "34.01p")
    for write in (wording.kilo, wording.brief_kilo, wording.cubic_metres, wording.price, wording.age):
        equal(write(None), wording.DASH)


def test_local_time_in_the_nights_when_the_clocks_change():
    for iso, text in (
        ("2022-03-27T00:59:59Z", "00:59"),
        ("2022-03-27T01:00:00Z", "02:00"),
        ("2022-10-30T00:00:00Z", "01:00"),
        ("2022-10-30T00:59:59Z", "01:59"),
        ("2022-10-30T01:00:00Z", "01:00"),
        ("2022-10-30T02:00:00Z", "02:00"),
    ):
        equal(wording.clock_time(from_iso(iso)), text, iso)
    equal(wording.date(from_iso("2022-07-01T22:59:59Z")), "Fri 1 Jul")
    equal(wording.date(from_iso("2022-07-01T23:00:00Z")), "Sat 2 Jul")


def test_names_of_periods():
    utc = from_iso("2022-11-04T17:42:10Z")
    equal([wording.period("days", utc, age) for age in (0, 1, 4)], ["Today", "Thu 3", "Mon 31"])
    equal([wording.period("weeks", utc, age) for age in (0, 1, 5)], ["This week", "24 Oct", "26 Sep"])
    equal([wording.period("months", utc, age) for age in (0, 1, 10, 13)], ["This month", "Oct 2022", "Jan 2022", "Oct 2021"])


def test_no_value_is_a_dash_and_has_no_bar():
    for money in (False, True):
        for page in HISTORY:
            drawn = recorded(NOTHING, view(page, money=money))
            values = [text for _, _, text, _, align in drawn.texts if align == canvas.RIGHT][1:]
            equal(values, [wording.DASH] * {"days": 9, "weeks": 6, "months": 14}[page.split("_")[1]], page)
            assert not [area for area in drawn.areas if 110 < area[0] and area[2] > 1 and 40 < area[1] < 300], page
    for page in ("electricity", "gas", "electricity_account", "gas_account", "electricity_payment"):
        found = [text for text in texts(NOTHING, view(page)) if has_digit(text) and text != "17:42"]
        equal(found, [], page)
    found = [text for text in texts(NOTHING, view("home")) if has_digit(text)]
    equal(found, ["Fri 4 Nov", "17:42"])


def test_a_zero_is_a_number_and_has_no_bar():
    drawn = recorded(FULL, view("electricity_days"))
    values = [(y, text) for _, y, text, _, align in drawn.texts if align == canvas.RIGHT][1:]
    y = [y for y, text in values if text == "0.00"]
    equal(len(y), 1)
    assert not [area for area in drawn.areas if 110 < area[0] and y[0] <= area[1] < y[0] + 20 and area[2] > 1]
    equal([text for _, text in values].count(wording.DASH), 1)


def test_without_a_clock_there_is_no_time():
    for page in pages.names("ppmid"):
        assert "–:–" in texts(dict(FULL, time=None, local_time=None), view(page)), page


def test_everything_fits_on_the_glass():
    for shown in [view(page) for page in pages.names("ppmid")] + [
        view(page, money=True) for page in HISTORY
    ] + [view("electricity_payment", digits="9" * 20, cursor=19)]:
        drawn = recorded(FULL, shown)
        for x, y, text, font, align in drawn.texts:
            wide = canvas.width(text, font)
            left = x - (0, wide // 2, wide)[align]
            assert 0 <= left and left + wide <= canvas.WIDTH, (shown["page"], text, left, wide)
            assert 0 <= y and y + font.ASCENT <= canvas.HEIGHT, (shown["page"], text, y)
        for x, y, wide, high, colour in drawn.areas:
            assert 0 <= x and x + wide <= canvas.WIDTH and 0 <= y and y + high <= canvas.HEIGHT, (shown["page"], x, y)
            assert 0 <= colour < 16


def test_texts_of_a_row_do_not_meet():
    for page in pages.names("ppmid"):
        rows = {}
        for x, y, text, font, align in recorded(FULL, view(page)).texts:
            if text and font is canvas.TEXT:
                wide = canvas.width(text, font)
                rows.setdefault(y, []).append((x - (0, wide // 2, wide)[align], wide, text))
        for row in rows.values():
            end = 0
            for left, wide, text in sorted(row):
                assert end <= left, (page, text, row)
                end = left + wide


def test_fonts_have_what_is_written():
    for font in (font_text, font_figures, font_large):
        assert "£" in font.CHARACTERS and wording.DASH in font.CHARACTERS
        equal(len(font.METRICS), 8 * len(font.CHARACTERS))
        assert font.SIZE >= 16
    for page in pages.names("ppmid"):
        for _, _, text, font, _ in recorded(FULL, view(page)).texts:
            missing = [character for character in text if character not in font.CHARACTERS]
            equal(missing, [], page)


def test_a_character_that_no_font_has_is_drawn_as_something():
    drawn = dict(FULL, electricity_messages=["Gr\u00fc\u00df Gott \u4f60\u597d"])
    assert checksums(drawn, view("messages")) != checksums(dict(FULL, electricity_messages=[]), view("messages"))


def test_long_words_are_cut_and_nothing_is_lost():
    text = "a" * 90 + " bb " + "c" * 40
    lines = canvas.wrapped(text, 200)
    equal("".join(lines).replace(" ", ""), text.replace(" ", ""))
    for line in lines:
        assert canvas.width(line) <= 200


def test_a_capture_holds_the_pixels():
    band = canvas.Canvas()
    for page in pages.names("ppmid"):
        texts = packed(FULL, view(page))
        equal(len(texts), canvas.HEIGHT // canvas.BAND)
        for text, _ in zip(texts, pages.bands(band, FULL, view(page))):
            equal(unpacked(text), bytes(band.buffer), page)


def unpacked(text):
    """A second reading of han.display.capture's form."""
    from binascii import a2b_base64

    octets = a2b_base64(text)
    rows = b""
    at = 0
    while at < len(octets):
        count = octets[at]
        if count == 0:
            rows += rows[-120:] * octets[at + 1]
            at += 2
        elif count < 128:
            rows += octets[at + 1 : at + 2] * count
            at += 2
        else:
            rows += octets[at + 1 : at + count - 126]
            at += count - 126
    return rows


class Wire:
    """What an ST7789 hears: [(data line, octets)]."""

    def __init__(self):
        self.line = 0
        self.selected = 1
        self.said = []

    def write(self, octets):
        assert self.selected == 0
        self.said.append((self.line, bytes(octets)))

    def data(self, level):
        self.line = level

    def select(self, level):
        self.selected = level


def test_the_st7789_gets_the_window_and_the_colours():
    wire = Wire()
    resets = []
    panel = st7789.Panel(wire, wire.data, wire.select, resets.append, lambda milliseconds: None)
    equal(resets, [0, 1])
    equal([octets for line, octets in wire.said if not line], [b"\x01", b"\x11", b"\x3a", b"\x36", b"\x21", b"\x29"])
    band = canvas.Canvas()
    for top in pages.bands(band, FULL, view("home")):
        wire.said = []
        panel.show(top, band.buffer)
        commands = [octets for line, octets in wire.said if not line]
        equal(commands, [b"\x2a", b"\x2b", b"\x2c"])
        data = [octets for line, octets in wire.said if line]
        last = top + canvas.BAND - 1
        equal(data[:2], [bytes((0, 0, 0, 239)), bytes((top >> 8, top & 255, last >> 8, last & 255))])
        octets = b"".join(data[2:])
        equal(len(octets), 2 * canvas.WIDTH * canvas.BAND)
        for place in range(0, canvas.WIDTH * canvas.BAND, 37):
            pair = band.buffer[place // 2]
            colour = pair & 15 if place & 1 else pair >> 4
            red, green, blue = palette.RGB[3 * colour : 3 * colour + 3]
            equal(octets[2 * place] << 8 | octets[2 * place + 1], red >> 3 << 11 | green >> 2 << 5 | blue >> 3)
