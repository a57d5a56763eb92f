"""Telling on a terminal how far a run is."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from workflows.keys import node_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from workflows.events import Event, Handler
    from workflows.keys import NodeId

_REDRAW_S = 0.25
_BAR = 20
_ERASE = "\r\x1b[K"


@contextmanager
def reporting(stream: TextIO, *, n_nodes: int, live: bool) -> Iterator[Handler]:
    """Give an event handler that tells of the nodes, in one line that changes or in lines.

    ``n_nodes`` is how many the workflow has.
    """
    if not live:
        yield _Lines(stream)
        return
    line = LiveLine(stream, n_nodes)
    stop = threading.Event()

    def redraw() -> None:
        while not stop.wait(_REDRAW_S):
            line.draw()

    thread = threading.Thread(target=redraw, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        stop.set()
        thread.join()
        line.erase()


class _Lines:
    """Writes a line when a node starts and when it ends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._started: dict[NodeId, datetime] = {}

    def __call__(self, event: Event) -> None:
        if event.node_id is None or event.type == "progress":
            return
        line = f"{event.time.astimezone():%H:%M:%S} {node_name(event.node_id)}"
        if event.type == "start":
            self._started[event.node_id] = event.time
            line += f" started ({event.task_identifier})"
        else:
            line += f" {event.state}"
            started = self._started.pop(event.node_id, None)
            if started is not None:
                line += f" after {(event.time - started).total_seconds():.3g} s"
        self._stream.write(f"{line}\n")
        self._stream.flush()


class LiveLine:
    """Keeps one line of a terminal up to date: nodes that ended of all, what runs now, the time."""

    def __init__(self, stream: TextIO, n_nodes: int) -> None:
        self._stream = stream
        self._n_nodes = n_nodes
        self._began = time.monotonic()
        self._ended: set[NodeId] = set()
        self._running: dict[NodeId, float | None] = {}
        self._n_failed = 0
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Take note of an event; it is drawn at the next occasion."""
        if event.node_id is None:
            return
        with self._lock:
            if event.type == "end":
                self._running.pop(event.node_id, None)
                self._ended.add(event.node_id)
                self._n_failed += event.state == "failed"
            else:
                self._running[event.node_id] = event.progress

    def draw(self) -> None:
        """Write the line anew, in the width that the terminal has now."""
        width = shutil.get_terminal_size().columns - 1
        self._stream.write(f"{_ERASE}{self.text()[:width]}")
        self._stream.flush()

    def erase(self) -> None:
        """Leave the line empty."""
        self._stream.write(_ERASE)
        self._stream.flush()

    def text(self) -> str:
        """Return what the line says."""
        with self._lock:
            n_ended, running = len(self._ended), list(self._running.items())
        filled = _BAR * n_ended // max(self._n_nodes, 1)
        parts = [f"[{'#' * filled}{'.' * (_BAR - filled)}] {n_ended}/{self._n_nodes} nodes"]
        if self._n_failed:
            parts.append(f"{self._n_failed} failed")
        parts.append(f"{time.monotonic() - self._began:.0f} s")
        if running:
            node_id, percent = running[0]
            more = f" and {len(running) - 1} more" if len(running) > 1 else ""
            parts.append(node_name(node_id) + (f" {percent:.0f} %" if percent is not None else "") + more)
        return ", ".join(parts)


def is_terminal(stream: TextIO) -> bool:
    """Tell whether somebody looks at a stream."""
    return stream.isatty() and sys.stdout.isatty()
