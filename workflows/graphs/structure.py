"""What follows from the links of a graph, each in one pass and without recursion."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from workflows.errors import GraphError
from workflows.graphs.reading import MAX_LINKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workflows.graphs.elements import Link, Node
    from workflows.keys import NodeId


class Structure:
    """The graph as an engine sees it.

    Attributes
    ----------
    incoming, outgoing : dict
        The links of each node, in the order of the document, with those that
        default error nodes add.
    required : frozenset
        The links without which their target cannot run.
    cycle : tuple
        The nodes of one loop, in order; empty for an acyclic graph.
    start_nodes, end_nodes : tuple
        Where execution inputs go, and whose outputs are the result.
    """

    def __init__(self, nodes: Mapping[NodeId, Node], links: Sequence[Link]) -> None:
        links = [*links, *_default_error_links(nodes, links)]
        self.incoming = _grouped(nodes, links, end="target")
        self.outgoing = _grouped(nodes, links, end="source")
        self.required = self._required_links(links)
        self.cycle = self._find_cycle()
        self.start_nodes = tuple(
            node.id for node in nodes.values() if node.force_start_node or not self.incoming[node.id]
        )
        self.end_nodes = tuple(
            node_id for node_id in nodes if all(link.on_error for link in self.outgoing[node_id])
        )

    def has_error_handler(self, node_id: NodeId) -> bool:
        """Tell whether a failure of the node leads to another node."""
        return any(link.on_error for link in self.outgoing[node_id])

    def _required_links(self, links: Sequence[Link]) -> frozenset[Link]:
        """Unless a link says it: required when neither it nor anything upstream may be left out."""
        uncertain = _downstream((link.target for link in links if _may_be_left_out(link)), self.outgoing)
        return frozenset(
            link
            for link in links
            if not _may_be_left_out(link) and (link.required or link.source not in uncertain)
        )

    def _find_cycle(self) -> tuple[NodeId, ...]:
        waiting = {node_id: len(links) for node_id, links in self.incoming.items()}
        free = deque(node_id for node_id, count in waiting.items() if not count)
        while free:
            node_id = free.popleft()
            del waiting[node_id]
            for link in self.outgoing[node_id]:
                waiting[link.target] -= 1
                if not waiting[link.target]:
                    free.append(link.target)
        return self._walk_back(waiting)

    def _walk_back(self, remaining: Mapping[NodeId, int]) -> tuple[NodeId, ...]:
        """Follow predecessors among nodes that all have one, until a node comes back.

        The loop is told from its first node in the order of the document.
        """
        if not remaining:
            return ()
        path = {next(iter(remaining)): 0}
        while True:
            last = next(reversed(path))
            before = next(link.source for link in self.incoming[last] if link.source in remaining)
            if before in path:
                loop = list(path)[path[before] :][::-1]
                members = set(loop)
                start = loop.index(next(node_id for node_id in remaining if node_id in members))
                return tuple(loop[start:] + loop[:start])
            path[before] = len(path)


def _may_be_left_out(link: Link) -> bool:
    return link.is_conditional if link.required is None else not link.required


def _grouped(nodes: Iterable[NodeId], links: Iterable[Link], *, end: str) -> dict[NodeId, list[Link]]:
    groups: dict[NodeId, list[Link]] = {node_id: [] for node_id in nodes}
    for link in links:
        groups[getattr(link, end)].append(link)
    return groups


def _downstream(node_ids: Iterable[NodeId], outgoing: Mapping[NodeId, Sequence[Link]]) -> set[NodeId]:
    reached = set(node_ids)
    pending = list(reached)
    while pending:
        for link in outgoing[pending.pop()]:
            if link.target not in reached:
                reached.add(link.target)
                pending.append(link.target)
    return reached


def _default_error_links(nodes: Mapping[NodeId, Node], links: Sequence[Link]) -> list[Link]:
    """Link every node without error handler to the default error nodes.

    Handlers, and what comes after them, get none: an error there is final.
    """
    templates = [node.error_link for node in nodes.values() if node.error_link]
    if not templates:
        return []
    handlers = {link.target for link in [*templates, *links] if link.on_error}
    handled = {link.source for link in links if link.on_error}
    final = _downstream(handlers, _grouped(nodes, links, end="source"))
    sources = [node_id for node_id in nodes if node_id not in final and node_id not in handled]
    if len(templates) * len(sources) > MAX_LINKS:
        raise GraphError(f"{len(templates)} default error nodes are too many for {len(nodes)} nodes")
    return [replace(template, source=source) for template in templates for source in sources]
