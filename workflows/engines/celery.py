"""Running a whole workflow in a Celery worker, and following it from here."""

from __future__ import annotations

import logging
import threading
from time import monotonic
from typing import TYPE_CHECKING, Any

from workflows.engines.celery_jobs import EXECUTE_GRAPH, RUN_GRAPH, RUNNING, cancel_job
from workflows.engines.celery_settings import make_app
from workflows.engines.json_values import JsonError, to_json
from workflows.engines.records import read_error, read_results
from workflows.errors import Cancelled, InputError, UnsupportedError, WorkflowError, describe_exception
from workflows.graphs.graph import load_graph
from workflows.keys import json_node_id, node_key
from workflows.running.results import NodeResult
from workflows.states import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workflows.graphs.graph import Graph
    from workflows.keys import NodeId
    from workflows.running.run import Run

__all__ = ["cancel_job", "run_celery", "submit_graph", "wait_for"]

_LOOK_EVERY_S = 0.2

logger = logging.getLogger(__name__)


def submit_graph(
    workflow: Graph | Mapping[str, Any] | str | Path,
    inputs: Sequence[Mapping[str, Any]] = (),
    *,
    queue: str | None = None,
    settings: Mapping[str, Any] | None = None,
    **arguments: Any,
) -> str:
    """Submit a workflow to a worker and return the id of its job, without waiting.

    Parameters
    ----------
    settings
        Settings of Celery that come before those of the environment.
    arguments
        Those of ``execute_graph`` that JSON can carry.

    Raises
    ------
    UnsupportedError
        There is no broker, or an argument is not JSON.
    """
    app = make_app(settings)
    keywords = {"inputs": [dict(item) for item in inputs], **arguments}
    return _send(app, EXECUTE_GRAPH, [load_graph(workflow).to_dict()], keywords, queue=queue)


def wait_for(job_id: str, timeout_s: float, *, settings: Mapping[str, Any] | None = None) -> Any:
    """Wait for a submitted job and return its outputs.

    Raises
    ------
    WorkflowError
        The job failed, or has not ended in this time (it goes on).
    Cancelled
        It was cancelled.
    """
    from celery.exceptions import TaskRevokedError  # noqa: PLC0415 -- optional
    from celery.exceptions import TimeoutError as TooLate  # noqa: PLC0415

    try:
        return make_app(settings).AsyncResult(job_id).get(timeout=timeout_s, interval=_LOOK_EVERY_S)
    except TooLate:
        raise WorkflowError(f"the job {job_id} has not ended after {timeout_s:g} s; it goes on") from None
    except TaskRevokedError:
        raise Cancelled(f"the job {job_id} was cancelled") from None
    except Exception as error:
        raise WorkflowError(f"the job {job_id} failed: {describe_exception(error)}") from error


def run_celery(
    run: Run,
    *,
    queue: str | None = None,
    settings: Mapping[str, Any] | None = None,
    worker_engine: str = "local",
    worker_options: Mapping[str, Any] | None = None,
    interval_s: float = 0.2,
    silence_s: float = 60.0,
    grace_s: float = 10.0,
) -> None:
    """Run the whole graph in one worker, and take over how its nodes went.

    Events are told here in the order in which they happened there. The values
    of inputs and outputs travel as JSON without loss (numbers, texts, bytes,
    times, lists, tuples, dicts, arrays); the run fails if an output of an end
    node cannot.

    Parameters
    ----------
    queue
        Which workers may take it.
    settings
        Settings of Celery that come before those of the environment.
    worker_engine, worker_options
        The engine that the worker uses, and its options; also ``varinfo``, since
        results are stored where they are made.
    interval_s
        Seconds between two looks at the result backend.
    silence_s
        After how many seconds without a sign of life a job counts as lost. It
        is not run again, since its tasks may have had effects.
    grace_s
        Seconds between asking a job to stop and ending its process.
    """
    if run.context.token.cancelled:
        return
    app = make_app(settings)
    request = _request(run) | {"engine": worker_engine, "engine_options": dict(worker_options or {})}
    job_id = _send(app, RUN_GRAPH, [request], {}, queue=queue)
    _Follower(run, app, job_id, interval_s=interval_s, silence_s=silence_s, grace_s=grace_s).follow()


def _request(run: Run) -> dict[str, Any]:
    if run.context.stores:
        raise UnsupportedError("results are stored where they are made: give 'varinfo' in worker_options")
    plan = run.plan
    inputs = []
    for node_id, given in plan.inputs.items():
        for name, value in given.items():
            try:
                inputs.append({"id": json_node_id(node_id), "name": name, "value": to_json(value)})
            except JsonError as error:
                raise InputError(error.text, input_name=name, node_id=node_id) from error
    return {
        "workflow": plan.graph.to_dict(),
        "inputs": inputs,
        "task_options": to_json(run.context.options),
        "max_rounds": run.max_rounds,
    }


