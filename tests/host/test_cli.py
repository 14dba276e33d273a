# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line as a whole: quick help, one clear line for an error, exit codes."""

import subprocess
import sys

HEAVY = ("zigpy", "pydantic", "cryptography", "jinja2")


def hanref(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from hanref.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from hanref.cli import main\n"
        "try: main(['--help'])\n"
        "finally: print('loaded', sorted(set(%r) & set(sys.modules)))" % (HEAVY,)
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0
    assert "loaded []" in done.stdout
    assert "run" in done.stdout


def test_wrong_option_is_wrong_usage() -> None:
    done = hanref("run", "--no-such-option")

    assert done.returncode == 2
    assert "no-such-option" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_expected_error_is_one_line() -> None:
    done = hanref("run", "no-such-scenario")

    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.strip().splitlines()) == 1
