"""Running each node of a workflow somewhere else, by whatever carries parcels there and back."""

from __future__ import annotations

import queue
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from workflows.engines.hints import read_hints
from workflows.engines.work import lost_error, pack_work, unpack_result
from workflows.errors import Cancelled, TaskError
from workflows.events import utc_now
from workflows.running.calls import overdue
from workflows.running.results import NodeResult
from workflows.states import State

if TYPE_CHECKING:
    from datetime import datetime

    from workflows.running.calls import NodeCall
    from workflows.running.run import Run

News: TypeAlias = "queue.SimpleQueue[tuple[int, str, Any]]"
"""Number of a parcel; ``start``, ``progress``, ``end`` or ``lost``; percent, outcome or reason."""

_LOOK_S = 0.1


class Carrier(Protocol):
    """Brings parcels to where ``carry_out`` is called, and puts what it hears into its ``news``."""

    def submit(self, number: int, parcel: bytes) -> None:
        """Send a parcel off, without waiting for it."""

    def ask_to_stop(self) -> None:
        """Cancel the tokens of all that is under way."""

    def look(self) -> None:
        """Look for what does not report by itself; called ten times a second while nothing is heard."""


@dataclass
class _Shipment:
    call: NodeCall
    time_limit_s: float | None
    started_at: datetime | None = None
    overdue_at: float | None = None


class Shipping:
    """Takes the calls of a run, ships them, and settles them.

    Parameters
    ----------
    node_timeout
        Seconds for each node that does not have its own ``timeout``.
    at_once
        How many parcels may be under way; None for any number.
    grace_s
        How long to wait for a task that was asked to stop. What does not stop is
        then given up, and may go on where it is.
    """

    def __init__(
        self,
        run: Run,
        carrier: Carrier,
        news: News,
        *,
        node_timeout: float | None = None,
        at_once: int | None = None,
        grace_s: float = 5.0,
    ) -> None:
        self._run = run
        self._carrier = carrier
        self._news = news
        self._hints = read_hints(run, time_limit_s=node_timeout)
        self._at_once = at_once
        self._grace_s = grace_s
        self._numbers = count()
        self._under_way: dict[int, _Shipment] = {}
        self._give_up_at: float | None = None

    def run_all(self) -> None:
        """Run all nodes."""
        while True:
            while (self._at_once is None or len(self._under_way) < self._at_once) and (
                call := self._run.take()
            ):
                self._ship(call)
            if not self._under_way:
                return
            try:
                number, kind, value = self._news.get(timeout=_LOOK_S)
            except queue.Empty:
                self._carrier.look()
            else:
                self._hear(number, kind, value)
            self._check_patience()

    def _ship(self, call: NodeCall) -> None:
        limit_s = self._hints[call.node.id].time_limit_s
        shipment = _Shipment(call, limit_s)
        try:
            parcel = pack_work(call, time_limit_s=limit_s)
        except TaskError as error:
            self._settle(shipment, State.FAILED, error)
            return
        number = next(self._numbers)
        self._under_way[number] = shipment
        try:
            self._carrier.submit(number, parcel)
        except Exception as error:  # noqa: BLE001 -- whatever a pool or a cluster says when it refuses
            self._news.put((number, "lost", f"it could not be sent off ({type(error).__name__}: {error})"))

    def _hear(self, number: int, kind: str, value: Any) -> None:
        shipment = self._under_way.get(number)
        if shipment is None:  # given up before
            return
        if kind == "start":
            self._start(shipment)
        elif kind == "progress":
            self._start(shipment)
            shipment.call.report_progress(value)
        else:
            del self._under_way[number]
            if kind == "end":
                self._start(shipment)
                self._run.settle(shipment.call, unpack_result(shipment.call, value))
            else:
                self._settle(shipment, State.FAILED, lost_error(shipment.call, value))

    def _start(self, shipment: _Shipment) -> None:
        if shipment.started_at is None:
            shipment.started_at = utc_now()
            shipment.call.announce_start()
            if shipment.time_limit_s is not None:
                shipment.overdue_at = monotonic() + shipment.time_limit_s + self._grace_s

    def _settle(self, shipment: _Shipment, state: State, error: TaskError | Cancelled) -> None:
        if state is State.FAILED:
            self._start(shipment)
        started_at = shipment.started_at
        ended_at = None if started_at is None else utc_now()
        result = NodeResult(state, error=error, started_at=started_at, ended_at=ended_at)
        self._run.settle(shipment.call, result)

    def _check_patience(self) -> None:
        now = monotonic()
        if self._give_up_at is None and self._run.context.token.cancelled:
            self._give_up_at = now + self._grace_s
            self._carrier.ask_to_stop()
        given_up = self._give_up_at is not None and now > self._give_up_at
        for number, shipment in list(self._under_way.items()):
            limit_s, call = shipment.time_limit_s, shipment.call
            if given_up:
                del self._under_way[number]
                self._settle(
                    shipment, State.CANCELLED, Cancelled("it did not stop by itself and was given up")
                )
            elif limit_s is not None and shipment.overdue_at is not None and now > shipment.overdue_at:
                del self._under_way[number]
                place = {"label": call.node.label, "task_name": call.task_class.__name__}
                self._settle(shipment, State.FAILED, overdue(limit_s, node_id=call.node.id, **place))
