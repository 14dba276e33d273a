# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoded messages for people: a panel each on the terminal."""

from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hanref.decode.batch import Result
from hanref.decode.message import KINDS, Decoded

Tree = dict[str, Any]

_CHECKS = {
    "valid": ("valid", "green"),
    "invalid": ("INVALID", "bold red"),
    "unverified": ("not checked", "yellow"),
}


def panel(result: Result) -> RenderableType:
    """One input: a panel, or a line with the error."""
    if result.error is not None:
        return Text(f"message {result.index}: {result.error}", "bold red")
    decoded = result.decoded
    assert decoded is not None
    use_case = decoded.use_case
    title = Text.assemble((use_case.name, "bold"), f" {use_case.title}: {KINDS[decoded.message.cra]}", overflow="ellipsis")
    return Panel(
        Group(_header(decoded), "", *_content(decoded.content)),
        title=title,
        title_align="left",
        subtitle=f"message {result.index}",
        subtitle_align="right",
        padding=(0, 1),
    )


# --- header -------------------------------------------------------------------------------------------------


def _header(decoded: Decoded) -> Table:
    tree = decoded.tree()
    grid = _grid()
    grid.add_row("message code", tree["message_code"])
    grid.add_row("originator", tree["originator"])
    grid.add_row("recipient", tree["recipient"])
    grid.add_row("originator counter", tree["originator_counter"])
    for key in ("supplementary_remote_party_id", "supplementary_remote_party_counter", "supplementary_originator_counter"):
        if tree[key] is not None:
            grid.add_row(key.replace("_", " "), tree[key])
    if decoded.message.date_time is not None:
        grid.add_row("time", decoded.date_time_utc or tree["date_time"])
        if decoded.time_source is not None:
            grid.add_row("time source", decoded.time_source)
        grid.add_row("time reliability", decoded.time_reliability or "")
    grid.add_row("MAC", _check(decoded.mac_check))
    if decoded.message.signature is None:
        grid.add_row("signature", Text("not yet: a pre-command", "dim"))
    else:
        grid.add_row("signature", _check(decoded.signature_check))
    if decoded.decryption_check is not None:
        grid.add_row("encrypted attributes", _check(decoded.decryption_check))
    return grid


def _check(result: str | None) -> Text:
    return Text(*_CHECKS[result]) if result else Text("none", "dim")


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="cyan")
    grid.add_column(overflow="fold")
    return grid


# --- content ------------------------------------------------------------------------------------------------


def _content(content: Tree) -> list[RenderableType]:
    """What a payload says: the head of an alert, then its components or items, then the rest."""
    parts: list[RenderableType] = []
    rest = {name: value for name, value in content.items() if name not in ("components", "items")}
    if rest:
        parts.append(_value(rest))
    if "components" in content:
        parts.append(_components(content["components"]))
    if "items" in content:
        parts.append(_items(content["items"]))
    return parts


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _components(components: list[Tree]) -> RenderableType:
    """GBZ: one ZCL command below the other, its content indented."""
    parts: list[RenderableType] = []
    for number, component in enumerate(components, 1):
        parts.append(
            Text.assemble((f"{number:2} ", "dim"), (component["command"], "bold"), (f"  {component['cluster']}", "dim"))
        )
        content = {name: value for name, value in component.items() if name not in ("cluster", "command")}
        content.update(content.pop("fields", {}))
        attributes = content.pop("attributes", None)
        if content:
            parts.append(Padding(_value(content), (0, 0, 0, 3)))
        if attributes is not None:
            parts.append(Padding(_attributes(attributes), (0, 0, 0, 3)))
    return Group(*parts)


def _attributes(attributes: list[Any]) -> RenderableType:
    if attributes and isinstance(attributes[0], str):
        return Text("\n".join(attributes))
    grid = _grid()
    for item in attributes:
        number = item["name"], _quantity(item)
        grid.add_row(*number)
    return grid


def _quantity(item: Tree) -> Text:
    """A value as people write it: scaled with its unit if it can be, the meaning of a code, the reason of a failure."""
    if "status" in item:
        return Text(item["status"], "red")
    if "scaled" in item:
        return Text.assemble(" ".join(filter(None, (item["scaled"], item.get("unit")))), (f"  {item['value']}", "dim"))
    if "meaning" in item:
        return Text.assemble(_words(item["meaning"]), (f"  {item['value']}", "dim"))
    return Text(_words(item["value"]))


