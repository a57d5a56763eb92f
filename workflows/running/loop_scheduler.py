"""The scheduler of graphs with loops.

In a loop everything is decided for each round, as without loops for the whole
run (see ``loops`` for what runs how often). What a required link brought in an
earlier round still counts, and so does that of an optional link with
``cache_if_optional``; but a node runs again only when something new came.

Each loop has a closing scope after its last round. There run the nodes after
the loop that no round has reached, if something from elsewhere leads to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflows.errors import LoopError
from workflows.running.loops import Loop, Loops
from workflows.running.rounds import LoopRun, Scope
from workflows.running.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Collection

    from workflows.graphs.elements import Link
    from workflows.graphs.structure import Structure
    from workflows.keys import NodeId
    from workflows.running.rounds import Token, Turn, Unit

_MOST_NAMES = 8


class LoopScheduler(Scheduler):
    """Follows the nodes of one run of a graph with loops.

    Parameters
    ----------
    max_rounds
        How often a loop may go round before the run is ended as a failure.
    """

    def __init__(self, structure: Structure, start_nodes: Collection[NodeId], *, max_rounds: int) -> None:
        self._loops = Loops(structure, start_nodes)
        self._max_rounds = max_rounds
        super().__init__(structure, start_nodes)

    def let_go(self, turn: Turn) -> None:
        """Keep everything: later rounds may need it."""

    def _open(self, root: Scope) -> None:
        for unit in self._loops.at_the_top:
            root.counts[unit] = len(self._links_to(unit))
            if not root.counts[unit]:
                self._undecided.append((root, unit))

    def _decide_all(self) -> None:
        while self._undecided:
            scope, unit = self._undecided.popleft()
            if scope.counts[unit] or not scope.is_first_for(unit):
                continue
            scope.counts[unit] = -1  # decided
            if isinstance(unit, Loop):
                self._begin_loop(scope, unit)
                continue
            tokens = self._tokens(scope, unit)
            if tokens is not None:
                if scope.run is not None:
                    scope.run.ran.add(unit)
                self._make_ready(scope, unit, tokens)
                continue
            if scope.run is None:
                self._skipped.append(unit)
            self._finish(scope, unit, (), None)

    def _links_to(self, unit: Unit) -> Collection[Link]:
        return unit.entering if isinstance(unit, Loop) else self._incoming[unit]

    def _tokens(self, scope: Scope, node_id: NodeId) -> list[tuple[Link, Token]] | None:
        run = scope.run
        if run is None:
            return super()._tokens(scope, node_id)
        may_run = node_id in self._starts and scope.may_start(node_id)
        tokens: list[tuple[Link, Token]] = []
        for link in self._incoming[node_id]:
            token, is_new = scope.tokens.get(link), True
            if token is None:
                token, is_new = self._earlier(run, scope, link)
            if token is not None:
                tokens.append((link, token))
                may_run = may_run or is_new
            elif link in self._required:
                return None
        return self._in_order(tokens) if may_run else None

    def _earlier(self, run: LoopRun, scope: Scope, link: Link) -> tuple[Token | None, bool]:
        """Find what a link brought before this round, and whether that is a reason to run now."""
        depth = len(self._loops.place[link.source])
        if depth < len(scope.place) and link.target not in run.members:
            return scope.above(depth).tokens.get(link), scope.is_closing and link.target not in run.ran
        if link in self._required or link.cache_if_optional:
            return run.latest.get(link), False
        return None, False

    def _finish(self, scope: Scope, node_id: NodeId, fired: Collection[Link], token: Token | None) -> None:
        if len(fired) > 1:
            fired = frozenset(fired)
        for link in self._outgoing[node_id]:
            self._settle(scope, link, token if link in fired else None)
        if scope.run is not None:
            self._leave(scope.run, node_id)

    def _settle(self, scope: Scope, link: Link, token: Token | None) -> None:
        """Note that a link has fired, or will not fire in this scope."""
        run = scope.run
        if run is not None and link.source in run.members:
            if token is not None:
                run.latest[link] = token
            if link in run.loop.back:
                if token is not None:
                    run.next_tokens[link] = token
                return
        self._arrive(scope, link, token)

    def _arrive(self, scope: Scope, link: Link, token: Token | None) -> None:
        """Tell those that wait for a link, which are in this scope, deeper, or out of loops."""
        scope.settled.add(link)
        if token is not None:
            scope.tokens[link] = token
        run = scope.run
        unit, depth = self._loops.waiting_unit(link)
        if run is not None and link in run.loop.inside:
            self._count_down(scope, link.target)
        elif depth > len(scope.place):
            for inner, waiting in scope.waiting.pop(link, ()):
                self._count_down(inner, waiting)
        elif depth < len(scope.place):
            if token is not None:
                scope.run_below(depth).last[link] = token
        elif run is None or scope.has_after:
            self._count_down(scope, unit)
        elif token is not None:
            self._open_after(run, scope)

    def _count_down(self, scope: Scope, unit: Unit) -> None:
        scope.counts[unit] -= 1
        if not scope.counts[unit]:
            self._undecided.append((scope, unit))

    def _begin_loop(self, scope: Scope, loop: Loop) -> None:
        run = LoopRun(loop, scope)
        for link in loop.entering:
            token = scope.above(len(self._loops.place[link.source])).tokens.get(link)
            if token is not None:
                run.latest[link] = token
        if run.latest or self._starts.intersection(loop.members):
            self._begin_round(run, dict(run.latest))
        else:
            self._close(run)

    def _begin_round(self, run: LoopRun, tokens: dict[Link, Token]) -> None:
        scope = run.next_round(tokens)
        for node_id, count in scope.counts.items():
            if not count:
                self._undecided.append((scope, node_id))

    def _open_after(self, run: LoopRun, scope: Scope) -> None:
        """Begin to wait for what follows a loop, in a round that leads out of it."""
        scope.has_after = True
        for unit in self._loops.after[run.loop.number]:
            scope.counts[unit] = self._awaited(scope, unit)
            run.queue(unit, scope)
            if not scope.counts[unit]:
                self._undecided.append((scope, unit))

    def _awaited(self, scope: Scope, unit: Unit) -> int:
        """Count the links that a unit must wait for, and note those that come from above."""
        count = 0
        for link in self._links_to(unit):
            above = scope.above(len(self._loops.place[link.source]))
            if link not in above.settled:
                count += 1
                if above is not scope:
                    above.waiting.setdefault(link, []).append((scope, unit))
        return count

    def _leave(self, run: LoopRun, unit: Unit) -> None:
        """Note that a node, or a loop as a whole, is over in a round of the loop around it."""
        if unit in run.members:
            run.n_open_members -= 1
            if not run.n_open_members:
                self._end_round(run)
            return
        self._dequeue(run, unit)
        self._end_if_over(run)

    def _dequeue(self, run: LoopRun, unit: Unit) -> None:
        """Let what follows a loop go on to the next round in which it waits."""
        following = run.dequeue(unit)
        if following is not None and not following.counts[unit]:
            self._undecided.append((following, unit))

    def _end_round(self, run: LoopRun) -> None:
        tokens, run.next_tokens = run.next_tokens, {}
        if tokens and run.n_rounds < self._max_rounds:
            self._begin_round(run, tokens)
            return
        if tokens and self.error is None:
            names = " -> ".join(repr(node_id) for node_id in run.loop.members[:_MOST_NAMES])
            self.error = LoopError(
                f"the loop {names} went round {self._max_rounds} times without an end: check the "
                "conditions that lead out of it, or allow more with max_rounds"
            )
        self._close(run)

    def _close(self, run: LoopRun) -> None:
        """End the rounds of a loop; what follows it may still have other reasons to run."""
        run.is_closed = True
        if self._loops.after[run.loop.number]:
            self._open_after(run, run.closing_scope(self._outgoing))
        self._end_if_over(run)

    def _end_if_over(self, run: LoopRun) -> None:
        """Settle what leads out of a loop once all is done in it, and the same for loops around it."""
        while run.is_closed and not run.n_queued:
            for link in self._loops.leaving[run.loop.number]:
                self._arrive(run.parent, link, run.last.get(link))
            outer = run.parent.run
            if outer is None:
                return
            self._dequeue(outer, run.loop)
            run = outer
