"""How nodes and inputs are addressed in a graph."""

from __future__ import annotations

from typing import Any, TypeAlias

NodeId: TypeAlias = str | tuple[Any, ...]
"""A name; or, for a node that came from a sub-graph, the path to it as nested tuples."""

InputKey: TypeAlias = str | int
"""The name of an input, or its position from 0."""

MOST_POSITIONS = 1000
"""No task has more positional inputs; all those before the last one are looked at."""

_DEEPEST_ID = 32
_LONGEST_POSITION = 6


def input_key(name: InputKey) -> InputKey:
    """Read the name of an input; a name made of digits is a position.

    Examples
    --------
    >>> input_key("energy"), input_key("0"), input_key(1)
    ('energy', 0, 1)
    """
    if isinstance(name, str) and name.isascii() and name.isdigit() and len(name) <= _LONGEST_POSITION:
        return int(name)
    return name


def checked_key(name: object) -> InputKey:
    """Read the name or position of an input or output that somebody wrote.

    Raises
    ------
    ValueError
        It is neither, or the position is too large.
    """
    key = input_key(name) if type(name) is str and name[:1].isdigit() else name
    if (type(key) is str and key) or (type(key) is int and 0 <= key < MOST_POSITIONS):
        return key
    raise ValueError(f"an input or output is addressed by its name or its position (below {MOST_POSITIONS})")


def node_key(value: object, *, depth: int = 0) -> NodeId:
    """Read the id of a node; JSON writes the paths of sub-graphs as lists.

    Raises
    ------
    ValueError
        ``value`` is not a name or a list of such ids.
    """
    if isinstance(value, str) and value:
        return value
    if isinstance(value, list | tuple) and value and depth < _DEEPEST_ID:
        return tuple(node_key(part, depth=depth + 1) for part in value)
    raise ValueError("the id of a node is a text, or a list of such ids")


def json_node_id(node_id: NodeId | None) -> Any:
    """Write the id of a node as JSON does: paths as lists."""
    return [json_node_id(part) for part in node_id] if isinstance(node_id, tuple) else node_id


def node_name(node_id: NodeId) -> str:
    """Write the id of a node, those of sub-graphs with colons."""
    return node_id if isinstance(node_id, str) else ":".join(node_name(part) for part in node_id)
