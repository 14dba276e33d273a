# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoded messages as JSON, one object a line."""

import orjson

from hanref.decode.batch import Result


def line(result: Result) -> bytes:
    """The object of one input: everything that was decoded, or `index`, `error` and `offset`."""
    if result.error is not None:
        tree = {"index": result.index, "error": result.error.what, "offset": result.error.offset}
    else:
        assert result.decoded is not None
        tree = {"index": result.index, **result.decoded.tree()}
    return orjson.dumps(tree, option=orjson.OPT_APPEND_NEWLINE)
