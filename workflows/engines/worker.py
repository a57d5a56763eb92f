"""The side of a worker process: does one piece of work after the other until its parent is gone."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
from typing import TYPE_CHECKING, Any

from workflows.cancellation import CancelToken
from workflows.engines.work import carry_out

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection


def serve(connection: Connection, environment: Mapping[str, str]) -> None:
    """Work for the process at the other end; ends with it, and with everything that tasks have started."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    worker = _Worker(connection)
    threading.Thread(target=worker.listen, daemon=True).start()
    while (item := worker.pending.get()) is not None:
        worker.work(*item)


class _Worker:
    """Listens in one thread while tasks run in the main thread, which many libraries insist on."""

    def __init__(self, connection: Connection) -> None:
        self.pending: queue.SimpleQueue[tuple[CancelToken, bytes] | None] = queue.SimpleQueue()
        self._connection = connection
        self._sending = threading.Lock()

    def listen(self) -> None:
        token = CancelToken()
        while True:
            try:
                kind, value = self._connection.recv()
            except (EOFError, OSError):
                os.killpg(os.getpgid(0), signal.SIGKILL)
            if kind == "work":
                token = CancelToken()
                self.pending.put((token, value))
            elif kind == "cancel":
                token.cancel()
            else:
                self.pending.put(None)

    def work(self, token: CancelToken, parcel: bytes) -> None:
        self._send("start", None)
        self._send("end", carry_out(parcel, token=token, on_progress=self._report))

    def _report(self, progress: float) -> None:
        self._send("progress", progress)

    def _send(self, kind: str, value: Any) -> None:
        # A parent that is gone is noticed by the listening thread.
        with self._sending, contextlib.suppress(OSError):
            self._connection.send((kind, value))
