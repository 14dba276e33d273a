# SPDX-License-Identifier: GPL-3.0-or-later
"""The display on both interpreters, money against another calculation, pictures on the host and in the report."""

import base64
import io
import random
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import drawing
import pytest
from han.devices import ihd_screen
from han.display import canvas, pages, palette, wording
from hanref.display import capture
from hanref.errors import UsageError
from hanref.generate import font
from hanref.report import pictures
from hanref.resources import firmware
from hanref.trace import Event, Trace
from hypothesis import given, settings
from hypothesis import strategies as st
from micropython_peer import MicroPythonPeer
from PIL import Image

PENNY = Decimal("0.01")
NAMES = pages.names("ppmid")


def pounds(value: Decimal) -> str:
    """An amount as a person writes it, worked out in decimal."""
    rounded = value.quantize(PENNY, ROUND_HALF_UP)
    return ("-" if rounded < 0 else "") + "£" + format(abs(rounded), "f")


@given(st.integers(-(2**31), 2**48))
def test_money_to_the_penny(value: int) -> None:
    assert wording.money(value) == pounds(Decimal(value) / 100000)


@given(st.integers(0, 2**23 - 1), st.integers(1, 10**6))
def test_cost_of_an_hour_to_the_penny(watts: int, price: int) -> None:
    screen: dict[str, Any] = {}
    ihd_screen._electricity(screen, {"instantaneous_demand": watts, "no_tier_block1_price": price})
    exact = Decimal(watts) / 1000 * Decimal(price) / 100000
    assert wording.money(screen["electricity_cost_per_hour"]) == pounds(exact)


@given(st.integers(-(2**23), 2**48))
def test_kilowatts_to_two_decimals(value: int) -> None:
    rounded = (Decimal(value) / 1000).quantize(PENNY, ROUND_HALF_UP)
    assert wording.kilo(value) == ("-" if rounded < 0 else "") + format(abs(rounded), "f")


def test_money_on_micropython(micropython_peer: MicroPythonPeer) -> None:
    @settings(max_examples=60)
    @given(st.integers(-(2**31), 2**48))
    def same(value: int) -> None:
        micropython_peer.same("han.display.wording:money", value)
        micropython_peer.same("han.display.wording:kilo", value)

    same()


@pytest.mark.parametrize("page", NAMES)
def test_every_screen_has_the_same_pixels_on_both_interpreters(page: str, micropython_peer: MicroPythonPeer) -> None:
    for items in (drawing.FULL, drawing.NOTHING, {"time": None}):
        outcome, sums = micropython_peer.same("drawing:checksums", items, drawing.view(page))
        assert outcome == "value" and len(sums) == canvas.HEIGHT // canvas.BAND
    micropython_peer.same("drawing:packed", drawing.FULL, drawing.view(page, money=True, digits="1" * 20, cursor=7))


def test_the_surface_is_framebufs(micropython_peer: MicroPythonPeer) -> None:
    place = st.integers(-12, 40)
    colour = st.integers(0, 15)
    operation = st.one_of(
        st.tuples(st.just("fill"), st.tuples(colour)),
        st.tuples(st.just("fill_rect"), st.tuples(place, place, place, place, colour)),
        st.tuples(st.just("hline"), st.tuples(place, place, place, colour)),
        st.tuples(st.just("vline"), st.tuples(place, place, place, colour)),
        st.tuples(st.just("pixel"), st.tuples(place, place, colour)),
        st.tuples(st.just("blit"), st.tuples(place, place)),
    )

    @settings(max_examples=120)
    @given(st.lists(operation, max_size=12), st.binary(min_size=10, max_size=10), st.integers(2, 16))
    def same(operations: list[Any], sprite: bytes, half: int) -> None:
        micropython_peer.same("drawing:surface", 2 * half, 21, operations, sprite)

    same()


FIGURES = [name for name, value in drawing.FULL.items() if isinstance(value, int) and not isinstance(value, bool)]


