# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong on the host, and the exit code each kind ends with.

0 no defect, 1 a defect was found, 2 wrong usage or broken input, 3 the bench itself failed.
A fault of the tool or of its input is never reported as a failure of the device.
"""

EXIT_DEFECT = 1
EXIT_USAGE = 2
EXIT_BENCH = 3


class HanrefError(Exception):
    """Anything hanref itself can explain in one line. The message names what, where and what to do."""

    exit_code = EXIT_BENCH


class UsageError(HanrefError):
    """Wrong usage or broken input: an option, a file, a field of a file."""

    exit_code = EXIT_USAGE


class BenchError(HanrefError):
    """The bench failed: an interpreter, a board, a port, a radio."""

    exit_code = EXIT_BENCH
