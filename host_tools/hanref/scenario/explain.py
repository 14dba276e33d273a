# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong in a file, in words for who wrote it."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from hanref.scenario.steps import Step


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """What is wrong in a file, as `field: what`, with a guess where a key is unknown."""
    # A key that is misspelt is missing too: say the more useful of the two.
    first = min(error.errors(), key=lambda entry: entry["type"] != "extra_forbidden")
    place = list(first["loc"])
    field = _field(place)
    if first["type"] == "extra_forbidden":
        guess = get_close_matches(str(place[-1]), _keys(model, place[:-1]), 1)
        return "%s: unknown key%s" % (field, "; did you mean %s?" % guess[0] if guess else "")
    if first["type"] == "missing":
        return "%s: is missing" % field
    if first["type"].startswith("union_tag"):
        given = first["input"].get("do") if isinstance(first["input"], Mapping) else None
        what = "is missing" if given is None else "unknown verb %r" % (given,)
        return "%s: do: %s: there are %s" % (field, what, ", ".join(sorted(_verbs())))
    message = first["msg"].removeprefix("Value error, ")
    return "%s: %s" % (field, message[:1].lower() + message[1:])


def _field(place: list[Any]) -> str:
    """`step 4 (read): use_case` of ("step", 3, "read", "use_case"), `devices.ihd.gas_poll` elsewhere."""
    if len(place) < 2 or place[0] != "step":
        return ".".join(str(part) for part in place)
    where = "step %d" % (place[1] + 1)
    rest = place[2:]
    if rest and rest[0] in _verbs():
        where += " (%s)" % rest.pop(0)
    return ": ".join([where, *map(str, rest)])


def _verbs(kind: type[Step] = Step) -> dict[str, type[Step]]:
    """Every verb with its step."""
    found = {}
    for step in kind.__subclasses__():
        verb = get_args(step.model_fields["do"].annotation)
        found.update({verb[0]: step} if verb else {})
        found.update(_verbs(step))
    return found


def _keys(model: type[BaseModel], place: list[Any]) -> list[str]:
    """The keys known at a place of a file that `model` describes."""
    for part in place:
        if part in _verbs():
            return list(_verbs()[part].model_fields)
        if isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            kinds = [annotation, *get_args(annotation)]
            model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), model)
    return [field.alias or name for name, field in model.model_fields.items()]
