"""What may run next: one state machine for every engine, without threads and without clock.

A node is looked at once all its links are settled: their sources have ended,
and each link has fired or not. It runs when every required link has fired and,
if it has links at all, at least one of them; otherwise it is skipped. A node
with ``force_start_node`` needs none that is not required. Which nodes run, and
with what, therefore depends on results only, never on their order.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING, Any

from workflows.running.rounds import Scope, Token, Turn

if TYPE_CHECKING:
    from collections.abc import Collection

    from workflows.errors import WorkflowError
    from workflows.graphs.elements import Link
    from workflows.graphs.structure import Structure
    from workflows.keys import NodeId


class Scheduler:
    """Follows the nodes of one run of a graph without loops.

    Parameters
    ----------
    start_nodes
        The nodes that run without a link that leads to them.
    """

    def __init__(self, structure: Structure, start_nodes: Collection[NodeId]) -> None:
        self._structure = structure
        self._incoming, self._outgoing = structure.incoming, structure.outgoing
        self._required = structure.required
        self._all_required = len(structure.required) == len(structure.links)
        self._rank = {node_id: rank for rank, node_id in enumerate(structure.incoming)}
        self._starts = frozenset(start_nodes)
        self._ready: list[tuple[tuple[int, ...], int, int, Turn]] = []
        self._n_turns = 0
        self._undecided: deque[tuple[Scope, Any]] = deque()
        self._skipped: list[NodeId] = []
        self._failures: dict[NodeId, list[Token]] = {}
        self.error: WorkflowError | None = None
        """What ended the run as a failure although no node failed."""
        self._open(Scope())
        self._decide_all()

    def take(self) -> Turn | None:
        """Start what may run now, early rounds and early nodes first; None if there is nothing."""
        if not self._ready:
            return None
        turn = heapq.heappop(self._ready)[-1]
        for _, token in turn.tokens:
            token.is_taken = True
        return turn

    def end(
        self, turn: Turn, fired: Collection[Link] = (), data: Any = None, *, failed: bool = False
    ) -> list[NodeId]:
        """Note that a turn has ended, which of its links fired, and what they bring.

        Returns
        -------
        list
            The nodes that are skipped because of that.
        """
        token = Token(data, len(fired))
        if failed:
            self._failures.setdefault(turn.node_id, []).append(token)
        self._finish(turn.scope, turn.node_id, fired, token)
        if self._undecided:
            self._decide_all()
        skipped, self._skipped = self._skipped, []
        return skipped

    def let_go(self, turn: Turn) -> None:
        """Forget what links brought to a turn, where no other node will need it."""
        for _, token in turn.tokens:
            token.n_awaited -= 1
            if not token.n_awaited:
                token.data = None

    def unhandled_failures(self) -> list[NodeId]:
        """Return the nodes with an error that led to no other node, in the order of the document."""
        unhandled = (n for n, tokens in self._failures.items() if not all(t.is_taken for t in tokens))
        return sorted(unhandled, key=self._rank.__getitem__)

    def _open(self, root: Scope) -> None:
        """Begin to wait for everything."""
        for node_id, links in self._incoming.items():
            root.counts[node_id] = len(links)
            if not links:
                self._undecided.append((root, node_id))

    def _decide_all(self) -> None:
        while self._undecided:
            scope, node_id = self._undecided.popleft()
            tokens = self._tokens(scope, node_id)
            if tokens is None:
                self._skipped.append(node_id)
                self._finish(scope, node_id, (), None)
            else:
                self._make_ready(scope, node_id, tokens)

    def _make_ready(self, scope: Scope, node_id: NodeId, tokens: list[tuple[Link, Token]]) -> None:
        self._n_turns += 1
        turn = Turn(node_id, tokens, scope)
        heapq.heappush(self._ready, (scope.rounds, self._rank[node_id], self._n_turns, turn))

    def _tokens(self, scope: Scope, node_id: NodeId) -> list[tuple[Link, Token]] | None:
        """Collect what links bring to a node, what counts most last; None if it may not run."""
        links = self._incoming[node_id]
        may_run = node_id in self._starts
        tokens: list[tuple[Link, Token]] = []
        for link in links:
            token = scope.tokens.get(link)
            if token is not None:
                may_run = True
                tokens.append((link, token))
            elif link in self._required:
                return None
        return self._in_order(tokens) if may_run else None

    def _in_order(self, tokens: list[tuple[Link, Token]]) -> list[tuple[Link, Token]]:
        """Let optional links come after required ones, otherwise as in the document."""
        if not self._all_required and len(tokens) > 1:
            tokens.sort(key=lambda item: item[0] not in self._required)
        return tokens

    def _finish(self, scope: Scope, node_id: NodeId, fired: Collection[Link], token: Token | None) -> None:
        """Settle the links of a node that has ended, or that does not run (``token`` is None)."""
        links = self._outgoing[node_id]
        if len(fired) == len(links):
            scope.tokens.update(dict.fromkeys(links, token))
        else:
            scope.tokens.update(dict.fromkeys(fired, token))
        counts = scope.counts
        for link in links:
            target = link.target
            counts[target] -= 1
            if not counts[target]:
                self._undecided.append((scope, target))
