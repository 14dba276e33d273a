# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the value of a constant in place of its name, across all modules of the firmware, before it is compiled.

mpy-cross does so inside a module for names that begin with an underscore. On a board every other constant costs an entry
in its module's dictionary, a string in the interpreter's pool and a search at each use; here they are linked as a linker
would. Lines keep their numbers, so tracebacks fit the sources. Used by the build of the wheel, where nothing of hanref is
installed yet: so this module imports nothing from hanref.

A constant is an integer that is assigned once, at the top of a module, to a name in capitals. One that may still be asked
for by name, of an object or by a string, stays where it is as well.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"_?[A-Z][A-Z0-9_]*$")
_SMALL = 1 << 30  # from here on an integer is an object, which is better made once
_OPERATIONS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: lambda left, right: left % right,
    ast.BitOr: lambda left, right: left | right,
    ast.BitAnd: lambda left, right: left & right,
    ast.LShift: lambda left, right: left << right,
    ast.RShift: lambda left, right: left >> right,
}


@dataclass
class _Module:
    """A module: what each of its names is bound to by imports, and its constants."""

    name: str
    text: str
    tree: ast.Module
    stored: Counter[str]  # how often each name is bound other than by an import
    constants: dict[str, int] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)  # name -> module it stands for
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)  # name -> module, name in it


def linked(sources: Mapping[str, str]) -> dict[str, str]:
    """{module: text} with the constants in place, of {module: text}. Names are dotted; a package goes by its own name."""
    modules = {name: _parsed(name, text) for name, text in sources.items()}
    for module in modules.values():
        _bind(module, modules)
    while sum([_find_constants(module, modules) for module in modules.values()]):
        pass
    by_name = {name for module in modules.values() for name in _asked_by_name(module, modules)}
    return {name: _rewritten(module, modules, by_name) for name, module in modules.items()}


def _parsed(name: str, text: str) -> _Module:
    try:
        tree = ast.parse(text, name)
    except SyntaxError:
        tree = ast.Module([], [])  # stays as it is: the compiler says what is wrong
    return _Module(name, text, tree, Counter(_stored(tree)))


def _bind(module: _Module, modules: Mapping[str, _Module]) -> None:
    """Find what imports bind; a name that is bound to more than one thing is left alone."""
    bound = module.stored.copy()
    found: dict[str, set[tuple[str, str]]] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                found.setdefault(alias.asname or alias.name, set()).add((node.module, alias.name))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                bound[(alias.asname or alias.name).split(".")[0]] += 1
    for name, origins in found.items():
        if len(origins) == 1 and not bound[name]:
            ((origin, original),) = origins
            if f"{origin}.{original}" in modules:
                module.modules[name] = f"{origin}.{original}"
            else:
                module.imported[name] = (origin, original)


def _stored(tree: ast.AST) -> Iterator[str]:
    """Every name that is bound other than by an import, as often as it is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler) and node.name:
            yield node.name


def _find_constants(module: _Module, modules: Mapping[str, _Module]) -> int:
    """Add the constants whose value is known by now; returns how many there were."""
    count = 0
    for node in module.tree.body:
        target = _defines(node)
        if target is None or target in module.constants or module.stored[target] != 1:
            continue
        assert isinstance(node, ast.Assign)
        value = _value(node.value, module, modules)
        if value is not None and -_SMALL <= value < _SMALL:
            module.constants[target] = value
            count += 1
    return count


def _defines(node: ast.AST) -> str | None:
    """The name in capitals that a statement assigns to and nothing else."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Name) and _NAME.match(target.id):
            return target.id
    return None


def _value(node: ast.AST, module: _Module, modules: Mapping[str, _Module]) -> int | None:
    """The integer that an expression comes to, None where it is not known."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "const":
        return _value(node.args[0], module, modules)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand, module, modules)
        return None if value is None else -value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left, right = _value(node.left, module, modules), _value(node.right, module, modules)
        return None if left is None or right is None else _OPERATIONS[type(node.op)](left, right)
    return _constant(node, module, modules)


def _constant(node: ast.AST, module: _Module, modules: Mapping[str, _Module]) -> int | None:
    """The value of a constant's name, None for anything else."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        if node.id in module.constants:
            return module.constants[node.id]
        origin, name = module.imported.get(node.id, ("", ""))
        return modules[origin].constants.get(name) if origin in modules else None
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name):
        origin = module.modules.get(node.value.id, "")
        return modules[origin].constants.get(node.attr) if origin else None
    return None


def _asked_by_name(module: _Module, modules: Mapping[str, _Module]) -> Iterator[str]:
    """Names that an object or a string may be asked for at run time, or that an import could not be followed to."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and _constant(node, module, modules) is None:
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if module.imported.get(alias.asname or alias.name) != (node.module, alias.name):
                    yield alias.name


def _rewritten(module: _Module, modules: Mapping[str, _Module], by_name: set[str]) -> str:
    """The text with values in place, without the definitions and imports that nothing needs any more."""
    edits: list[tuple[ast.stmt | ast.expr, str]] = []
    used: set[str] = set()

    def visit(node: ast.AST) -> None:
        if _defines(node) in module.constants.keys() - by_name:
            assert isinstance(node, ast.Assign)
            edits.append((node, "pass"))
            return
        value = _constant(node, module, modules)
        if value is not None:
            assert isinstance(node, ast.expr)
            edits.append((node, f"({value})"))
            return
        if isinstance(node, ast.Name):
            used.add(node.id)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            kept = []
            for alias in node.names:
                if (alias.asname or alias.name) in used or not _may_go(module, modules, alias, by_name):
                    kept.append(alias)
            if len(kept) < len(node.names):
                names = ", ".join(alias.name + (f" as {alias.asname}" if alias.asname else "") for alias in kept)
                text = f"from {node.module} import {names}" if kept else "pass"
                assert node.end_lineno is not None
                edits.append((node, text + "\n" * (node.end_lineno - node.lineno)))
    return _edited(module.text, edits)


def _may_go(module: _Module, modules: Mapping[str, _Module], alias: ast.alias, by_name: set[str]) -> bool:
    """Whether an import may go when its name is not used any more: one of our modules or constants, or `const`."""
    name = alias.asname or alias.name
    origin, original = module.imported.get(name, ("", ""))
    if name in module.modules or (origin, original) == ("micropython", "const"):
        return True
    return origin in modules and original in modules[origin].constants and name not in by_name


def _edited(text: str, edits: list[tuple[ast.stmt | ast.expr, str]]) -> str:
    """The text with nodes replaced. Columns count octets."""
    lines = [line.encode() for line in text.split("\n")]
    for node, replacement in sorted(edits, key=lambda edit: (edit[0].lineno, edit[0].col_offset), reverse=True):
        assert node.end_lineno is not None and node.end_col_offset is not None
        first, last = node.lineno - 1, node.end_lineno - 1
        whole = lines[first][: node.col_offset] + replacement.encode() + lines[last][node.end_col_offset :]
        lines[first : last + 1] = whole.split(b"\n")
        lines[first + 1 : first + 1] = [b""] * (last - first - replacement.count("\n"))
    return b"\n".join(lines).decode()
