"""Running the nodes of a workflow in the pools of pypushflow; what runs when is decided here."""

from __future__ import annotations

import os
import queue
import signal
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from workflows.engines import missing_package
from workflows.engines.hints import checked_seconds
from workflows.engines.ppf_pools import PoolCarrier
from workflows.engines.shipped import News, Shipping
from workflows.errors import UnsupportedError
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from workflows.cancellation import CancelToken
    from workflows.running.run import Run

POOL_TYPES = ("thread", "process", "ndprocess", "multiprocessing", "ndmultiprocessing", "billiard", "gevent")
_POOL_OPTIONS = ("context", "wait_on_exit", "wait_on_exit_timeout", "interrupt_on_exit")


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
    del pre_import
    options = dict(pool_options or {})
    _refuse(options, startargs=startargs, db_options=db_options)
    n_workers = max_workers if max_workers is not None and max_workers > 0 else os.cpu_count() or 1
    limit_s = checked_seconds(node_timeout, "node_timeout")
    make_pool = _pool_maker(pool_type, options)
    news: News = queue.SimpleQueue()
    signals = (signal.SIGINT, signal.SIGTERM) if stop_signals is None else stop_signals
    with ExitStack() as stack:
        if stop_on_signals:
            stack.enter_context(_stopping(run.context.token, signals))
        carrier = stack.enter_context(PoolCarrier(news, make_pool, None if scaling_workers else n_workers))
        grace_s = 0.0 if forced_interruption else grace_s
        Shipping(run, carrier, news, node_timeout=limit_s, at_once=n_workers, grace_s=grace_s).run_all()


def _refuse(pool_options: dict[str, Any], *, startargs: object, db_options: object) -> None:
    if startargs:
        raise UnsupportedError("startargs are not supported: give them as 'inputs'")
    if db_options:
        raise UnsupportedError("db_options are not supported: give 'events', which see every node")
    for name in pool_options:
        if name not in _POOL_OPTIONS:
            raise UnsupportedError(f"pools have no option {name!r}{did_you_mean(name, _POOL_OPTIONS)}")


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
