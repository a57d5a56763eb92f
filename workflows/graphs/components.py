"""Strongly connected components: the nodes of a graph that lead to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflows.graphs.elements import Link
    from workflows.keys import NodeId


def strong_components(outgoing: Mapping[NodeId, Sequence[Link]]) -> list[tuple[NodeId, ...]]:
    """Group the nodes, upstream groups first (Tarjan's algorithm, without recursion).

    The nodes of a group stand in the order of ``outgoing``; most groups are one node.
    """
    rank = {node_id: position for position, node_id in enumerate(outgoing)}
    components = [tuple(sorted(members, key=rank.__getitem__)) for members in _tarjan(outgoing)]
    components.reverse()
    return components


def _tarjan(outgoing: Mapping[NodeId, Sequence[Link]]) -> Iterator[list[NodeId]]:
    number: dict[NodeId, int] = {}
    lowest: dict[NodeId, int] = {}
    open_nodes: dict[NodeId, None] = {}
    for root in outgoing:
        if root in number:
            continue
        number[root] = lowest[root] = len(number)
        open_nodes[root] = None
        path = [(root, iter(outgoing[root]))]
        while path:
            node_id, links = path[-1]
            for link in links:
                target = link.target
                if target not in number:
                    number[target] = lowest[target] = len(number)
                    open_nodes[target] = None
                    path.append((target, iter(outgoing[target])))
                    break
                if target in open_nodes:
                    lowest[node_id] = min(lowest[node_id], number[target])
            else:
                path.pop()
                if path:
                    before = path[-1][0]
                    lowest[before] = min(lowest[before], lowest[node_id])
                if lowest[node_id] == number[node_id]:
                    yield _closed(node_id, open_nodes)


def _closed(first: NodeId, open_nodes: dict[NodeId, None]) -> list[NodeId]:
    members = []
    while True:
        node_id, _ = open_nodes.popitem()
        members.append(node_id)
        if node_id == first:
            return members
