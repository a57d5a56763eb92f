"""One execution of one node: what an engine is given to carry out."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from workflows.cancellation import CancelToken
from workflows.catalog.replacements import running_identifier
from workflows.errors import Cancelled, NodeError, TaskError, describe_exception
from workflows.events import utc_now
from workflows.running.results import NodeResult
from workflows.states import State
from workflows.tasks.task import Task
from workflows.values import own_copy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflows.events import EventStream, EventType
    from workflows.graphs.elements import Node
    from workflows.keys import InputKey, NodeId
    from workflows.running.rounds import Turn
    from workflows.store import ResultStore


class RunContext:
    """What all nodes of a run share.

    Attributes
    ----------
    stream, token, options
        Who hears of the nodes, by what they are stopped, and what every task finds in ``options``.
    stores : mapping
        Where the results of nodes are kept, by the ids of the nodes; those that are not in it are not.
    kept : frozenset or None
        The nodes whose outputs are wanted at the end; None for all.
    """

    __slots__ = ("kept", "options", "stores", "stream", "token")

    def __init__(
        self,
        *,
        stream: EventStream,
        token: CancelToken,
        options: Mapping[str, Any] | None = None,
        stores: Mapping[NodeId, ResultStore] | None = None,
        kept: frozenset[NodeId] | None = None,
    ) -> None:
        self.stream = stream
        self.token = token
        self.options = dict(options or {})
        self.stores = stores or {}
        self.kept = kept

    def emit(self, node: Node, event_type: EventType, **fields: Any) -> None:
        """Send an event about a node; it names the task that really runs."""
        self.stream.emit(
            context="node",
            type=event_type,
            node_id=node.id,
            label=node.label,
            task_identifier=node.task_identifier and running_identifier(node.task_type, node.task_identifier),
            **fields,
        )


class NodeCall:
    """One node with its inputs, ready to be executed in any thread."""

    __slots__ = ("context", "inputs", "node", "task_class", "turn")

    def __init__(
        self,
        node: Node,
        task_class: type[Task],
        inputs: Mapping[InputKey, Any],
        turn: Turn,
        context: RunContext,
    ) -> None:
        self.node = node
        self.task_class = task_class
        self.inputs = inputs
        self.turn = turn
        self.context = context

    def execute(self, *, time_limit_s: float | None = None) -> NodeResult:
        """Run the task; whatever it raises is part of the result."""
        context, node = self.context, self.node
        on_progress = None
        started_at = utc_now()
        if context.stream.active:
            self.announce_start()
            on_progress = self.report_progress
        result = perform(
            self.task_class,
            self.inputs,
            node_id=node.id,
            label=node.label,
            options=context.options,
            token=context.token,
            on_progress=on_progress,
            store=context.stores.get(node.id),
            time_limit_s=time_limit_s,
        )
        result.started_at, result.ended_at = started_at, utc_now()
        return result

    def announce_start(self) -> None:
        """Tell that the task starts: what an engine does that runs it elsewhere."""
        self.context.emit(self.node, "start")

    def report_progress(self, progress: float) -> None:
        """Tell how much of the task is done, from 0 to 100."""
        self.context.emit(self.node, "progress", progress=progress)

    def failure(self, text: str) -> TaskError:
        """Make the error that says why this node failed."""
        return TaskError(
            text, node_id=self.node.id, label=self.node.label, task_name=self.task_class.__name__
        )


def perform(
    task_class: type[Task],
    inputs: Mapping[InputKey, Any],
    *,
    store: ResultStore | None = None,
    **arguments: Any,
) -> NodeResult:
    """Run a task once, in whatever process this is, unless the store knows its outputs.

    ``arguments`` are those of ``Task``, and ``time_limit_s``.
    """
    if store is None:
        return _perform_in_time(task_class, inputs, **arguments)
    claim = store.claim(task_class, inputs, options=arguments["options"], title=arguments["label"])
    known = claim.find() if claim is not None else None
    if claim is not None and known is not None:
        return NodeResult(State.CACHED, known, uris=store.uris(claim.key))
    result = _perform_in_time(task_class, inputs, **arguments)
    if claim is not None and result.state is State.SUCCEEDED:
        key = claim.save(result.outputs)
        if key is not None:
            result.uris = store.uris(key)
    return result


def _perform_in_time(
    task_class: type[Task],
    inputs: Mapping[InputKey, Any],
    *,
    token: CancelToken,
    time_limit_s: float | None = None,
    **arguments: Any,
) -> NodeResult:
    """Run a task.

    One that goes on beyond its time limit is asked to stop, and has failed
    whatever it does then: nothing can end a thread by force.
    """
    if time_limit_s is None:
        return _perform(task_class, inputs, token=token, **arguments)
    limited = CancelToken(parent=token)
    timer = threading.Timer(time_limit_s, limited.cancel)
    timer.daemon = True
    with token.calling(limited.cancel):
        timer.start()
        result = _perform(task_class, inputs, token=limited, **arguments)
        timer.cancel()
    if limited.cancelled and not token.cancelled:
        error = overdue(
            time_limit_s,
            node_id=arguments["node_id"],
            label=arguments["label"],
            task_name=task_class.__name__,
        )
        return NodeResult(State.FAILED, error=error)
    return result


def overdue(time_limit_s: float, **place: Any) -> TaskError:
    """Make the error of a task that took too long."""
    text = f"it took longer than its time limit of {time_limit_s:g} s"
    error = TaskError(text, **place)
    error.__cause__ = TimeoutError(text)
    return error


def _perform(
    task_class: type[Task],
    inputs: Mapping[InputKey, Any],
    *,
    node_id: Any,
    label: str,
    options: Mapping[str, Any],
    token: CancelToken,
    on_progress: Callable[[float], None] | None,
) -> NodeResult:
    try:
        task = task_class(
            own_copy(inputs),
            node_id=node_id,
            label=label,
            options=options,
            cancel=token,
            on_progress=on_progress,
        )
        if task_class.cancel is Task.cancel:
            task.execute()
        else:
            with token.calling(task.cancel):
                task.execute()
    except Cancelled as error:
        return NodeResult(State.CANCELLED, error=error)
    except NodeError as error:
        return NodeResult(State.FAILED, error=error)
    except Exception as error:  # noqa: BLE001 -- from a constructor, or an execute(), of the task's own
        failure = TaskError(
            describe_exception(error), node_id=node_id, label=label, task_name=task_class.__name__
        )
        failure.__cause__ = error
        return NodeResult(State.FAILED, error=failure)
    return NodeResult(State.SUCCEEDED, task.get_output_values())