@given(st.sets(st.sampled_from(FIGURES)), st.sampled_from(NAMES))
def test_what_is_missing_is_never_a_number(missing: set[str], page: str) -> None:
    """Leaving a figure out takes its text off every screen, and puts no other number there."""
    partly = {name: None if name in missing else value for name, value in drawing.FULL.items()}
    whole_texts = [text for *_, text, _, _ in drawing.recorded(drawing.FULL, drawing.view(page)).texts]
    texts = [text for *_, text, _, _ in drawing.recorded(partly, drawing.view(page)).texts]
    new = [text for text in texts if text not in whole_texts]
    assert not [text for text in new if re.search(r"\d", text)], new


def screen_events(page: str = "home", moment: str = "before erasure") -> list[dict[str, Any]]:
    texts = drawing.packed(drawing.FULL, drawing.view(page))
    return [
        {"page": page, "moment": moment, "fuel": "electricity", "top": number * canvas.BAND, "data": text}
        for number, text in enumerate(texts)
    ]


def trace_of(contents: list[dict[str, Any]]) -> Trace:
    header = {"schema": "hanref-trace/1", "devices": {"ihd": {"role": "ihd"}}}
    return Trace(header, [Event(n, n * 1000, "ihd", None, "screen", content) for n, content in enumerate(contents, 1)])


def test_a_capture_becomes_a_png_with_the_same_pixels() -> None:
    (found,) = capture.captures(trace_of(screen_events()))
    assert (found.page, found.moment, found.event.n) == ("home", "before erasure", 1)
    image = Image.open(io.BytesIO(found.png()))
    assert image.size == (canvas.WIDTH, canvas.HEIGHT) and image.mode == "P"
    colours = image.convert("RGB")
    rng = random.Random(1)
    for _ in range(500):
        x, y = rng.randrange(canvas.WIDTH), rng.randrange(canvas.HEIGHT)
        octet = found.pixels[(y * canvas.WIDTH + x) // 2]
        colour = octet & 15 if x & 1 else octet >> 4
        assert colours.getpixel((x, y)) == tuple(palette.RGB[3 * colour : 3 * colour + 3])
    assert len(found.png()) < 6000


def test_a_capture_with_a_lost_band_is_left_out_and_a_damaged_one_named() -> None:
    events = screen_events()
    assert not capture.captures(trace_of(events[:-1]))
    assert len(capture.captures(trace_of(events[3:] + events))) == 1
    for data in ("!", base64.b64encode(b"\x05").decode(), base64.b64encode(b"\x05\x00").decode()):
        damaged = [{**events[0], "data": data}, *events[1:]]
        with pytest.raises(UsageError, match=r"event 1 \(screen\): data"):
            capture.captures(trace_of(damaged))


def test_the_report_puts_together_what_belongs_together() -> None:
    moments = ("before erasure", "after erasure", "half an hour later")
    events = [event for moment in moments for page in ("home", "electricity_days") for event in screen_events(page, moment)]
    for moment in ("before top up", "after top up", "button up"):
        events += screen_events("home", moment)
    found = pictures.series(trace_of(events))
    assert [(one.title, one.columns) for one in found] == [
        ("erasure", list(moments)),
        ("top up", ["before top up", "after top up"]),
        ("buttons", ["button up"]),
    ]
    assert [page for page, _ in found[0].rows] == ["home", "electricity days"]
    assert all(picture.startswith("data:image/png;base64,") for _, row in found[0].rows for _, picture in row)


@pytest.mark.skipif(not font.FOLDER.is_dir(), reason="Roboto is not here: install fonts-roboto-unhinted")
@pytest.mark.parametrize("name", font.FONTS)
def test_fonts_are_up_to_date(name: str) -> None:
    assert font.module(name) == Path(firmware() / "han" / "display" / (name + ".py")).read_text(encoding="utf-8")
