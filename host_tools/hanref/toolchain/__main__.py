# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m hanref.toolchain build unix mpy-cross emulated rp2`` and ``… path unix``.

``build`` makes what is not there yet, ``path`` prints where it is (and makes it if need be).
"""

import argparse
import sys

from hanref.errors import HanrefError
from hanref.toolchain.builds import PRODUCTS


def main() -> int:
    """Run the command line; the exit code is 2 when something is missing."""
    parser = argparse.ArgumentParser(prog="python -m hanref.toolchain", description="MicroPython for host and boards.")
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="make products that are not in the cache yet")
    build.add_argument("products", nargs="+", choices=list(PRODUCTS))
    path = commands.add_parser("path", help="print where a product is")
    path.add_argument("product", choices=list(PRODUCTS))
    arguments = parser.parse_args()
    try:
        if arguments.command == "path":
            print(PRODUCTS[arguments.product]())
        else:
            for product in arguments.products:
                PRODUCTS[product]()
    except HanrefError as error:
        print(f"hanref: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
