"""What a Celery worker does with the jobs of one workflow each."""

from __future__ import annotations

import logging
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workflows.cancellation import CancelToken
from workflows.engines.celery_jobs import RUNNING, is_cancelled
from workflows.engines.json_values import from_json
from workflows.engines.records import error_record, event_record, run_record
from workflows.errors import WorkflowError
from workflows.execution import run_graph
from workflows.service.policy import (
    check_arguments,
    checked_engine,
    checked_source,
    worker_policy,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflows.events import Event

logger = logging.getLogger(__name__)

_LOOK_S = 0.2
_AGAIN_S = 5.0
_GRACE_S = 10.0


def run_and_record(task: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Run a job for the engine ``celery``; what is refused is part of the record."""
    try:
        check_arguments(request["engine_options"])
        with _Reporter(task).watching() as reporter:
            result = run_graph(
                checked_source(request["workflow"]),
                from_json(request["inputs"]),
                task_options=from_json(request["task_options"]),
                max_rounds=request["max_rounds"],
                engine=checked_engine(request["engine"]),
                events=[reporter],
                cancel=reporter.token,
                policy=worker_policy(),
                **request["engine_options"],
            )
        return run_record(result) | {"events": reporter.events}
    except WorkflowError as error:
        return {"state": "failed", "error": error_record(error), "nodes": [], "events": []}


@contextmanager
def cancellable(task: Any) -> Iterator[CancelToken]:
    """Give a token that is cancelled when the job is."""
    with _Reporter(task).watching() as reporter:
        yield reporter.token


class _Reporter:
    """Tells a waiting client what has happened so far, and looks whether the job was cancelled."""

    def __init__(self, task: Any) -> None:
        self._task = task
        self._job_id = task.request.id
        self._over = threading.Event()
        self._beat = 0
        self.token = CancelToken()
        self.events: list[dict[str, Any]] = []

    def __call__(self, event: Event) -> None:
        if event.context == "node":
            self.events.append(event_record(event))

    @contextmanager
    def watching(self) -> Iterator[_Reporter]:
        self._try_to_look()  # one that was cancelled in the queue must not start
        thread = threading.Thread(target=self._watch, daemon=True)
        with _on_termination(self._stop_soon):
            thread.start()
            try:
                yield self
            finally:
                self._over.set()
                thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_S):
            self._try_to_look()

    def _try_to_look(self) -> None:
        try:
            self._look()
        except Exception:
            logger.exception("Job %s cannot reach its result backend", self._job_id)
            self._over.wait(_AGAIN_S)

    def _look(self) -> None:
        app = self._task.app
        self._beat += 1
        document = {"beat": self._beat, "events": list(self.events)}
        self._task.update_state(task_id=self._job_id, state=RUNNING, meta=document)
        if is_cancelled(app, self._job_id):
            self.token.cancel()

    def _stop_soon(self) -> None:
        """Stop the tasks; end the process if they do not stop."""
        self.token.cancel()
        timer = threading.Timer(_GRACE_S, os._exit, (1,))
        timer.daemon = True
        timer.start()


@contextmanager
def _on_termination(action: Callable[[], None]) -> Iterator[None]:
    """Do something when this process, one of a pool, is told to end because its job was revoked."""
    from billiard.process import current_process  # noqa: PLC0415 -- comes with celery

    is_main_thread = threading.current_thread() is threading.main_thread()
    if not is_main_thread or current_process().name == "MainProcess":
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: action())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