def _items(items: list[Tree]) -> RenderableType:
    """DLMS: one attribute or method below the other; what is no plain value is indented below it."""
    parts: list[RenderableType] = []
    for number, item in enumerate(items, 1):
        parts.append(_item(number, item))
        value = _item_value(item)
        if not isinstance(value, Text):
            parts.append(Padding(value, (0, 0, 0, 3)))
    return Group(*parts)


def _item(number: int, item: Tree) -> Text:
    """What is done with which attribute of which object, its value if that is plain, and the result."""
    line = Text.assemble((f"{number:2} ", "dim"), item["do"], " ")
    if "obis" in item:
        line.append_text(_name(item))
    value = _item_value(item)
    if isinstance(value, Text) and value.plain:
        line.append(": ")
        line.append_text(value)
    if "result" in item:
        line.append(f"  {item['result']}", "green" if item["result"] == "success" else "red")
    return line


def _name(item: Tree) -> Text:
    """An attribute or method as the use case and as COSEM call it."""
    kind = "method" if "method" in item else "attribute"
    class_name = item.get("class_name") or f"class {item['class']}"
    name = " ".join(filter(None, (item.get("object"), item.get("name") or f"{kind} {item[kind]}")))
    return Text.assemble((name, "bold"), (f"  {class_name} {item['obis']} {kind} {item[kind]}", "dim"))


def _wanted(item: Tree) -> Text:
    """An attribute that a protected read asks for."""
    line = _name(item)
    if "from" in item:
        line.append(f"  from {item['from']} to {item['to']}")
    return line


def _item_value(item: Tree) -> RenderableType:
    if "scaled" in item:
        return _quantity(item)
    if "protected_read" in item:
        return Group(*map(_wanted, item["protected_read"]))
    if "protected" in item:
        return _value([inner.get("value") for inner in item["protected"]])
    if "value" in item:
        return _value(item["value"])
    rest = {name: item[name] for name in ("from", "to", "selection", "encrypted") if name in item}
    return _value(rest) if rest else Text("")


def _words(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value) or "none"
    return str(value)


def _is_plain(value: Any) -> bool:
    return _is_flat(value) if isinstance(value, list) else not isinstance(value, dict)


def _value(value: Any) -> RenderableType:
    """Any value: names in a column, lists below each other, logs as tables."""
    if _is_plain(value):
        return Text(_words(value))
    if isinstance(value, list):
        return _records(value) if _are_records(value) else Group(*(_value(item) for item in value))
    if set(value) == {"columns", "rows"}:
        return _log(value)
    grid = _grid()
    for name, inner in value.items():
        if name + "_scaled" in value:
            grid.add_row(name.replace("_", " "), Text.assemble(value[name + "_scaled"], (f"  {inner}", "dim")))
        elif not (name.endswith("_scaled") and name.removesuffix("_scaled") in value):
            grid.add_row(name.replace("_", " "), _value(inner))
    return grid


def _are_records(items: list[Any]) -> bool:
    """Whether all items have the same names and plain values, so that a table shows them."""
    if not items or not isinstance(items[0], dict):
        return False
    names = list(items[0])
    return all(isinstance(item, dict) and list(item) == names and all(map(_is_plain, item.values())) for item in items)


def _records(items: list[Tree]) -> Table:
    table = _table(*(name.replace("_", " ") for name in items[0]))
    for item in items:
        table.add_row(*(_words(value) for value in item.values()))
    return table


def _log(log: Tree) -> RenderableType:
    """The rows of a compact array: a table, or row by row where a row holds lists."""
    rows = [row if isinstance(row, list) else [row] for row in log["rows"]]
    columns = [name.replace("_", " ") for name in log["columns"] or [""] * max(map(len, rows), default=1)]
    if any(not _is_flat(row) for row in rows):
        return Group(*(_value(dict(zip(columns, row, strict=True))) if log["columns"] else _value(row) for row in rows))
    table = _table(*columns)
    table.show_header = bool(log["columns"])
    for row in rows:
        table.add_row(*map(_words, row))
    return table


def _is_flat(row: list[Any]) -> bool:
    return not any(isinstance(cell, (dict, list)) for cell in row)
