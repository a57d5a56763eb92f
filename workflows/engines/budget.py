"""Which calls may run at the same time, by the resources that they need."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from workflows.running.results import NodeResult
from workflows.states import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.engines.hints import Hints
    from workflows.keys import NodeId
    from workflows.running.calls import NodeCall
    from workflows.running.run import Run

logger = logging.getLogger(__name__)


class Budget:
    """What is free of each resource; one that has no total is unlimited.

    A call that needs more than there is in total runs alone.
    """

    def __init__(self, totals: Mapping[str, float]) -> None:
        self._totals = dict(totals)
        self._free = dict(totals)
        self._n_taken = 0
        self._alone = False

    def is_beyond(self, needs: Mapping[str, float]) -> bool:
        """Tell whether so much will never be free."""
        return any(amount > self._totals.get(name, amount) for name, amount in needs.items())

    def take(self, needs: Mapping[str, float]) -> bool:
        """Take what a call needs, if that is free."""
        alone = self.is_beyond(needs)
        if self._alone or (alone and self._n_taken):
            return False
        if not alone and any(amount > self._free.get(name, amount) for name, amount in needs.items()):
            return False
        self._alone = alone
        self._move(needs, -1)
        return True

    def give_back(self, needs: Mapping[str, float]) -> None:
        """Give back what a call has taken."""
        self._alone = False
        self._move(needs, 1)

    def _move(self, needs: Mapping[str, float], sign: int) -> None:
        self._n_taken -= sign
        for name, amount in needs.items():
            if name in self._free:
                self._free[name] += sign * amount


class Queue:
    """Hands out the calls of a run as far as the budget allows, those that come first first.

    A call for which there is no room lets a few later ones pass, but nothing
    passes one that has to run alone.
    """

    def __init__(self, run: Run, hints: Mapping[NodeId, Hints], budget: Budget, *, lookahead: int) -> None:
        self._run = run
        self._hints = hints
        self._budget = budget
        self._lookahead = lookahead
        self._waiting: list[NodeCall] = []

    def next(self) -> NodeCall | None:
        """Return a call for which there is room, now taken; None if there is none."""
        if self._run.context.token.cancelled:
            self._give_up()
            return None
        for place, call in enumerate(self._waiting):
            if self._budget.take(self._needs(call)):
                return self._waiting.pop(place)
            if self._budget.is_beyond(self._needs(call)):
                return None
        while len(self._waiting) < self._lookahead and (taken := self._run.take()):
            if self._budget.take(self._needs(taken)):
                self._warn(taken)
                return taken
            self._waiting.append(taken)
            if self._budget.is_beyond(self._needs(taken)):
                self._warn(taken)
                return None
        return None

    def settle(self, call: NodeCall, result: NodeResult) -> None:
        """Give back what a call has taken, and note its result."""
        self._budget.give_back(self._needs(call))
        self._run.settle(call, result)

    def _needs(self, call: NodeCall) -> Mapping[str, float]:
        return self._hints[call.node.id].resources

    def _warn(self, call: NodeCall) -> None:
        needs = self._needs(call)
        if self._budget.is_beyond(needs):
            wanted = ", ".join(f"{amount:g} {name}" for name, amount in needs.items())
            logger.warning("Node %r needs more than there is (%s): it runs alone", call.node.id, wanted)

    def _give_up(self) -> None:
        for call in self._waiting:
            self._run.settle(call, NodeResult(State.CANCELLED))
        self._waiting.clear()
