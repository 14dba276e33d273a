# SPDX-License-Identifier: GPL-3.0-or-later
"""Framing of the Z-Stack serial protocol: pieces, noise, lost octets."""

from han.radio.znp_link import STALL, Link, frame
from support import equal, vectors


def read(pieces, times=None):
    frames = []
    link = Link(lambda command, data: frames.append((command, bytes(data))))
    for index, piece in enumerate(pieces):
        link.feed(piece, times[index] if times else 0)
    return frames, link


PING = frame(0x2101, b"")
LONG = frame(0x4481, bytes(range(250)))


def test_published_frames():
    """Every frame of the three codecs' Z-Stack set reads back, and is written the same."""
    for row in vectors("radio-frames.json")["frames"]:
        if row["link"] == "znp":
            octets = bytes.fromhex(row["hex"])
            frames, link = read([octets])
            equal(len(frames), 1, row["name"])
            equal(bytes(frame(frames[0][0], frames[0][1])), octets, row["name"])
            equal(link.dropped, 0)


def test_whole_frames():
    equal(bytes(PING), b"\xfe\x00\x21\x01\x20")
    equal(read([PING + LONG])[0], [(0x2101, b""), (0x4481, bytes(range(250)))])


def test_octet_by_octet():
    octets = bytes(LONG + PING + LONG)
    frames, link = read([octets[index : index + 1] for index in range(len(octets))])
    equal(len(frames), 3)
    equal(link.dropped, 0)


def test_much_at_once():
    frames, link = read([bytes(LONG) * 20])
    equal(len(frames), 20)
    equal(link.dropped, 0)


def test_noise_before_and_between():
    frames, link = read([b"\x00\xff\x01" + PING + b"\x12\x34" + PING])
    equal(len(frames), 2)
    equal(link.dropped, 5)


def test_start_octets_as_noise():
    frames, _ = read([b"\xfe\xfe\xfe" + PING])
    equal(frames, [(0x2101, b"")])


def test_a_damaged_frame_costs_itself_only():
    damaged = bytearray(LONG)
    damaged[100] ^= 0x40
    frames, _ = read([bytes(damaged) + PING + LONG])
    equal([command for command, _ in frames], [0x2101, 0x4481])


def test_a_length_over_250_is_no_frame():
    frames, _ = read([b"\xfe\xfb" + PING])
    equal(frames, [(0x2101, b"")])


def test_a_lost_octet_costs_one_frame():
    for lost in range(len(PING)):
        octets = bytes(PING)
        short = octets[:lost] + octets[lost + 1 :]
        frames, _ = read([short + octets + bytes(LONG)])
        assert (0x4481, bytes(range(250))) in frames, lost


def test_a_frame_that_never_ends_does_not_hold_back_the_next():
    begun = bytes(LONG)[:40]
    frames, link = read([begun, PING], [0, STALL + 1])
    equal(frames, [(0x2101, b"")])
    equal(link.dropped, 40)
    frames, link = read([begun, bytes(LONG)[40:]], [0, 10 * STALL])
    equal(len(frames), 1, "a slow frame is whole in the end")
    equal(link.dropped, 0)


def test_reset_forgets_the_beginning():
    frames, link = read([bytes(LONG)[:40]])
    link.reset()
    link.feed(PING, 0)
    equal(frames, [(0x2101, b"")])
