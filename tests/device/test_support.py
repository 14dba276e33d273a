# SPDX-License-Identifier: GPL-3.0-or-later
"""The helpers of the portable tests behave the same on both interpreters."""

import wire_values
from support import Skip, equal, raises, skip


def test_raises_returns_the_exception():
    equal(raises(ValueError, int, "x").__class__, ValueError)


def test_raises_fails_when_nothing_is_raised():
    raises(AssertionError, raises, ValueError, int, "1")


def test_raises_lets_other_exceptions_through():
    raises(KeyError, raises, ValueError, {}.__getitem__, 1)


def test_equal_shows_both_values():
    error = raises(AssertionError, equal, 1, 2, "tariff")
    equal(str(error), "tariff: 1 is not the expected 2")


def test_skip_carries_its_reason():
    equal(str(raises(Skip, skip, "not here")), "not here")


def test_values_survive_the_wire():
    for value in (None, True, -(2**90), 0.1, "£\n\"", b"\x00\xff", [1, (2, b"3")], {1: (), "two": [None]}):
        equal(wire_values.read(wire_values.write(value)), value)


def test_other_objects_are_refused_on_the_wire():
    raises(TypeError, wire_values.write, object())
