"""One run of a plan: what every engine shares.

An engine takes calls, executes each wherever it likes, and brings the results
back::

    while call := run.take():
        run.settle(call, call.execute())
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workflows.errors import Cancelled, NodeError, TaskError, WorkflowError, describe_exception
from workflows.events import utc_now
from workflows.running.links import error_links, error_outputs, handed_over, taken_links
from workflows.running.results import NodeResult
from workflows.running.scheduler import Scheduler
from workflows.states import State
from workflows.values import own_copy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflows.cancellation import CancelToken
    from workflows.events import EventStream, EventType
    from workflows.graphs.elements import Link, Node
    from workflows.keys import InputKey, NodeId
    from workflows.running.plan import Plan
    from workflows.tasks.task import Task


@dataclass(frozen=True)
class NodeCall:
    """One node with its inputs, ready to be executed in any thread."""

    node: Node
    task_class: type[Task]
    inputs: Mapping[InputKey, Any]
    token: CancelToken
    stream: EventStream
    options: Mapping[str, Any]

    def execute(self) -> NodeResult:
        """Run the task; whatever it raises is part of the result."""
        started_at = utc_now()
        self.emit("start")
        try:
            outputs = self._run_task()
        except Cancelled as error:
            return NodeResult(State.CANCELLED, error=error, started_at=started_at, ended_at=utc_now())
        except NodeError as error:
            return NodeResult(State.FAILED, error=error, started_at=started_at, ended_at=utc_now())
        return NodeResult(State.SUCCEEDED, outputs, started_at=started_at, ended_at=utc_now())

    def emit(self, event_type: EventType, **fields: Any) -> None:
        """Send an event about this node."""
        self.stream.emit(context="node", type=event_type, **_identity(self.node), **fields)

    def _run_task(self) -> dict[str, Any]:
        try:
            task = self.task_class(
                own_copy(dict(self.inputs)),
                node_id=self.node.id,
                label=self.node.label,
                options=self.options,
                cancel=self.token,
                on_progress=lambda progress: self.emit("progress", progress=progress),
            )
            with self.token.calling(task.cancel):
                task.execute()
            return task.get_output_values()
        except (NodeError, Cancelled):
            raise
        except Exception as error:  # from a constructor, or an execute(), of the task's own
            raise self.failure(describe_exception(error)) from error

    def failure(self, text: str) -> TaskError:
        """Make the error that says why this node failed."""
        name = self.task_class.__name__
        return TaskError(text, node_id=self.node.id, label=self.node.label, task_name=name)


class Run:
    """The progress of one run. Its methods are called from one thread only."""

    def __init__(
        self, plan: Plan, *, stream: EventStream, token: CancelToken, options: Mapping[str, Any] | None = None
    ) -> None:
        self.plan = plan
        self.token = token
        self.results: dict[NodeId, NodeResult] = {}
        self._stream = stream
        self._options = dict(options or {})
        self._scheduler = Scheduler(plan.graph)
        self._carried: dict[NodeId, Mapping[Any, Any]] = {}

    def take(self) -> NodeCall | None:
        """Return the next node to execute; None if there is none until another result comes."""
        if self.token.cancelled:
            self._give_up()
            return None
        taken = self._scheduler.take()
        if taken is None:
            return None
        return NodeCall(
            node=self.plan.graph.nodes[taken],
            task_class=self.plan.tasks[taken],
            inputs=self._inputs(taken),
            token=self.token,
            stream=self._stream,
            options=self._options,
        )

    def settle(self, call: NodeCall, result: NodeResult) -> None:
        """Note the result of a call, which decides what comes next."""
        node = call.node
        links = self.plan.graph.structure.outgoing[node.id]
        fired: Sequence[Link] = ()
        if result.state is State.SUCCEEDED:
            fired = taken_links(node, links, result.outputs)
            result = self._with_needed_outputs(call, result, fired)
            self._carried[node.id] = result.outputs
        if result.state is State.FAILED and result.error is not None:
            fired = error_links(links)
            self._carried[node.id] = error_outputs(result.error, call.inputs)
        self._end(node.id, result)
        if self.token.cancelled:
            self._give_up()
        for skipped in self._scheduler.end(node.id, result.state, fired):
            self._end(skipped, NodeResult(State.SKIPPED))

    def outcome(self) -> tuple[State, WorkflowError | None]:
        """Return how the run ended, and the error to blame if it did not succeed."""
        state = self._scheduler.outcome()
        if state is State.FAILED:
            return state, self.results[self._scheduler.unhandled_failures()[0]].error
        if state is State.CANCELLED:
            n_done = sum(result.state is State.SUCCEEDED for result in self.results.values())
            n_nodes = len(self.plan.graph.nodes)
            return state, Cancelled(f"the workflow was cancelled: {n_done} of {n_nodes} nodes had succeeded")
        return state, None

    def _give_up(self) -> None:
        for node_id in self._scheduler.cancel():
            self._end(node_id, NodeResult(State.CANCELLED))

    def _inputs(self, node_id: NodeId) -> dict[InputKey, Any]:
        """Collect the inputs: links come before execution inputs, these before default inputs."""
        inputs = dict(self.plan.inputs[node_id])
        interface = self.plan.interface(node_id)
        for link in self._scheduler.fired_links(node_id):
            inputs |= handed_over(link, self._carried[link.source], interface)
        return inputs

    def _with_needed_outputs(self, call: NodeCall, result: NodeResult, fired: Sequence[Link]) -> NodeResult:
        for link in fired:
            name = self.plan.needed_output(link, result.outputs)
            if name is not None:
                error = call.failure(f"it did not set its output {name!r}, which node {link.target!r} needs")
                return replace(result, state=State.FAILED, outputs={}, error=error)
        return result

    def _end(self, node_id: NodeId, result: NodeResult) -> None:
        self.results[node_id] = result
        self._stream.emit(
            context="node",
            type="end",
            **_identity(self.plan.graph.nodes[node_id]),
            **ending(result.state, result.error),
        )


def ending(state: State, error: WorkflowError | None) -> dict[str, str | None]:
    """Return the fields of an end event."""
    return {
        "state": str(state),
        "error_code": error.code if error else None,
        "error_message": error.message if error else None,
    }


def _identity(node: Node) -> dict[str, Any]:
    return {"node_id": node.id, "label": node.label, "task_identifier": node.task_identifier}
