"""Carrying the work of nodes in pools of pypushflow.

Pools carry neither progress nor cancellation, so each run has a folder in which
a task notes its process and its progress, and a run notes that it is cancelled.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import tempfile
import threading
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from workflows.cancellation import CancelToken
from workflows.engines.work import carry_out
from workflows.errors import describe_exception

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.engines.shipped import News

_LOOK_S = 0.1
_GONE_S = 1.0
"""How long a result may be on its way from a process that has ended."""
_STOP = "stop"
_LOST = "its process died before the task had ended"


class PoolCarrier:
    """Puts parcels into one pool with ``n_workers``, or each into a pool of its own (None)."""

    def __init__(self, news: News, make_pool: Callable[[int], Any], n_workers: int | None) -> None:
        self._news = news
        self._make_pool = make_pool
        self._n_workers = n_workers
        self._pool: Any = None
        self._own_pools: dict[int, Any] = {}
        self._notes: dict[int, str] = {}
        self._lock = threading.Lock()
        self._gone: dict[int, float] = {}
        self._done: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._folder = tempfile.TemporaryDirectory(prefix="reprise-ppf-", ignore_cleanup_errors=True)
        self._path = Path(self._folder.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._notes:
            pid = self._pid(number)
            if pid not in (None, os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(str(pid)), signal.SIGKILL)
        for pool in (self._pool, *self._own_pools.values()):
            if pool is not None:
                _close(pool)
        self._folder.cleanup()

    def submit(self, number: int, parcel: bytes) -> None:
        """Put a parcel into a pool; a pool that broke is replaced."""
        self._notes[number] = ""
        self._close_done()
        if self._n_workers is None:
            self._own_pools[number] = self._make_pool(1).__enter__()
            self._apply(self._own_pools[number], number, parcel)
            return
        if self._pool is None:
            self._pool = self._make_pool(self._n_workers).__enter__()
        try:
            self._apply(self._pool, number, parcel)
        except RuntimeError:  # a process of it has died, and the whole pool with it
            _close(self._pool)
            self._pool = self._make_pool(self._n_workers).__enter__()
            self._apply(self._pool, number, parcel)

    def ask_to_stop(self) -> None:
        """Note that the run is cancelled."""
        (self._path / _STOP).touch()

    def look(self) -> None:
        """Read the notes of the tasks; pools do not tell of a process that has died."""
        self._close_done()
        for number, before in list(self._notes.items()):
            note = _read(self._path / str(number))
            if note != before:
                with self._lock:
                    if number not in self._notes:  # it has ended meanwhile
                        continue
                    self._notes[number] = note
                _, _, progress = note.partition(" ")
                self._news.put((number, "progress", float(progress)) if progress else (number, "start", None))
            elif note and not _is_running(int(note.partition(" ")[0])):
                gone_at = self._gone.setdefault(number, monotonic())
                if monotonic() > gone_at + _GONE_S:
                    self._hear(number, "lost", _LOST)

    def _apply(self, pool: Any, number: int, parcel: bytes) -> None:
        def lost(error: BaseException) -> None:
            self._hear(number, "lost", f"{_LOST} ({describe_exception(error)})")

        pool.apply_async(
            _work_in_pool,
            args=(parcel, str(self._path), number),
            callback=lambda outcome: self._hear(number, "end", outcome),
            error_callback=lost,
        )

    def _hear(self, number: int, kind: str, value: Any) -> None:
        with self._lock:
            was_under_way = self._notes.pop(number, None) is not None
        if was_under_way:
            self._news.put((number, kind, value))
            self._done.put(number)

    def _close_done(self) -> None:
        """Close the pools of nodes that have ended; where that is heard is a thread of the pool itself."""
        while not self._done.empty():
            number = self._done.get()
            (self._path / str(number)).unlink(missing_ok=True)
            pool = self._own_pools.pop(number, None)
            if pool is not None:
                _close(pool)

    def _pid(self, number: int) -> int | None:
        pid, _, _ = _read(self._path / str(number)).partition(" ")
        return int(pid) if pid else None


def _close(pool: Any) -> None:
    """End a pool whose tasks have ended; first without waiting, or some wait for one that was killed."""
    pool.shutdown(block=False)
    pool.__exit__(None, None, None)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# --- the worker's side ------------------------------------------------------------------------


def _work_in_pool(parcel: bytes, folder: str, number: int) -> bytes:
    token = CancelToken()
    note = Path(folder, str(number))
    _note(note, str(os.getpid()))
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(Path(folder, _STOP), token, done), daemon=True)
    watcher.start()
    try:
        return carry_out(
            parcel, token=token, on_progress=lambda progress: _note(note, f"{os.getpid()} {progress}")
        )
    finally:
        done.set()


def _watch(stop: Path, token: CancelToken, done: threading.Event) -> None:
    while not done.wait(_LOOK_S):
        if stop.exists():
            token.cancel()
            return


def _note(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)
