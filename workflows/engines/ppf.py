"""Running the nodes of a workflow in the pools of pypushflow; what runs when is decided here.

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
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from workflows.cancellation import CancelToken
from workflows.engines import missing_package
from workflows.engines.hints import checked_seconds
from workflows.engines.shipped import News, Shipping
from workflows.engines.work import carry_out
from workflows.errors import UnsupportedError, describe_exception
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from workflows.running.run import Run

POOL_TYPES = ("thread", "process", "ndprocess", "multiprocessing", "ndmultiprocessing", "billiard", "gevent")
_POOL_OPTIONS = ("context", "wait_on_exit", "wait_on_exit_timeout", "interrupt_on_exit")
_LOOK_S = 0.1
_GONE_S = 1.0
"""How long a result may be on its way from a process that has ended."""
_STOP = "stop"
_LOST = "its process died before the task had ended"


def run_ppf(
    run: Run,
    *,
    pool_type: str | None = None,
    pool_options: Mapping[str, Any] | None = None,
    max_workers: int | None = None,
    scaling_workers: bool = True,
    pre_import: bool | None = None,
    stop_on_signals: bool = False,
    stop_signals: Sequence[int] | None = None,
    forced_interruption: bool = False,
    startargs: Mapping[str, Any] | None = None,
    db_options: Mapping[str, Any] | None = None,
    node_timeout: float | None = None,
    grace_s: float = 5.0,
) -> None:
    """Run all nodes in pools of pypushflow.

    Parameters
    ----------
    pool_type
        ``process`` by default (``gevent`` where that has patched Python), or
        another of ``POOL_TYPES``.
    pool_options
        ``context`` (how processes are started), ``wait_on_exit``,
        ``wait_on_exit_timeout``, ``interrupt_on_exit``.
    max_workers
        How many nodes run at the same time; the number of CPUs by default.
    scaling_workers
        Each node in a pool of its own, as in pypushflow, but no more of them
        than ``max_workers``; otherwise one pool for all.
    pre_import
        Has no effect: all tasks are imported before anything runs.
    stop_on_signals, stop_signals
        Cancel the run when one of the signals comes (SIGINT and SIGTERM by default).
    forced_interruption
        Do not wait for tasks to stop when the run is cancelled.
    startargs, db_options
        Refused: give ``inputs`` and ``events``.
    node_timeout, grace_s
        As for the engine ``local``. The process of a task that does not stop is
        killed when the run ends.
    """
    if startargs:
        raise UnsupportedError("startargs are not supported: give them as 'inputs'")
    if db_options:
        raise UnsupportedError("db_options are not supported: give 'events', which see every node")
    del pre_import
    options = dict(pool_options or {})
    for name in options:
        if name not in _POOL_OPTIONS:
            raise UnsupportedError(f"pools have no option {name!r}{did_you_mean(name, _POOL_OPTIONS)}")
    n_workers = max_workers if max_workers is not None and max_workers > 0 else os.cpu_count() or 1
    limit_s = checked_seconds(node_timeout, "node_timeout")
    make_pool = _pool_maker(pool_type, options)
    news: News = queue.SimpleQueue()
    signals = (signal.SIGINT, signal.SIGTERM) if stop_signals is None else stop_signals
    with ExitStack() as stack:
        if stop_on_signals:
            stack.enter_context(_stopping(run.context.token, signals))
        carrier = stack.enter_context(_PpfCarrier(news, make_pool, None if scaling_workers else n_workers))
        grace_s = 0.0 if forced_interruption else grace_s
        Shipping(run, carrier, news, node_timeout=limit_s, at_once=n_workers, grace_s=grace_s).run_all()


def _pool_maker(pool_type: str | None, options: dict[str, Any]) -> Callable[[int], Any]:
    if pool_type is not None and pool_type not in POOL_TYPES:
        raise UnsupportedError(f"there is no pool type {pool_type!r}{did_you_mean(pool_type, POOL_TYPES)}")
    try:
        from pypushflow.concurrent import get_pool  # noqa: PLC0415 -- optional
    except ImportError as error:
        raise missing_package("ppf", "pypushflow") from error
    try:
        pool_class = get_pool(pool_type)
    except ImportError as error:
        raise UnsupportedError(f"the pool type {pool_type!r} {error}") from error
    return lambda max_workers: pool_class(max_workers=max_workers, **options)


@contextmanager
def _stopping(token: CancelToken, signals: Sequence[int]) -> Iterator[None]:
    """Cancel a token when one of the signals comes; only the main thread can ask for that."""
    if threading.current_thread() is not threading.main_thread():
        raise UnsupportedError("stop_on_signals works in the main thread only")
    before = {number: signal.signal(number, lambda *_: token.cancel()) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _PpfCarrier:
    """Puts parcels into one pool with ``n_workers``, or each into a pool of its own (None)."""

    def __init__(self, news: News, make_pool: Callable[[int], Any], n_workers: int | None) -> None:
        self._news = news
        self._make_pool = make_pool
        self._n_workers = n_workers
        self._pool: Any = None
        self._own_pools: dict[int, Any] = {}
        self._notes: dict[int, str] = {}
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
        (self._path / _STOP).touch()

    def look(self) -> None:
        """Read the notes of the tasks; pools do not tell of a process that has died."""
        self._close_done()
        for number, before in list(self._notes.items()):
            note = _read(self._path / str(number))
            if note != before:
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
        if self._notes.pop(number, None) is not None:
            self._news.put((number, kind, value))
            self._done.put(number)

    def _close_done(self) -> None:
        """Close the pools of nodes that have ended; where that is heard is a thread of the pool itself."""
        while not self._done.empty():
            pool = self._own_pools.pop(self._done.get(), None)
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