def _send(app: Any, name: str, args: list[Any], keywords: dict[str, Any], *, queue: str | None) -> str:
    from kombu.exceptions import KombuError  # noqa: PLC0415 -- comes with celery

    try:
        sent = app.send_task(name, args=args, kwargs=keywords, queue=queue, retry=False)
    except (KombuError, OSError, TypeError, ValueError) as error:
        raise UnsupportedError(f"the job cannot be submitted: {describe_exception(error)}") from error
    job_id: str = sent.id
    return job_id


class _Follower:
    """Watches one job until it has ended."""

    def __init__(
        self, run: Run, app: Any, job_id: str, *, interval_s: float, silence_s: float, grace_s: float
    ) -> None:
        self._run = run
        self._app = app
        self._job_id = job_id
        self._interval_s = interval_s
        self._silence_s = silence_s
        self._grace_s = grace_s
        self._n_told = 0
        self._seen: dict[NodeId, NodeResult] = {}
        self._started: set[NodeId] = set()
        self._beat: tuple[int, float] | None = None
        self._force_at: float | None = None
        self._give_up_at: float | None = None

    def follow(self) -> None:
        woken = threading.Event()
        with self._run.context.token.calling(woken.set):
            while not self._look():
                self._check_cancelled()
                woken.wait(self._interval_s)
                woken.clear()

    def _look(self) -> bool:
        """Take over what is new; return whether the job has ended."""
        meta = self._app.backend.get_task_meta(self._job_id)
        state, result = meta["status"], meta["result"]
        if state == RUNNING:
            self._tell(result["events"])
            return self._is_silent(result["beat"])
        if state == "SUCCESS":
            self._tell(result["events"])
            self._adopt(result)
        elif state == "REVOKED":
            self._end(State.CANCELLED, Cancelled("the job was cancelled"))
        elif state == "FAILURE":
            text = f"the job {self._job_id} failed in its worker: {describe_exception(result)}"
            self._end(State.FAILED, WorkflowError(text))
        elif self._give_up_at is not None and monotonic() > self._give_up_at:
            self._end(State.CANCELLED, Cancelled("the job was cancelled"))
        else:
            return False
        return True

    def _tell(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Tell the events that were not told yet."""
        for event in events[self._n_told :]:
            fields = dict(event)
            node_id = node_key(fields.pop("node_id"))
            self._run.context.stream.emit(context="node", node_id=node_id, **fields)
            if event["type"] == "start":
                self._started.add(node_id)
            elif event["type"] == "end":
                self._started.discard(node_id)
                self._seen[node_id] = NodeResult(State(event["state"]))
        self._n_told = max(self._n_told, len(events))

    def _adopt(self, record: dict[str, Any]) -> None:
        results, left_behind = read_results(record)
        state, error = State(record["state"]), read_error(record["error"])
        for node_id, sentence in left_behind.items():
            logger.warning("%s", sentence)
            if state is State.SUCCEEDED and node_id in self._run.plan.graph.structure.end_nodes:
                state, error = State.FAILED, WorkflowError(sentence)
        self._run.adopt(results, state, error)

    def _is_silent(self, beat: int) -> bool:
        now = monotonic()
        if self._beat is None or self._beat[0] != beat:
            self._beat = beat, now
        if now - self._beat[1] < self._silence_s:
            return False
        text = f"the job {self._job_id} is lost: its worker has been silent for {self._silence_s:g} s"
        self._end(State.FAILED, WorkflowError(text))
        return True

    def _check_cancelled(self) -> None:
        if not self._run.context.token.cancelled:
            return
        now = monotonic()
        if self._force_at is None:
            self._force_at = now + self._grace_s
            self._give_up_at = now + 2 * self._grace_s
            cancel_job(self._job_id, app=self._app)
        elif now > self._force_at:
            self._force_at = float("inf")
            cancel_job(self._job_id, force=True, app=self._app)

    def _end(self, state: State, error: WorkflowError) -> None:
        """Take over what is known of a job that cannot tell how it ended."""
        for node_id in self._started:
            self._seen[node_id] = NodeResult(state, error=error)
            node = self._run.plan.graph.nodes[node_id]
            self._run.context.emit(
                node, "end", state=str(state), error_code=error.code, error_message=error.message
            )
        self._run.adopt(self._seen, state, error)
