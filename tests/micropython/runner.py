# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the test functions of one file on MicroPython, one name a line on standard input.

Started by tests/conftest.py as ``micropython runner.py FOLDER MODULE PATH...``; answers each name with
one marked JSON line: outcome ``passed``, ``failed`` or ``skipped``, with the traceback or the reason.
"""

import gc
import io
import json
import sys

MARK = "\x01hanref:"


def answer(outcome, text=""):
    print(MARK + json.dumps({"outcome": outcome, "text": text}))


def traceback_of(error):
    buffer = io.StringIO()
    sys.print_exception(error, buffer)
    return buffer.getvalue()


def run(module, name, skip):
    gc.collect()
    try:
        getattr(module, name)()
    except skip as error:
        answer("skipped", str(error.args[0]))
    except BaseException as error:
        # A test that leaves the interpreter with SystemExit has failed as well.
        answer("failed", traceback_of(error))
    else:
        answer("passed")


def main():
    folder, name = sys.argv[1:3]
    sys.path[:] = sys.argv[3:] + [folder] + [path for path in sys.path if path.startswith(".frozen")]
    try:
        from support import Skip

        module = __import__(name)
    except BaseException as error:
        answer("failed", traceback_of(error))
        return
    answer("passed")
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        run(module, line.strip(), Skip)


main()
