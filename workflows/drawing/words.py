"""What a drawing says of nodes and links."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workflows.keys import node_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.graphs.elements import Link, Node

_LONGEST_VALUE = 40


def task_words(node: Node) -> str:
    """Return the name of a node's task, without its package."""
    if node.task_type == "generated":
        return shortened(f"{node.task_generator}: {node.task_identifier}", 2 * _LONGEST_VALUE)
    name = node.task_identifier or node.task_type
    is_dotted = node.task_type in ("class", "method", "ppfmethod")
    parts = name.split(".")
    short = ".".join(parts[-2:]) if node.task_type == "ppfmethod" else parts[-1]
    return short if is_dotted else name


def condition_words(link: Link, node: Node) -> str:
    """Return when a link is taken: empty for always, ``else`` for the else value of its source ``node``."""
    if link.on_error:
        return "on error"
    return " and ".join(
        f"{name} else"
        if value is not None and value == node.conditions_else_value
        else f"{name} = {value_words(value)}"
        for name, value in link.conditions
    )


def mapping_words(link: Link) -> Iterator[str]:
    """Yield what a link hands over, one item each."""
    if link.map_all_data:
        yield "all outputs"
    for source, target in link.data_mapping:
        yield f"{'all outputs' if source is None else source} -> {target}"


def link_words(link: Link, node: Node) -> list[str]:
    """Return all that is to be said of a link: its ends, what it hands over, and when ``node`` takes it."""
    condition = condition_words(link, node)
    words = [f"{node_name(link.source)} -> {node_name(link.target)}", *mapping_words(link)]
    return words + ([f"if {condition}" if link.conditions else condition] if condition else [])


def value_words(value: Any) -> str:
    """Write a value shortly, as JSON does where it can."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    return shortened(text, _LONGEST_VALUE)


def shortened(text: str, length: int) -> str:
    """Cut a text that is too long."""
    return text if len(text) <= length else f"{text[: length - 1]}\N{HORIZONTAL ELLIPSIS}"
