"""Events for the log handlers of others: ewoks' own event handlers are such."""

from __future__ import annotations

import logging
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from workflows.events.ewoks_form import ewoks_form, ewoks_message

if TYPE_CHECKING:
    from workflows.events.stream import Event


class LoggingAdapter:
    """Gives events to a log handler, as records with the 18 fields of ewoks as attributes.

    Nodes that never start are left out, as ewoks does. With ``asynchronous``
    the handler works in a thread of its own, so that a slow one does not hold
    the run; ``close`` waits for it, a killed process loses what waits.
    """

    def __init__(self, handler: logging.Handler, *, asynchronous: bool = False) -> None:
        self._handler = handler
        self._asynchronous = asynchronous
        self._queued: QueueHandler | None = None
        self._listener: QueueListener | None = None

    def __call__(self, event: Event) -> None:
        """Hand over one event."""
        if event.never_started:
            return
        form = ewoks_form(event)
        level = logging.ERROR if form["error"] else logging.INFO
        record = logging.makeLogRecord(
            {
                "name": __name__,
                "levelno": level,
                "levelname": logging.getLevelName(level),
                "msg": ewoks_message(form),
                **form,
            }
        )
        target = self._queue() if self._asynchronous else self._handler
        if level >= self._handler.level:
            target.handle(record)

    def flush(self) -> None:
        """Wait until the handler has seen all events."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = self._queued = None
        self._handler.flush()

    def close(self) -> None:
        """Wait, and close the handler."""
        self.flush()
        self._handler.close()

    def _queue(self) -> QueueHandler:
        if self._queued is None:
            queue: SimpleQueue[Any] = SimpleQueue()
            self._queued = QueueHandler(queue)
            self._listener = QueueListener(queue, self._handler)
            self._listener.start()
        return self._queued
