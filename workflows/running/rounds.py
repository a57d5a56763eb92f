"""The moving parts of the scheduler: turns, the scopes that they happen in, and loops under way."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflows.graphs.elements import Link
    from workflows.keys import NodeId
    from workflows.running.loops import Loop, Place

    Unit = NodeId | Loop


class Token:
    """What a link brings: the outputs of its source, or its error."""

    __slots__ = ("data", "is_taken", "n_awaited")

    def __init__(self, data: Any, n_links: int) -> None:
        self.data = data
        self.n_awaited = n_links
        """How many of the links that bring it have not been used yet (in graphs without loops)."""
        self.is_taken = False
        """Whether a node has run because of it."""


class Turn:
    """One execution of a node, with what its links brought; what counts most stands last."""

    __slots__ = ("node_id", "scope", "tokens")

    def __init__(self, node_id: NodeId, tokens: list[tuple[Link, Token]], scope: Scope) -> None:
        self.node_id = node_id
        self.tokens = tokens
        self.scope = scope


class Scope:
    """The whole run, or one round of a loop: where each link fires at most once.

    Attributes
    ----------
    place : tuple
        The loops of which this is a round, outermost first; empty for the whole run.
    rounds : tuple
        The numbers of the rounds, from 0.
    tokens : dict
        What the links that have fired brought.
    counts : dict
        How many links each node, or loop as a whole, still waits for.
    settled : set
        The links of which it is known here whether they have fired (in graphs with loops).
    waiting : dict
        For links from here to a deeper place, who waits for them there.
    """

    __slots__ = (
        "counts",
        "has_after",
        "is_closing",
        "parent",
        "place",
        "rounds",
        "run",
        "settled",
        "tokens",
        "waiting",
    )

    def __init__(
        self,
        parent: Scope | None = None,
        run: LoopRun | None = None,
        *,
        rounds: tuple[int, ...] = (),
        is_closing: bool = False,
    ) -> None:
        self.parent = parent
        self.run = run
        self.place: Place = () if run is None else run.loop.inner_place
        self.rounds = rounds
        self.tokens: dict[Link, Any] = {}
        self.counts: dict[Any, int] = {}
        self.settled: set[Link] = set()
        self.waiting: dict[Link, list[tuple[Scope, Unit]]] = {}
        self.is_closing = is_closing
        self.has_after = False

    def above(self, depth: int) -> Scope:
        """Return the scope of this depth that encloses this one, or is this one."""
        scope = self
        while len(scope.place) > depth and scope.parent is not None:
            scope = scope.parent
        return scope

    def run_below(self, depth: int) -> LoopRun:
        """Return the loop under way of which this is, directly or not, a round, at a given depth."""
        scope = self.above(depth + 1)
        if scope.run is None:
            raise ValueError(f"there is no loop at depth {depth}")
        return scope.run

    def may_start(self, node_id: NodeId) -> bool:
        """Tell whether a start node starts here: in the first round of its loop, after a loop at its end."""
        if self.run is None:
            return True
        if node_id in self.run.members:
            return self.run.n_rounds == 1
        return self.is_closing and node_id not in self.run.ran

    def is_first_for(self, unit: Unit) -> bool:
        """Tell whether no earlier round is still to come for what follows a loop."""
        if self.run is None or unit in self.run.members:
            return True
        return self.run.queues[unit][0] is self


class LoopRun:
    """A loop under way: from the links that lead into it to its last round."""

    def __init__(self, loop: Loop, parent: Scope) -> None:
        self.loop = loop
        self.members = frozenset(loop.members)
        self.parent = parent
        self.n_rounds = 0
        self.n_open_members = 0
        self.n_queued = 0
        self.is_closed = False
        self.latest: dict[Link, Token] = {}
        """What the links into the loop and those of its members brought most recently."""
        self.next_tokens: dict[Link, Token] = {}
        self.last: dict[Link, Token] = {}
        """What will count of the links that lead out of the loop for good."""
        self.ran: set[NodeId] = set()
        self.queues: dict[Unit, deque[Scope]] = {}

    def next_round(self, tokens: dict[Link, Token]) -> Scope:
        """Make the scope of the next round, which these tokens begin."""
        scope = Scope(self.parent, self, rounds=(*self.parent.rounds, self.n_rounds))
        scope.tokens = tokens
        scope.counts = dict(self.loop.n_forward)
        self.n_rounds += 1
        self.n_open_members = len(self.loop.members)
        return scope

    def closing_scope(self, outgoing: Mapping[NodeId, Sequence[Link]]) -> Scope:
        """Make the scope after the last round, in which no link of the loop fires."""
        scope = Scope(self.parent, self, rounds=(*self.parent.rounds, self.n_rounds), is_closing=True)
        scope.settled = {link for node_id in self.loop.members for link in outgoing[node_id]}
        return scope

    def queue(self, unit: Unit, scope: Scope) -> None:
        """Let what follows the loop wait for its turn in a round; earlier rounds come first."""
        self.queues.setdefault(unit, deque()).append(scope)
        self.n_queued += 1

    def dequeue(self, unit: Unit) -> Scope | None:
        """Forget the first round that a unit waited for, and return the next one."""
        queue = self.queues[unit]
        queue.popleft()
        self.n_queued -= 1
        return queue[0] if queue else None
