# SPDX-License-Identifier: GPL-3.0-or-later
"""What both interpreters make of the same octets from a co-processor."""

from han.radio.znp_link import Link
from znp_script import joined


def frames(pieces):
    """(command, data) of every frame in `pieces`, and how many octets belonged to none."""
    found = []
    link = Link(lambda command, data: found.append((command, bytes(data))))
    for piece in pieces:
        link.feed(piece, 0)
    return found, link.dropped


def survives(pieces):
    """Feed anything to a started driver; it must neither raise nor stop working. Returns what it counted."""
    bench = joined()
    for piece in pieces:
        bench.radio.feed(piece, bench.time)
        bench.time += 1000
        bench.radio.tick(bench.time)
    bench.run(200000)
    bench.coprocessor.octets = bytearray()
    bench.say(0x45CB, b"\x07")
    return ("permit_join", 7) in bench.events, bench.radio.started
