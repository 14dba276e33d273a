# SPDX-License-Identifier: GPL-3.0-or-later
"""Answer function calls on MicroPython: the far side of tests/micropython_peer.py.

Started as ``micropython peer_server.py PATH...``. A request is one line, ``[function, arguments]``
with the function as ``module:name`` or ``module:Class.name``; the answer is one marked line,
``["value", result]`` or ``["raises", class name, message, traceback]``.
"""

import io
import sys

MARK = "\x01hanref:"

sys.path[:] = sys.argv[1:] + [path for path in sys.path if path.startswith(".frozen")]
import wire_values  # noqa: E402  (the path above is where it is found)


def find(name):
    module_name, attributes = name.split(":")
    found = __import__(module_name)
    for part in module_name.split(".")[1:]:
        found = getattr(found, part)
    for part in attributes.split("."):
        found = getattr(found, part)
    return found


def serve(line):
    function, arguments = wire_values.read(line)
    try:
        return wire_values.write(["value", find(function)(*arguments)])
    except Exception as error:
        buffer = io.StringIO()
        sys.print_exception(error, buffer)
        return wire_values.write(["raises", type(error).__name__, str(error), buffer.getvalue()])


def main():
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        print(MARK + serve(line))


main()
