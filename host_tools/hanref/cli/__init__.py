# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line. One module a verb; `main` is the console script."""

import importlib
import pkgutil
import sys
import traceback

from hanref.errors import EXIT_BENCH, EXIT_USAGE, HanrefError


def load_verbs() -> None:
    """Import every module of this package, so that each registers its verb."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(__name__ + "." + module.name)


def main(arguments: list[str] | None = None) -> None:
    """Run hanref and leave with its exit code. An expected error is one line on standard error.

    `arguments` default to those of the process.
    """
    from han.errors import HanError

    from hanref.cli.app import app

    load_verbs()
    try:
        app(args=arguments, prog_name="hanref")
    except HanrefError as error:
        _complain(str(error))
        sys.exit(error.exit_code)
    except HanError as error:
        _complain(str(error))
        sys.exit(EXIT_USAGE)
    except OSError as error:
        where = "%s: " % error.filename if error.filename else ""
        _complain(where + (error.strerror or str(error)))
        sys.exit(EXIT_USAGE)
    except Exception:
        # A fault of ours. Its exit code must not be that of a defect found in a device.
        traceback.print_exc()
        sys.exit(EXIT_BENCH)


def _complain(message: str) -> None:
    from rich.console import Console
    from rich.text import Text

    line = Text.assemble(("error: ", "bold red"), " ".join(message.split()))
    Console(stderr=True, soft_wrap=True).print(line)
