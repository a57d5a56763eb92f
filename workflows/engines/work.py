"""The work of one node as another process gets it, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from workflows.catalog.replacements import running_identifier
from workflows.catalog.resolve import resolve_task
from workflows.engines.parcels import PackedError, PackingError, find_unsendable, pack, pack_error, unpack
from workflows.errors import GraphError, TaskError, WorkflowError, describe_exception
from workflows.events import utc_now
from workflows.running.calls import perform
from workflows.running.results import NodeResult
from workflows.states import State
from workflows.tasks.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from workflows.cancellation import CancelToken
    from workflows.keys import InputKey, NodeId
    from workflows.running.calls import NodeCall


@dataclass(frozen=True)
class Work:
    """One execution of one node, without anything that belongs to a process."""

    task_type: str
    task_identifier: str
    task_generator: str | None
    node_id: NodeId
    label: str
    inputs: Mapping[InputKey, Any]
    options: Mapping[str, Any]
    store: Any
    time_limit_s: float | None
    reports: bool
    """Whether anybody listens to its progress."""


@dataclass(frozen=True)
class Outcome:
    """A ``NodeResult`` that can be sent."""

    state: str
    outputs: Mapping[str, Any]
    error: PackedError | None
    started_at: datetime
    ended_at: datetime
    uris: tuple[str | None, Mapping[str, str]] | None = None


def pack_work(call: NodeCall, *, time_limit_s: float | None = None) -> bytes:
    """Make a call ready to be sent.

    Raises
    ------
    TaskError
        An input, or an option of the tasks, belongs to this process.
    """
    node, context = call.node, call.context
    work = Work(
        task_type=node.task_type,
        task_identifier=_whole_identifier(call),
        task_generator=node.task_generator,
        node_id=node.id,
        label=node.label,
        inputs=call.inputs,
        options=context.options,
        store=context.stores.get(node.id),
        time_limit_s=time_limit_s,
        reports=context.stream.active,
    )
    try:
        return pack(work)
    except PackingError as error:
        for kind, values in (("input", dict(call.inputs)), ("task option", context.options)):
            culprit = find_unsendable(values)
            if culprit is not None:
                raise call.failure(f"its {kind} {culprit[0]!r} {culprit[1]}") from error
        raise call.failure(f"its inputs cannot be sent to another process: {error.text}") from error


def carry_out(
    parcel: bytes, *, token: CancelToken, on_progress: Callable[[float], None] | None = None
) -> bytes:
    """Do the work in a parcel and return the outcome as another one; nothing is raised."""
    started_at = utc_now()
    try:
        work: Work = unpack(parcel)
    except PackingError as error:
        failure = TaskError(f"its inputs cannot be rebuilt in the other process: {error.text}")
        return _pack_outcome(NodeResult(State.FAILED, error=failure), started_at, {})
    place: dict[str, Any] = {"node_id": work.node_id, "label": work.label}
    try:
        task_class = find_task(work.task_type, work.task_identifier, work.task_generator)
    except GraphError as error:
        failure = TaskError(f"the other process cannot find it: {error.message}", **place)
        failure.__cause__ = error
        return _pack_outcome(NodeResult(State.FAILED, error=failure), started_at, place)
    result = perform(
        task_class,
        work.inputs,
        options=work.options,
        store=work.store,
        token=token,
        on_progress=on_progress if work.reports else None,
        time_limit_s=work.time_limit_s,
        **place,
    )
    return _pack_outcome(result, started_at, place | {"task_name": task_class.__name__})


def unpack_result(call: NodeCall, parcel: bytes) -> NodeResult:
    """Return the result of a call that was carried out elsewhere."""
    try:
        outcome: Outcome = unpack(parcel)
    except PackingError as error:
        failure = call.failure(f"its outputs cannot be rebuilt in this process: {error.text}")
        return NodeResult(State.FAILED, error=failure)
    raised = None if outcome.error is None else outcome.error.restore()
    if isinstance(raised, TaskError):
        raised.locate(node_id=call.node.id, label=call.node.label, task_name=call.task_class.__name__)
    return NodeResult(
        State(outcome.state),
        outcome.outputs,
        raised if isinstance(raised, WorkflowError) else None,
        outcome.started_at,
        outcome.ended_at,
        uris=outcome.uris,
    )


@cache
def find_task(task_type: str, task_identifier: str, task_generator: str | None) -> type[Task]:
    """Find a task that another process has found before."""
    more = {} if task_generator is None else {"task_generator": task_generator}
    return resolve_task(task_type, task_identifier, **more)


def lost_error(call: NodeCall, text: str) -> TaskError:
    """Make the error of a task whose process died."""
    error = call.failure(text)
    error.__cause__ = ChildProcessError(text)
    return error


def _pack_outcome(result: NodeResult, started_at: datetime, place: dict[str, Any]) -> bytes:
    packed = None if result.error is None else pack_error(result.error)
    ended_at = utc_now()
    try:
        return pack(Outcome(str(result.state), result.outputs, packed, started_at, ended_at, result.uris))
    except PackingError as error:
        culprit = find_unsendable(dict(result.outputs))
        text = f"its outputs cannot be sent: {error.text}"
        if culprit is not None:
            text = f"its output {culprit[0]!r} {culprit[1]}"
    except BaseException as error:  # noqa: BLE001 -- a value may do anything when it is pickled
        text = f"its outputs cannot be sent: {describe_exception(error)}"
    failed = pack_error(TaskError(text, **place))
    return pack(Outcome(str(State.FAILED), {}, failed, started_at, ended_at))


def _whole_identifier(call: NodeCall) -> str:
    """Name what runs: another process might complete a short name, or replace a task, otherwise."""
    task_type, task_class = call.node.task_type, call.task_class
    written = running_identifier(task_type, str(call.node.task_identifier))
    whole = f"{task_class.__module__}.{task_class.__qualname__}"
    is_class = task_type == "class" and Task.registered.get(whole) is task_class
    is_function = task_type in ("method", "ppfmethod")
    return whole if whole.endswith(f".{written}") and (is_class or is_function) else written
