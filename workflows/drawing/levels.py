"""Which nodes of a graph stand side by side, and which links lead back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflows.graphs.elements import Link
    from workflows.graphs.graph import Graph
    from workflows.graphs.structure import Structure
    from workflows.keys import NodeId


@dataclass(frozen=True)
class Levels:
    """The nodes in rows, each below everything that leads to it, save by the links in ``back``."""

    rows: list[list[NodeId]]
    back: frozenset[Link]
    """The links that close a loop."""


def find_levels(graph: Graph) -> Levels:
    """Put each node as far down as its longest way from the top; in time that grows as the links do."""
    structure = graph.structure
    back = _back_links(structure, [*structure.start_nodes, *graph.nodes])
    level = dict.fromkeys(graph.nodes, 0)
    waiting = {
        node_id: sum(link not in back for link in links) for node_id, links in structure.incoming.items()
    }
    free = [node_id for node_id, count in waiting.items() if not count]
    for node_id in free:  # grows on the way
        for link in structure.outgoing[node_id]:
            if link not in back:
                level[link.target] = max(level[link.target], level[node_id] + 1)
                waiting[link.target] -= 1
                if not waiting[link.target]:
                    free.append(link.target)
    rows: list[list[NodeId]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for node_id in graph.nodes:
        rows[level[node_id]].append(node_id)
    return Levels(rows, back)


def _back_links(structure: Structure, roots: list[NodeId]) -> frozenset[Link]:
    """Find the links to a node that the search is still inside of: without them there is no loop."""
    back: set[Link] = set()
    inside: set[NodeId] = set()
    seen: set[NodeId] = set()
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        inside.add(root)
        path = [(root, iter(structure.outgoing[root]))]
        while path:
            node_id, links = path[-1]
            link = next(links, None)
            if link is None:
                path.pop()
                inside.discard(node_id)
            elif link.target in inside:
                back.add(link)
            elif link.target not in seen:
                seen.add(link.target)
                inside.add(link.target)
                path.append((link.target, iter(structure.outgoing[link.target])))
    return frozenset(back)
