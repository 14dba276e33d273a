# SPDX-License-Identifier: GPL-3.0-or-later
"""What `--dut ROLE=PORT` and `--dut ROLE=join:CODE` say."""

from collections.abc import Iterable
from dataclasses import dataclass

from hanref.air.keys import parse_install_code
from hanref.errors import UsageError

ROLES = ("esme", "gsme", "ihd", "ppmid")
_JOIN = "join:"


@dataclass(frozen=True)
class Attachment:
    """A role left to a device outside.

    `port` is the line to its radio UART, on which the simulated co-processor answers; without one the co-processor is
    offered at a TCP port. `install_code` (with its CRC) is the device's own, None where the bench makes it.
    """

    role: str
    port: str | None
    install_code: bytes | None


def parse(options: Iterable[str]) -> dict[str, Attachment]:
    """Attachments by role. Raises UsageError."""
    found: dict[str, Attachment] = {}
    for option in options:
        role, equals, where = option.partition("=")
        if not equals or not where or role not in ROLES:
            raise UsageError(
                "--dut %s: write ROLE=PORT or ROLE=join:CODE, the role one of %s%s"
                % (option.partition("join:")[0], ", ".join(ROLES), "; judge a hub by a capture" if role == "hub" else "")
            )
        if role in found:
            raise UsageError("--dut %s: the role is given twice" % role)
        if where.startswith(_JOIN):
            code = parse_install_code(where.removeprefix(_JOIN), "--dut %s=join:" % role)
            found[role] = Attachment(role, None, code)
        else:
            found[role] = Attachment(role, where, None)
    return found
