# SPDX-License-Identifier: GPL-3.0-or-later
"""A replay from its first line to its last."""

import sys
from collections.abc import Sequence

from hanref.gbcs.keys import Keys
from hanref.replay import replayer
from hanref.replay.scenarios import Scenario


def run(scenarios: Sequence[Scenario], keys: Keys, interpreter: replayer.Interpreter, seed: int | None = None) -> bool:
    """Replay scenarios and print what becomes of them; whether at least one was replayed and all of them matched.

    With a `seed` their numbers are varied (`hanref.replay.vary`).
    """
    results = []
    for scenario in scenarios:
        if seed is None:
            result = replayer.replay(scenario, keys, interpreter)
        else:
            from hanref.replay.varied import replay_varied

            result = replay_varied(scenario, keys, interpreter, seed)
        print(result.line(scenario.name), flush=True)
        if result.outcome == replayer.DIFFERS and result.reason:
            print(f"{scenario.name}: {result.reason}", file=sys.stderr)
        results.append(result)
    replayed = [result for result in results if result.outcome != replayer.NOT_REPLAYED]
    matched = [result for result in replayed if result.outcome == replayer.MATCHED]
    print(f"by state {_share(matched, replayed, False)}, by fault {_share(matched, replayed, True)}")
    print(f"matched {len(matched)} of {len(replayed)}")
    return len(matched) == len(replayed) > 0


def _share(matched: Sequence[replayer.Result], replayed: Sequence[replayer.Result], by_fault: bool) -> str:
    of = [sum(result.by_fault == by_fault for result in results) for results in (matched, replayed)]
    return f"{of[0]} of {of[1]}"
