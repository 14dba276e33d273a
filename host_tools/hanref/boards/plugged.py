# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards on serial ports, told by the VID:PID of their USB side."""

from dataclasses import dataclass

from hanref.boards.catalogue import known


@dataclass(frozen=True)
class PluggedIn:
    """A USB serial port, and the names of the boards it may be."""

    port: str
    usb: str
    description: str
    serial_number: str | None
    boards: list[str]
    certain: bool


def plugged_in() -> list[PluggedIn]:
    """The serial ports on USB. ``boards`` is empty for those that are no known board."""
    from serial.tools import list_ports

    found = []
    for port in list_ports.comports():
        if port.vid is None:
            continue
        usb = f"{port.vid:04X}:{port.pid:04X}"
        matching = [board for board in known().values() if usb in board.recognise.usb]
        found.append(
            PluggedIn(
                port=port.device,
                usb=usb,
                description=port.description or "",
                serial_number=port.serial_number,
                boards=[board.name for board in matching],
                certain=len(matching) == 1 and not matching[0].recognise.usb_is_shared,
            )
        )
    return found
