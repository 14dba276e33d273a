# SPDX-License-Identifier: GPL-3.0-or-later
"""Constants in place of their names: the values, what may go, what has to stay, and the firmware as a whole."""

import ast
import subprocess
import sys
from pathlib import Path

from hanref import resources
from hanref.toolchain import compiling
from hanref.toolchain.linking import linked


def run(folder: Path, sources: dict[str, str]) -> object:
    """What `found` of module `a` comes to, with the other modules at hand."""
    for name, text in linked(sources).items():
        path = folder.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import a; print(repr(a.found))"
    return ast.literal_eval(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def test_values_come_from_other_modules_and_their_imports_go(tmp_path: Path) -> None:
    sources = {
        "a": "from b import FIVE, double\nTWICE = 2 * FIVE\nfound = [TWICE, double(FIVE)]\n",
        "b": "from micropython import const\nFIVE = const(5)\ndef double(value):\n    return value * 2\n",
    }
    texts = linked(sources)
    assert "FIVE" not in texts["a"] + texts["b"]
    assert "const" not in texts["b"]
    assert "from b import double" in texts["a"]
    assert run(tmp_path, sources) == [10, 10]


def test_a_module_of_which_only_constants_are_used_is_not_imported() -> None:
    texts = linked({"p": "", "p.codes": "READ = 1\nWRITE = 2\n", "a": "from p import codes as c\nvalue = (c.READ, -c.WRITE)\n"})
    assert "import" not in texts["a"]
    assert "READ" not in texts["p.codes"]


def test_what_is_asked_for_by_name_stays(tmp_path: Path) -> None:
    sources = {
        "p.b": "SEEN = 7\nSPELT = 8\nGONE = 9\ndef all():\n    return SEEN + SPELT + GONE\n",
        "a": "from p import b\ndef late():\n    return b\nfound = [late().SEEN, getattr(b, 'SPELT'), b.GONE, b.all()]\n",
    }
    assert run(tmp_path, sources) == [7, 8, 9, 24]
    assert "GONE" not in linked(sources)["p.b"]


def test_names_that_mean_several_things_are_left_alone(tmp_path: Path) -> None:
    sources = {
        "a": "LIMIT = 3\ndef f(LIMIT):\n    return LIMIT\n"
        "COUNT = 1\ndef g():\n    global COUNT\n    COUNT = 2\n    return COUNT\n"
        "found = [f(4), g(), COUNT]\n"
    }
    assert run(tmp_path, sources) == [4, 2, 2]


def test_large_integers_and_other_values_stay_objects() -> None:
    text = linked({"a": "ALL = 0xFFFFFFFF\nTEXT = 'text'\nYES = True\nfound = [ALL, TEXT, YES]\n"})["a"]
    assert "found = [ALL, TEXT, YES]" in text


def test_lines_keep_their_numbers() -> None:
    text = "from b import (\n    ONE,\n    other,\n)\nTWO = (\n    2\n)\nfound = [\n    ONE, TWO]  # é\n"
    result = linked({"a": text, "b": "ONE = 1\nother = 2\n"})["a"].split("\n")
    assert len(result) == len(text.split("\n"))
    assert result[8] == "    (1), (2)]  # é"


def test_the_firmware_lacks_nothing(tmp_path: Path) -> None:
    """No name is undefined, and every attribute of a module that is asked for is there."""
    source = resources.firmware()
    paths = [path.relative_to(source) for path in compiling.firmware_files(source)]
    texts = linked({compiling.module_name(path): (source / path).read_text(encoding="utf-8") for path in paths})
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(texts[compiling.module_name(path)], encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821", "--quiet", str(tmp_path)]
    done = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    trees = {name: ast.parse(text) for name, text in texts.items()}
    there = {name: _bound(tree) for name, tree in trees.items()}
    for name, tree in trees.items():
        modules = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    origin = f"{node.module}.{alias.name}"
                    if origin in trees:
                        modules[alias.asname or alias.name] = origin
                    elif node.module in trees:
                        assert alias.name in there[node.module], f"{name}: {origin}"
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                assert node.attr in there[modules[node.value.id]], f"{name}: {node.value.id}.{node.attr}"


def _bound(tree: ast.Module) -> set[str]:
    """The names at the top of a module."""
    found = set()
    for node in tree.body:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                found.add(inner.id)
            elif isinstance(inner, ast.alias):
                found.add(inner.asname or inner.name.split(".")[0])
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return found
