"""The one stream of events of a run."""

from __future__ import annotations

import getpass
import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from workflows.events.ewoks_form import ewoks_form
from workflows.keys import NodeId, json_node_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

logger = logging.getLogger(__name__)

Context: TypeAlias = Literal["job", "workflow", "node"]
EventType: TypeAlias = Literal["start", "progress", "end"]


@dataclass(slots=True)
class Event:
    """Something that happened to a job, to its workflow or to one of the nodes.

    A node that is skipped, or cancelled before its start, has an end only. Handlers share the object, so
    none may change it (freezing it would double its cost).
    """

    context: Context
    type: EventType
    time: datetime
    """Aware, in UTC."""
    workflow_id: str
    number: int = 0
    """The place among the events of the run, from 1 without gaps."""
    job_id: str | None = None
    engine: str | None = None
    host_name: str | None = None
    process_id: int | None = None
    user_name: str | None = None
    node_id: NodeId | None = None
    label: str | None = None
    task_identifier: str | None = None
    progress: float | None = None
    """From 0 to 100, in events of the type ``progress``."""
    state: str | None = None
    """How it ended: ``succeeded``, ``failed``, ``skipped``, ``cached`` or ``cancelled``."""
    error_code: str | None = None
    error_message: str | None = None
    error_traceback: str | None = None
    task_uri: str | None = None
    input_uris: Sequence[Mapping[str, str | None]] | None = None
    """Items of ``name`` and ``value``, where the start of a node tells them; the same for outputs."""
    output_uris: Sequence[Mapping[str, str | None]] | None = None
    never_started: bool = False
    """True in the end of a node that had no start."""

    def as_dict(self) -> dict[str, Any]:
        """Return the event as JSON knows it: the time in ISO 8601, paths of sub-graphs as lists."""
        fields = {name: getattr(self, name) for name in FIELDS}
        fields["time"] = self.time.isoformat()
        if self.node_id.__class__ is tuple:
            fields["node_id"] = json_node_id(self.node_id)
        return fields

    def as_ewoks(self) -> dict[str, Any]:
        """Return the 18 fields of an ewoks event; see ``ewoks_form``."""
        return ewoks_form(self)


FIELDS = tuple(name for name in Event.__annotations__ if name != "never_started")
"""The fields of an event in its JSON form."""

Handler: TypeAlias = Callable[[Event], None]
"""Called with each event; it may have ``flush()`` and ``close()``, and must open again after ``close()``."""


class EventStream:
    """Tells all handlers about the events of one run, one event after the other.

    When ``emit`` returns, every handler has seen the event -- save one that is
    emitted by a handler itself, which waits until all have seen the present
    one. A handler that raises is logged and never disturbs the run.
    """

    def __init__(
        self,
        handlers: Iterable[Handler],
        *,
        workflow_id: str,
        job_id: str | None = None,
        engine: str | None = None,
    ) -> None:
        self._handlers = tuple(handlers)
        self._buffered = tuple(handler for handler in self._handlers if hasattr(handler, "flush"))
        self.active = bool(self._handlers)
        """False when nobody listens, so that callers need not describe what happens."""
        self._workflow_id = workflow_id
        host_name, user_name = _host_and_user() if self.active else (None, None)
        self._origin = (job_id, engine, host_name, os.getpid(), user_name)
        self._one_at_a_time = threading.RLock()
        self._waiting: deque[Event] = deque()
        self._telling = False
        self._number = 0
        self._started: set[NodeId] = set()

    def emit(self, *, context: Context, type: EventType, **fields: Any) -> None:  # noqa: A002 -- a field
        """Send an event that happens now to every handler, if anybody listens and before ``close``."""
        if not self.active:
            return
        with self._one_at_a_time:
            if context == "node" and self._has_no_start(type, fields["node_id"]):
                fields["never_started"] = True
            self._number += 1
            # by position, as far as every event has the field: by name is twice as dear
            event = Event(context, type, utc_now(), self._workflow_id, self._number, *self._origin, **fields)
            if self._telling:
                self._waiting.append(event)
            else:
                self._tell(event)

    def flush(self) -> None:
        """Let the handlers that gather events write them: a run calls this before it waits."""
        if self._buffered and self.active:
            with self._one_at_a_time:
                for handler in self._buffered:
                    _call(handler, "flush")

    def close(self) -> None:
        """Flush and close the handlers; later events go nowhere."""
        with self._one_at_a_time:
            self.active = False
            for handler in self._handlers:
                for name in ("flush", "close"):
                    if hasattr(handler, name):
                        _call(handler, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _tell(self, event: Event) -> None:
        self._telling = True
        try:
            self._tell_one(event)
            while self._waiting:
                self._tell_one(self._waiting.popleft())
        finally:
            self._telling = False

    def _tell_one(self, event: Event) -> None:
        for handler in self._handlers:
            try:
                handler(event)
            except Exception:
                logger.exception("An event handler failed on %s %s", event.context, event.type)

    def _has_no_start(self, event_type: EventType, node_id: NodeId) -> bool:
        if event_type == "start":
            self._started.add(node_id)
        elif event_type == "end":
            if node_id not in self._started:
                return True
            self._started.discard(node_id)
        return False


def utc_now() -> datetime:
    """Return the present time, aware."""
    return datetime.now(UTC)


@cache
def _host_and_user() -> tuple[str, str]:
    try:
        user_name = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        user_name = str(os.getuid())
    return socket.gethostname(), user_name


def _call(handler: Handler, name: str) -> None:
    try:
        getattr(handler, name)()
    except Exception:
        logger.exception("An event handler failed to %s", name)
