"""The one stream of events of a run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from workflows.keys import NodeId, json_node_id

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger(__name__)

Context: TypeAlias = Literal["workflow", "node"]
EventType: TypeAlias = Literal["start", "progress", "end"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a run or to one of its nodes.

    A node that is skipped, or cancelled before its start, has an end only.
    """

    context: Context
    type: EventType
    time: datetime
    """Aware, in UTC."""
    workflow_id: str
    node_id: NodeId | None = None
    label: str | None = None
    task_identifier: str | None = None
    progress: float | None = None
    """From 0 to 100, in events of the type ``progress``."""
    state: str | None = None
    """How it ended: ``succeeded``, ``failed``, ``skipped`` or ``cancelled``."""
    error_code: str | None = None
    error_message: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the event as JSON knows it: the time in ISO 8601, paths of sub-graphs as lists."""
        return asdict(self) | {"time": self.time.isoformat(), "node_id": json_node_id(self.node_id)}


Handler: TypeAlias = Callable[[Event], None]


class EventStream:
    """Tells all handlers about the events of one run, one event after the other.

    A handler that raises is logged and never disturbs the run.
    """

    def __init__(self, handlers: Iterable[Handler], *, workflow_id: str) -> None:
        self._handlers = tuple(handlers)
        self.active = bool(self._handlers)
        self._workflow_id = workflow_id
        self._one_at_a_time = threading.RLock()

    def emit(self, *, context: Context, type: EventType, **fields: Any) -> None:  # noqa: A002 -- a field
        """Send an event that happens now to every handler."""
        with self._one_at_a_time:
            event = Event(context=context, type=type, time=utc_now(), workflow_id=self._workflow_id, **fields)
            for handler in self._handlers:
                try:
                    handler(event)
                except Exception:
                    logger.exception("An event handler failed on %s %s", event.context, event.type)


def utc_now() -> datetime:
    """Return the present time, aware."""
    return datetime.now(UTC)
