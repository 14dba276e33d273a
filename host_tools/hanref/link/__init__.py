# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a board: serial ports, and the console of a running firmware (docs/console.md).

    with Link.open("/dev/ttyACM0") as board:
        board.hello()
        print(board.request("version")["line"])
"""

from hanref.link.console import BoardRefused, Link, NoAnswer
from hanref.link.ports import PortError, open_port

__all__ = ["BoardRefused", "Link", "NoAnswer", "PortError", "open_port"]
