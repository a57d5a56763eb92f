"""The ids of nodes as documents write them, right or wrong."""

from __future__ import annotations

from typing import Any, Final

from workflows.keys import node_key

BAD_ID: Final = "the id of a node is a text, or a list of such ids"


def raw_key(value: Any) -> Any:
    """Return the id that is written, paths as tuples; ``None`` where it is no id."""
    if type(value) is str and value:
        return value
    try:
        return node_key(value)
    except ValueError:
        return None
