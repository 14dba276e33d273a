# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong while an interpreter or a firmware is built: one line that says what to do."""

from hanref.errors import UsageError


class ToolchainError(UsageError):
    """Something the build needs is missing or broken; the message says what and how to get it."""


class MissingProgram(ToolchainError):
    """A compiler or another program is not installed."""


class MissingSource(ToolchainError):
    """The pinned sources cannot be had: no network, no Debian, or the archive has other versions."""


class WrongChecksum(ToolchainError):
    """A downloaded file is not the pinned one."""


class BuildFailed(ToolchainError):
    """The compiler or make ended with an error; the message names the log."""
