"""A graph as text: its nodes level by level, each with the links that leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflows.drawing.levels import find_levels
from workflows.drawing.words import condition_words, mapping_words, task_words
from workflows.keys import node_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.graphs.elements import Link, Node
    from workflows.graphs.graph import Graph


def draw_text(graph: Graph) -> str:
    """Write a graph for a terminal.

    A node stands below all that lead to it; a link that closes a loop is marked ``loop``.

    Examples
    --------
    >>> from workflows.graphs.graph import load_graph
    >>> nodes = [{"id": name, "task_type": "method", "task_identifier": "m.f"} for name in "ab"]
    >>> print(draw_text(load_graph({"nodes": nodes, "links": [{"source": "a", "target": "b"}]})), end="")
    notspecified: 2 nodes, 1 link
    level 1
      a (f)
        -> b
    level 2
      b (f)
    """
    return "".join(f"{_printable(line)}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    levels = find_levels(graph)
    yield f"{graph.label}: {_count(len(graph.nodes), 'node')}, {_count(len(graph.links), 'link')}"
    for number, row in enumerate(levels.rows, 1):
        yield f"level {number}"
        for node_id in row:
            node = graph.nodes[node_id]
            yield f"  {_node_words(node)}"
            for link in graph.structure.outgoing[node_id]:
                yield f"    {_link_words(link, node, is_back=link in levels.back)}"


def _node_words(node: Node) -> str:
    name = node_name(node.id)
    label = f" '{node.label}'" if node.label != name else ""
    marks = [
        word
        for word, holds in (("start", node.force_start_node), ("handles errors", node.is_error_handler))
        if holds
    ]
    return f"{name}{label} ({', '.join([task_words(node), *marks])})"


def _link_words(link: Link, node: Node, *, is_back: bool) -> str:
    condition = condition_words(link, node)
    marks = ["loop"] * is_back + [f"if {condition}" if link.conditions else condition] * bool(condition)
    mapping = ", ".join(mapping_words(link))
    marked = f" [{', '.join(marks)}]" if marks else ""
    return f"-> {node_name(link.target)}{marked}{f': {mapping}' if mapping else ''}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _printable(line: str) -> str:
    """Keep a document from steering the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
