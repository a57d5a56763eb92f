"""What may run next: one state machine for every engine, without threads and without clock."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from workflows.states import State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from workflows.graphs.elements import Link
    from workflows.graphs.graph import Graph
    from workflows.keys import NodeId


class Scheduler:
    """Follows the state of every node of an acyclic graph.

    A node is looked at once all its links are settled: their sources have
    ended, and each link has fired or not. It runs when every required link has
    fired and, if it has links at all, at least one of them; otherwise it is
    skipped. A node with ``force_start_node`` needs none that is not required.

    Which nodes run therefore depends on results only, never on their order.
    """

    def __init__(self, graph: Graph) -> None:
        self._nodes = graph.nodes
        self._structure = graph.structure
        self._rank = {node_id: rank for rank, node_id in enumerate(graph.nodes)}
        self._states = dict.fromkeys(graph.nodes, State.PENDING)
        self._unsettled = {node_id: len(links) for node_id, links in self._structure.incoming.items()}
        self._fired: set[Link] = set()
        self._ready: list[tuple[int, NodeId]] = []
        for node_id, count in self._unsettled.items():
            if not count:
                self._add_ready(node_id)

    @property
    def states(self) -> Mapping[NodeId, State]:
        """The present state of every node."""
        return self._states

    def fired_links(self, node_id: NodeId) -> list[Link]:
        """Return the links to a node that bring it data; what a later one brings wins.

        Optional links come after required ones, otherwise as in the document.
        """
        fired = [link for link in self._structure.incoming[node_id] if link in self._fired]
        return sorted(fired, key=lambda link: link not in self._structure.required)

    def take(self) -> NodeId | None:
        """Start the first node, in the order of the document, that may run now; None if there is none."""
        if not self._ready:
            return None
        _, node_id = heapq.heappop(self._ready)
        self._states[node_id] = State.RUNNING
        return node_id

    def end(self, node_id: NodeId, state: State, fired: Collection[Link] = ()) -> list[NodeId]:
        """Note how a running node ended and which of its links fired.

        Returns
        -------
        list
            The nodes that are skipped because of that.
        """
        self._states[node_id] = state
        self._fired.update(fired)
        skipped: list[NodeId] = []
        ended = [node_id]
        while ended:
            for link in self._structure.outgoing[ended.pop()]:
                target = link.target
                self._unsettled[target] -= 1
                if self._unsettled[target] or self._states[target] is not State.PENDING:
                    continue
                if self._may_run(target):
                    self._add_ready(target)
                else:
                    self._states[target] = State.SKIPPED
                    skipped.append(target)
                    ended.append(target)
        return skipped

    def cancel(self) -> list[NodeId]:
        """Give up all nodes that have not started, and return them."""
        self._ready.clear()
        pending = [node_id for node_id, state in self._states.items() if state is State.PENDING]
        self._states.update(dict.fromkeys(pending, State.CANCELLED))
        return pending

    def outcome(self) -> State:
        """Return the state of the run, once nothing is running.

        It failed when a node failed and no error link led to a node that ran.
        """
        states = self._states
        if self.unhandled_failures():
            return State.FAILED
        return State.CANCELLED if State.CANCELLED in states.values() else State.SUCCEEDED

    def unhandled_failures(self) -> list[NodeId]:
        """Return the failed nodes whose error went nowhere, in the order of the document."""
        return [
            node_id
            for node_id, state in self._states.items()
            if state is State.FAILED and not self._is_handled(node_id)
        ]

    def _is_handled(self, node_id: NodeId) -> bool:
        handlers = [link.target for link in self._structure.outgoing[node_id] if link.on_error]
        return any(self._states[handler] in (State.SUCCEEDED, State.FAILED) for handler in handlers)

    def _may_run(self, node_id: NodeId) -> bool:
        links = self._structure.incoming[node_id]
        if any(link in self._structure.required and link not in self._fired for link in links):
            return False
        return self._nodes[node_id].force_start_node or any(link in self._fired for link in links)

    def _add_ready(self, node_id: NodeId) -> None:
        heapq.heappush(self._ready, (self._rank[node_id], node_id))
