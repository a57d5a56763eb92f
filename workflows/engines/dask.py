"""Running the nodes of a workflow with Dask: on a cluster that exists, or on one made for the run."""

from __future__ import annotations

import os
import queue
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from workflows.cancellation import CancelToken
from workflows.engines import missing_package
from workflows.engines.hints import checked_seconds
from workflows.engines.local import run_local
from workflows.engines.shipped import News, Shipping
from workflows.engines.work import carry_out
from workflows.errors import UnsupportedError
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflows.running.run import Run

_LOCAL = ("multiprocessing", "multithreading", "sequential")
_LARGE_BYTES = 1_000_000
"""What is larger is not put into a message to the scheduler."""


def run_dask(
    run: Run,
    *,
    scheduler: Any = None,
    scheduler_options: Mapping[str, Any] | None = None,
    node_timeout: float | None = None,
    grace_s: float = 5.0,
) -> None:
    """Run all nodes with Dask; loops and conditions are decided here, where the run is.

    Parameters
    ----------
    scheduler
        ``multiprocessing`` (the default), ``multithreading`` or ``sequential``
        run on this machine as the engine ``local`` does; ``cluster`` starts a
        cluster on this machine for the run; else the address of a scheduler, or
        a ``distributed.Client``.
    scheduler_options
        For the first three ``num_workers`` and ``context`` (a start method);
        otherwise the arguments of ``distributed.Client``.
    node_timeout, grace_s
        As for the engine ``local``, save that nothing can be killed here: a task
        that does not stop is given up and goes on occupying its worker.
    """
    limit_s = checked_seconds(node_timeout, "node_timeout")
    options = dict(scheduler_options or {})
    scheduler = "multiprocessing" if scheduler is None else scheduler
    if isinstance(scheduler, str) and scheduler in _LOCAL:
        _run_here(run, scheduler, options, node_timeout=limit_s, grace_s=grace_s)
        return
    with _client(scheduler, options) as client:
        run_with_client(run, client, node_timeout=limit_s, grace_s=grace_s)


def run_with_client(run: Run, client: Any, *, node_timeout: float | None, grace_s: float) -> None:
    """Run all nodes through a ``distributed.Client``."""
    news: News = queue.SimpleQueue()
    with _subscribed(client, news) as topic:
        carrier = _DaskCarrier(client, news, topic)
        Shipping(run, carrier, news, node_timeout=node_timeout, grace_s=grace_s).run_all()


def _run_here(
    run: Run, scheduler: str, options: dict[str, Any], *, node_timeout: float | None, grace_s: float
) -> None:
    known = ("num_workers", "context") if scheduler == "multiprocessing" else ("num_workers",)
    for name in options:
        if name not in known:
            raise UnsupportedError(
                f"the scheduler {scheduler!r} has no option {name!r}{did_you_mean(name, known)}"
            )
    n_workers = options.get("num_workers") or os.cpu_count() or 1
    run_local(
        run,
        max_workers=1 if scheduler == "sequential" else n_workers,
        pool="process" if scheduler == "multiprocessing" else "thread",
        start_method=options.get("context"),
        node_timeout=node_timeout,
        grace_s=grace_s,
    )


@contextmanager
def _client(scheduler: Any, options: dict[str, Any]) -> Iterator[Any]:
    try:
        from distributed import Client  # noqa: PLC0415 -- optional
    except ImportError as error:
        raise missing_package("dask", "distributed") from error
    if isinstance(scheduler, Client):
        yield scheduler
        return
    if not isinstance(scheduler, str):
        wanted = "a name, an address or a distributed.Client"
        raise UnsupportedError(f"scheduler is {wanted}, not a {type(scheduler).__name__}")
    address = {} if scheduler == "cluster" else {"address": scheduler}
    try:
        client = Client(**address, **options)
    except (OSError, ValueError, TypeError) as error:
        raise UnsupportedError(f"there is no Dask scheduler {scheduler!r}: {error}") from error
    with client:
        yield client


@contextmanager
def _subscribed(client: Any, news: News) -> Iterator[str]:
    """Listen to what the workers tell about the tasks of this run."""
    topic = f"reprise-{uuid4().hex}"

    def hear(event: tuple[float, tuple[int, str, Any]]) -> None:
        number, kind, value = event[1]
        news.put((number, kind, value))

    client.subscribe_topic(topic, hear)
    try:
        yield topic
    finally:
        client.unsubscribe_topic(topic)


class _DaskCarrier:
    def __init__(self, client: Any, news: News, topic: str) -> None:
        self._client = client
        self._news = news
        self._topic = topic
        self._futures: dict[int, Any] = {}  # a future that nobody holds is dropped by the cluster

    def submit(self, number: int, parcel: bytes) -> None:
        shipped = self._client.scatter(parcel, hash=False) if len(parcel) > _LARGE_BYTES else parcel
        key = f"{self._topic}-{number}"
        future = self._client.submit(_work_in_dask, shipped, number, self._topic, key=key, pure=False)
        self._futures[number] = future
        future.add_done_callback(lambda future: self._hear(number, future))

    def ask_to_stop(self) -> None:
        self._client.run(_stop_in_dask, self._topic)

    def look(self) -> None:
        """Dask reports by itself."""

    def _hear(self, number: int, future: Any) -> None:
        self._futures.pop(number, None)
        if future.status == "finished":
            self._news.put((number, "end", future.result()))
            return
        reason = f": {future.exception()}" if future.status == "error" else ""
        self._news.put((number, "lost", f"its worker died, or Dask gave it up ({future.status}){reason}"))


# --- the worker's side ------------------------------------------------------------------------

_tokens: dict[CancelToken, str] = {}
"""The tokens of what is under way in this process, and the runs that they belong to."""
_stopped: deque[str] = deque(maxlen=1000)
"""The runs that were cancelled lately: what of them was still in a queue must not start."""


def _work_in_dask(parcel: bytes, number: int, topic: str) -> bytes:
    from distributed import get_worker  # noqa: PLC0415 -- optional

    worker = get_worker()
    token = CancelToken()
    _tokens[token] = topic
    if topic in _stopped:
        token.cancel()
    try:
        worker.log_event(topic, (number, "start", None))
        return carry_out(
            parcel,
            token=token,
            on_progress=lambda progress: worker.log_event(topic, (number, "progress", progress)),
        )
    finally:
        del _tokens[token]


def _stop_in_dask(topic: str) -> None:
    _stopped.append(topic)
    for token, of in list(_tokens.items()):
        if of == topic:
            token.cancel()
