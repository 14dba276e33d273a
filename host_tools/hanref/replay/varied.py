# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario replayed with other numbers in the device: its answer must change in the fields that show them, and only there.

The answer is judged with the `cryptography` package: MAC or signature are right, encrypted attributes open, the state
that the answer shows is the varied one, and whatever differs from the published answer was varied.
"""

import json

from han.errors import HanError

from hanref.gbcs import check, seed
from hanref.gbcs.keys import Keys
from hanref.replay import replayer, vary
from hanref.replay.leaves import leaves
from hanref.replay.replayer import Prepared, Result
from hanref.replay.scenarios import Scenario


def replay_varied(scenario: Scenario, keys: Keys, interpreter: replayer.Interpreter, number: int) -> Result:
    """Replay one scenario with the variation `number`."""
    try:
        prepared = replayer.prepare(scenario, keys)
        by_fault = seed.is_fault(prepared.shown)
        plain, changes = _vary(prepared, f"{number} {scenario.name}")
        answer, reason = replayer.give(prepared, plain, keys, interpreter)
    except replayer.NotReplayed as error:
        return Result(replayer.NOT_REPLAYED, reason=str(error))
    except replayer.NoState as error:
        return Result(replayer.DIFFERS, reason=str(error))
    if answer is None:
        return Result(replayer.DIFFERS, reason=reason or "no answer", by_fault=by_fault)
    reason = _judge(prepared, plain, changes, answer, keys)
    if reason:
        offset = replayer.difference(answer, prepared.response, keys) or 0
        return Result(replayer.DIFFERS, offset, reason, by_fault)
    return Result(replayer.MATCHED, by_fault=by_fault)


def _vary(prepared: Prepared, number: str) -> tuple[replayer.Plain, vary.Varied]:
    """A varied state; raises NoState for one that holds what cannot be varied."""
    try:
        return vary.vary(prepared.shown, prepared.command, number)
    except (HanError, ValueError, TypeError, LookupError) as error:
        raise replayer.NoState(f"the state cannot be varied: {error}") from None


def _judge(prepared: Prepared, plain: replayer.Plain, changes: vary.Varied, answer: bytes, keys: Keys) -> str:
    """What is wrong with an answer, empty if nothing is."""
    try:
        before, after = check.check(prepared.response, keys), check.check(answer, keys)
        shown = seed.shown(prepared.command, after, keys)
        old, new = leaves(before), leaves(after)
    except (HanError, ValueError, TypeError, LookupError) as error:
        return f"the answer cannot be read: {error}"
    if (after.mac or after.signature) != "valid":
        return "MAC or signature are not valid"
    if json.loads(json.dumps(shown)) != json.loads(json.dumps(plain)):
        return f"the answer shows another state than the device was seeded with: {_first(plain, shown)}"
    if [path for path, _ in old] != [path for path, _ in new]:
        return "the answer has other fields"
    for (path, was), (_, now) in zip(old, new, strict=True):
        if was != now and (was, now) not in changes.pairs and not _is_shifted(was, now, changes):
            return f"{path}: {was!r} became {now!r}, which was not varied so"
    return ""


def _is_shifted(was: object, now: object, changes: vary.Varied) -> bool:
    return isinstance(was, int) and isinstance(now, int) and now - was in changes.shifts


def _first(wanted: replayer.Plain, found: replayer.Plain) -> str:
    """The first part in which two states differ."""
    for name in wanted:
        if wanted[name] != found.get(name):
            return name
    return "parts that were not seeded"
