# SPDX-License-Identifier: GPL-3.0-or-later
"""DLMS payloads as plain data, so that tests can compare the interpreters."""

import han  # noqa: F401  (makes CPython's `micropython` module)
from han.gbcs import dlms


def again(octets):
    """The octets that a payload has after decoding and encoding."""
    return dlms.encode(dlms.decode(octets))
