"""Events of a run for web browsers: server-sent events."""

from __future__ import annotations

import json
import threading
from collections import deque
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.events.stream import Event

_LONGEST_ID = 18


class ServerSentEvents:
    """Keeps the last events of one run, for any number of readers that come, go and come back.

    Each reader has a place in the one buffer of ``size`` events, so a slow
    reader costs no memory. One that fell behind by more is told so, by an
    event ``lost`` with the numbers of the ``first`` and the ``last`` that it
    misses.
    """

    def __init__(self, *, size: int = 10_000) -> None:
        self._events: deque[Event] = deque(maxlen=size)
        self._changed = threading.Condition()
        self._closed = False

    def __call__(self, event: Event) -> None:
        """Keep an event, and wake the readers."""
        with self._changed:
            self._events.append(event)
            self._closed = False
            self._changed.notify_all()

    def close(self) -> None:
        """Let the readers end when they have read everything."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def stream(self, last_event_id: str | None = None, *, heartbeat_s: float = 15.0) -> Iterator[str]:
        """Yield the text of one event after the other until the run has ended.

        ``last_event_id`` is the header ``Last-Event-ID`` of a browser that
        comes back: it gets what follows. One that is not a number, or ahead of
        this run, counts as none. A comment every ``heartbeat_s`` seconds keeps
        the connection open, and lets a web server notice that it is not.
        """
        seen = _number(last_event_id)
        with self._changed:
            if self._events and seen > self._events[-1].number:
                seen = 0
        while True:
            news, closed = self._after(seen, wait_s=heartbeat_s)
            if news and news[0].number > seen + 1:
                yield _text(None, "lost", {"first": seen + 1, "last": news[0].number - 1})
            for event in news:
                yield _text(event.number, event.context, event.as_dict())
                seen = event.number
            if closed:
                return
            if not news:
                yield ": still here\n\n"

    def _after(self, seen: int, *, wait_s: float) -> tuple[list[Event], bool]:
        """Return what came after the event ``seen``, and whether that is all; wait when there is nothing."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or bool(self._events and self._events[-1].number > seen), wait_s
            )
            latest_first = list(takewhile(lambda event: event.number > seen, reversed(self._events)))
            return latest_first[::-1], self._closed


def _text(number: int | None, name: str, data: object) -> str:
    line = "" if number is None else f"id: {number}\n"
    return f"{line}event: {name}\ndata: {json.dumps(data, default=str)}\n\n"


def _number(text: str | None) -> int:
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID
    return int(text) if is_number and text else 0
