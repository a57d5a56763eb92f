"""One run of a plan: what every engine shares.

An engine takes calls, executes each wherever it likes, and brings the results
back::

    while call := run.take():
        run.settle(call, call.execute())

or hands the whole graph to somebody else and adopts what comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.errors import Cancelled
from workflows.running.calls import NodeCall
from workflows.running.links import (
    error_links,
    error_outputs,
    handed_over,
    taken_links,
    traceback_text,
    visible_outputs,
)
from workflows.running.loop_scheduler import LoopScheduler
from workflows.running.results import NodeResult
from workflows.running.scheduler import Scheduler
from workflows.states import State
from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflows.errors import WorkflowError
    from workflows.graphs.elements import Link, Node
    from workflows.keys import InputKey, NodeId
    from workflows.running.calls import RunContext
    from workflows.running.plan import Plan
    from workflows.running.rounds import Turn

DEFAULT_MAX_ROUNDS = 10_000


class Run:
    """The progress of one run. Its methods are called from one thread only.

    Attributes
    ----------
    results : dict
        How each node ended that has ended, the last time.
    """

    def __init__(self, plan: Plan, context: RunContext, *, max_rounds: int = DEFAULT_MAX_ROUNDS) -> None:
        self.plan = plan
        self.context = context
        self.max_rounds = max_rounds
        self.results: dict[NodeId, NodeResult] = {}
        self._adopted: tuple[State, WorkflowError | None] | None = None
        self._errors: dict[NodeId, WorkflowError] = {}
        structure = plan.graph.structure
        self._structure = structure
        self._scheduler = (
            LoopScheduler(structure, plan.start_nodes, max_rounds=max_rounds)
            if structure.has_loops
            else Scheduler(structure, plan.start_nodes)
        )

    def take(self) -> NodeCall | None:
        """Return the next node to execute; None if there is none until another result comes."""
        turn = None if self.context.token.cancelled else self._scheduler.take()
        if turn is None:
            self.context.stream.flush()
            return None
        plan, node_id = self.plan, turn.node_id
        return NodeCall(
            plan.graph.nodes[node_id], plan.tasks[node_id], self._inputs(turn), turn, self.context
        )

    def settle(self, call: NodeCall, result: NodeResult) -> None:
        """Note the result of a call, which decides what comes next."""
        node = call.node
        links = self._structure.outgoing[node.id]
        fired: Sequence[Link] = ()
        carried: Mapping[Any, Any] = result.outputs
        if result.state.is_success:
            carried = visible_outputs(result.outputs, call.task_class.interface)
            fired = taken_links(node, links, carried)
            error = self._unset_output(call, carried, fired)
            if error is not None:
                result = NodeResult(State.FAILED, {}, error, result.started_at, result.ended_at)
        result.rounds = call.turn.scope.rounds
        failed = result.state is State.FAILED
        if failed and result.error is not None:
            fired = error_links(links)
            carried = error_outputs(result.error, call.inputs)
        self._end(node, result)
        if self.context.kept is not None and node.id not in self.context.kept:
            result.outputs = {}
        for node_id in self._scheduler.end(call.turn, fired, carried, failed=failed):
            self._end(self.plan.graph.nodes[node_id], NodeResult(self._left_out))

    def adopt(self, results: Mapping[NodeId, NodeResult], state: State, error: WorkflowError | None) -> None:
        """Take over how the whole run went elsewhere, for an engine that takes no calls.

        That engine has sent the events of the nodes in ``results``.
        """
        self.results.update(results)
        self._adopted = state, error

    def finish(self) -> tuple[State, WorkflowError | None]:
        """Give up what has not started, and return how the run ended and the error to blame.

        Engines have no more calls under way when this is called.
        """
        for node in self.plan.graph.nodes.values():
            if node.id not in self.results:
                self._end(node, NodeResult(self._left_out))
        if self._adopted is not None:
            return self._adopted
        failures = self._scheduler.unhandled_failures()
        if failures:
            return State.FAILED, self._errors[failures[0]]
        if self._scheduler.error is not None:
            return State.FAILED, self._scheduler.error
        if any(result.state is State.CANCELLED for result in self.results.values()):
            n_done = sum(result.state.is_success for result in self.results.values())
            n_nodes = len(self.results)
            text = f"the workflow was cancelled: {n_done} of {n_nodes} nodes had succeeded"
            return State.CANCELLED, Cancelled(text)
        return State.SUCCEEDED, None

    @property
    def _left_out(self) -> State:
        """How a node ends that does not run."""
        return State.CANCELLED if self.context.token.cancelled else State.SKIPPED

    def _inputs(self, turn: Turn) -> dict[InputKey, Any]:
        """Collect the inputs: links come before execution inputs, these before default inputs."""
        inputs = dict(self.plan.inputs[turn.node_id])
        if turn.tokens:
            interface = self.plan.interface(turn.node_id)
            for link, token in turn.tokens:
                inputs.update(handed_over(link, token.data, interface))
            self._scheduler.let_go(turn)
        return inputs

    def _unset_output(
        self, call: NodeCall, outputs: Mapping[str, Any], fired: Sequence[Link]
    ) -> WorkflowError | None:
        """Find an output that a link needs but the task did not set."""
        for link in fired:
            for source, _ in link.data_mapping:
                if source is not None and source not in outputs:
                    name = self.plan.needed_output(link, outputs)
                    if name is not None:
                        needed = (
                            f"it did not set its output {shown(name)}, which node {shown(link.target)} needs"
                        )
                        return call.failure(needed)
        return None

    def _end(self, node: Node, result: NodeResult) -> None:
        before = self.results.get(node.id)
        if result.started_at is not None:
            result.n_runs = 1 if before is None else before.n_runs + 1
        if result.state is State.FAILED and result.error is not None:
            self._errors[node.id] = result.error
        self.results[node.id] = result
        if self.context.stream.active:
            self.context.emit(node, "end", **ending(result.state, result.error), **_uris(result))


def ending(state: State, error: WorkflowError | None) -> dict[str, str | None]:
    """Return the fields of an end event."""
    if error is None:
        return {"state": state.value}
    return {
        "state": state.value,
        "error_code": error.code,
        "error_message": error.message,
        "error_traceback": traceback_text(error),
    }


def _uris(result: NodeResult) -> dict[str, Any]:
    if result.uris is None:
        return {}
    task_uri, outputs = result.uris
    uris = [{"name": name, "value": uri} for name, uri in outputs.items()]
    return {"task_uri": task_uri, "output_uris": uris}
