"""Events in a Redis server, under the keys of ewoks."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from workflows.errors import InputError, UnsupportedError
from workflows.events.ewoks_form import ewoks_form

if TYPE_CHECKING:
    from workflows.events.stream import Event

_TIMEOUT_S = 5.0
_PAUSE_S = 10.0


class RedisHandler:
    """Sends events to a Redis server, as hashes ``ewoks:<job id>:<n>``.

    While the server does not answer, events wait in memory and the server is
    tried every ten seconds, lastly by ``close``; a killed process loses those
    that wait.

    ``url`` is as ``redis://host:6379?db=2``; ``ttl`` is in seconds, None keeps
    events for ever. ``with_never_started`` is as in ``SqliteHandler``.

    Raises
    ------
    UnsupportedError
        The package ``redis`` is not installed.
    InputError
        ``url`` is not that of a Redis server.
    """

    def __init__(self, url: str, *, ttl: int | None = None, with_never_started: bool = True) -> None:
        try:
            import redis  # noqa: PLC0415 -- optional
            from redis.backoff import NoBackoff  # noqa: PLC0415
            from redis.retry import Retry  # noqa: PLC0415
        except ImportError:
            raise UnsupportedError("events in Redis need the package 'redis': pip install redis") from None
        try:
            self._server: Any = redis.Redis.from_url(
                url,
                client_name=f"ewoks:writer:{os.getpid()}",
                socket_timeout=_TIMEOUT_S,
                socket_connect_timeout=_TIMEOUT_S,
                retry=Retry(NoBackoff(), 1),  # by itself the package would hold the run for seconds
            )
        except (ValueError, TypeError, AttributeError):
            raise InputError(f"{url!r} is not the URL of a Redis server, as redis://host:6379") from None
        self._ttl = ttl
        self._with_never_started = with_never_started
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str | None, dict[str, str]]] = deque()
        self._not_before = 0.0

    def __call__(self, event: Event) -> None:
        """Send one event, and those that wait."""
        if event.never_started and not self._with_never_started:
            return
        fields = {name: json.dumps(value, default=str) for name, value in ewoks_form(event).items()}
        with self._lock:
            self._waiting.append((event.job_id, fields))
            if time.monotonic() >= self._not_before:
                self._send_all()

    def close(self) -> None:
        """Send what waits and close the connection; the next event opens it again."""
        with self._lock:
            try:
                self._send_all()
            finally:
                self._server.close()

    def _send_all(self) -> None:
        try:
            while self._waiting:
                self._send(*self._waiting[0])
                self._waiting.popleft()
        except Exception:
            self._not_before = time.monotonic() + _PAUSE_S
            raise

    def _send(self, job_id: str | None, fields: dict[str, str]) -> None:
        key = f"ewoks:{job_id}:{self._server.incr('ewoks_events_count')}"
        with self._server.pipeline() as commands:
            commands.hset(key, mapping=fields)
            if self._ttl:
                commands.expire(key, self._ttl)
            commands.execute()
