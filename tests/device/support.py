# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for the portable tests: they run under CPython with pytest and under native MicroPython.

A test file in this folder holds plain functions ``test_*`` without arguments. It imports what it
tests and this module, nothing else. Where a whole file needs a small heap (the unix port's words
are twice as wide as a board's), it says ``MICROPYTHON_HEAP = "400k"`` at module level.
"""

import json
import os
import sys

ON_MICROPYTHON = sys.implementation.name == "micropython"


class Skip(Exception):
    """Raised by ``skip``; both runners report the test as skipped with this reason."""


def skip(reason):
    """End the running test as skipped; ``reason`` is a plain sentence shown on screen."""
    raise Skip(reason)


def raises(exception, function, *arguments, **named):
    """Call ``function`` and return the ``exception`` it must raise; fail when it raises none."""
    try:
        result = function(*arguments, **named)
    except exception as error:
        return error
    raise AssertionError("%s expected, but %r was returned" % (exception.__name__, result))


def equal(actual, expected, where=""):
    """Fail with both values when they differ: MicroPython's ``assert`` shows neither."""
    if actual != expected:
        prefix = where + ": " if where else ""
        raise AssertionError("%s%r is not the expected %r" % (prefix, actual, expected))


def vectors_folder():
    """The folder of published test vectors, from HANREF_VECTORS; skip the test where it is unset."""
    folder = os.getenv("HANREF_VECTORS")
    if not folder:
        skip("the published vectors are not here: set HANREF_VECTORS to their folder")
    return folder


def vectors(name):
    """The parsed JSON file ``name`` (with ``/`` for sub-folders) of the published vectors."""
    with open(vectors_folder() + "/" + name) as file:
        return json.load(file)
