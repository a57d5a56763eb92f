"""What follows from the links of a graph, each in one pass and without recursion."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workflows.graphs.components import strong_components
from workflows.values import equal_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workflows.graphs.elements import Link, Node
    from workflows.keys import NodeId


class Structure:
    """The graph as an engine sees it.

    Attributes
    ----------
    links : tuple
    incoming, outgoing : dict
        The links of each node, in the order of the document.
    required : frozenset
        The links without which their target cannot run.
    """

    def __init__(self, nodes: Mapping[NodeId, Node], links: Sequence[Link]) -> None:
        self._nodes = nodes
        self.links = tuple(links)
        self.incoming: dict[NodeId, list[Link]] = {node_id: [] for node_id in nodes}
        self.outgoing: dict[NodeId, list[Link]] = {node_id: [] for node_id in nodes}
        for link in self.links:
            self.incoming[link.target].append(link)
            self.outgoing[link.source].append(link)
        self.required = self._required_links()

    @cached_property
    def has_loops(self) -> bool:
        """Whether some node leads back to itself."""
        waiting = {node_id: len(links) for node_id, links in self.incoming.items()}
        free = [node_id for node_id, count in waiting.items() if not count]
        n_ordered = 0
        while free:
            n_ordered += 1
            for link in self.outgoing[free.pop()]:
                waiting[link.target] -= 1
                if not waiting[link.target]:
                    free.append(link.target)
        return n_ordered < len(waiting)

    @cached_property
    def groups(self) -> list[tuple[NodeId, ...]]:
        """The nodes, those together that all lead to each other; upstream ones first."""
        return strong_components(self.outgoing)

    @cached_property
    def start_nodes(self) -> tuple[NodeId, ...]:
        """The nodes that run by themselves; empty if every node waits for another (a loop)."""
        return tuple(
            node.id
            for node in self._nodes.values()
            if node.force_start_node or not (self.incoming[node.id] or node.is_error_handler)
        )

    @cached_property
    def end_nodes(self) -> tuple[NodeId, ...]:
        """The nodes whose outputs are the result.

        These lead nowhere, or to error handlers only. If there are none, those
        after which no link may be taken, because its conditions leave cases out.
        """
        pure = tuple(
            node_id for node_id, links in self.outgoing.items() if all(link.on_error for link in links)
        )
        return pure or tuple(node_id for node_id in self.outgoing if self._leaves_cases_out(node_id))

    def has_error_handler(self, node_id: NodeId) -> bool:
        """Tell whether a failure of the node leads to another node."""
        return any(link.on_error for link in self.outgoing[node_id])

    def _required_links(self) -> frozenset[Link]:
        """Unless a link says it: required when neither it nor anything upstream may be left out."""
        optional = [link for link in self.links if link.may_be_left_out]
        if not optional:
            return frozenset(self.links)
        uncertain = downstream((link.target for link in optional), self.outgoing)
        return frozenset(
            link
            for link in self.links
            if not link.may_be_left_out and (link.required or link.source not in uncertain)
        )

    def _leaves_cases_out(self, node_id: NodeId) -> bool:
        """Tell whether some value of an output that is tested leads nowhere (ewoks' rule).

        The complement of true is false and the reverse; of anything else it is the
        else value. A link that tests another output as well may be left out all the same.
        """
        tested: dict[Any, list[Any]] = defaultdict(list)
        covered: dict[Any, list[Any]] = defaultdict(list)
        for link in self.outgoing[node_id]:
            is_sure = len({name for name, _ in link.conditions}) == 1
            for name, value in link.conditions:
                tested[name].append(value)
                if is_sure:
                    covered[name].append(value)
        otherwise = self._nodes[node_id].conditions_else_value
        return any(
            not any(
                equal_values(other, complement)
                for other in covered[name]
                for complement in _complements(value, otherwise)
            )
            for name, values in tested.items()
            for value in values
        )


def downstream(node_ids: Iterable[NodeId], outgoing: Mapping[NodeId, Sequence[Link]]) -> set[NodeId]:
    """Return the given nodes and all nodes that they lead to."""
    reached = set(node_ids)
    pending = list(reached)
    while pending:
        for link in outgoing[pending.pop()]:
            if link.target not in reached:
                reached.add(link.target)
                pending.append(link.target)
    return reached


def _complements(value: Any, otherwise: Any) -> tuple[Any, ...]:
    return (not value, otherwise) if isinstance(value, bool) else (otherwise,)
