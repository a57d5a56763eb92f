"""A graph made ready to run: tasks found, inputs placed, everything refused that can be refused before."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.catalog.resolve import resolve_task
from workflows.errors import GraphError, InputError, PolicyError, UnsupportedError, WorkflowError
from workflows.graphs.graph import load_graph
from workflows.graphs.schema import RUNNABLE_TASK_TYPES
from workflows.policy import AnyTask
from workflows.running.links import fed_inputs
from workflows.running.selection import placed_inputs
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from workflows.graphs.elements import Link, Node
    from workflows.graphs.graph import Graph
    from workflows.keys import InputKey, NodeId
    from workflows.policy import Policy
    from workflows.tasks.interface import Interface
    from workflows.tasks.task import Task

Tasks = dict["NodeId", type["Task"]]


@dataclass(frozen=True)
class Plan:
    """What an engine needs to know of a run."""

    graph: Graph
    tasks: Tasks
    inputs: Mapping[NodeId, dict[InputKey, Any]]
    """For each node the inputs that do not come from links."""

    def linked(self, node_id: NodeId) -> set[InputKey]:
        """Return the inputs that links set, when all their outputs are."""
        interface = self.interface(node_id)
        links = self.graph.structure.incoming[node_id]
        return {name for link in links for name in fed_inputs(link, self.interface(link.source), interface)}

    def given(self, node_id: NodeId) -> set[InputKey]:
        """Return all inputs that a node gets, from links or as values."""
        return self.linked(node_id) | self.inputs[node_id].keys()

    def free_inputs(self, node_id: NodeId) -> list[str]:
        """Return the declared inputs that no link sets: those that a user may give."""
        linked = self.linked(node_id)
        return [name for name in self.interface(node_id).input_names if name not in linked]

    def interface(self, node_id: NodeId) -> Interface:
        """Return the inputs and outputs of a node's task."""
        return self.tasks[node_id].interface

    def needed_output(self, link: Link, outputs: Mapping[Any, Any]) -> str | int | None:
        """Return an output that was not set although the target of a taken link cannot do without."""
        unset = {name: source for source, name in link.data_mapping if source not in (None, *outputs)}
        if unset:
            others = [other for other in self.graph.structure.incoming[link.target] if other is not link]
            elsewhere = {name for other in others for _, name in other.data_mapping}
            for name in self.interface(link.target).missing(self.inputs[link.target].keys() | elsewhere):
                if name in unset:
                    return unset[name]
        return None


def unsupported_problems(graph: Graph) -> Iterator[UnsupportedError]:
    """Find what this engine does not do, though the graph is valid."""
    if graph.structure.cycle:
        loop = " -> ".join(repr(node_id) for node_id in (*graph.structure.cycle, graph.structure.cycle[0]))
        yield UnsupportedError(f"the graph has a loop ({loop}), and this engine does not run loops yet")
    for node in graph.nodes.values():
        if node.task_type not in RUNNABLE_TASK_TYPES:
            yield UnsupportedError(
                f"node {node.id!r} has the task type {node.task_type!r}, which this engine does not run yet",
                node_id=node.id,
            )
        if node.varinfo.get("root_uri"):
            yield UnsupportedError(
                f"node {node.id!r} asks to store results (varinfo.root_uri), which is not supported yet",
                node_id=node.id,
            )


def draft_plan(graph: Graph, policy: Policy | None = None) -> Plan:
    """Find the task of every node; nothing is imported before all of them are allowed.

    Inputs may still be missing: ``Plan.free_inputs`` tells what a user may give.

    Raises
    ------
    UnsupportedError
        The graph has loops, or tasks of a type that this engine does not run.
    PolicyError
        A task is not allowed here.
    GraphError
        A task does not exist.
    """
    for problem in unsupported_problems(graph):
        raise problem
    for node in graph.nodes.values():
        _check_allowed(node, policy or AnyTask())
    found: dict[tuple[str, str], type[Task]] = {}
    return _draft(graph, {node.id: _find_task(node, found) for node in graph.nodes.values()})


def make_plan(
    graph: Graph, inputs: Sequence[Mapping[str, Any]] = (), *, policy: Policy | None = None
) -> Plan:
    """Make a graph ready to run with the given execution inputs.

    Raises
    ------
    UnsupportedError, PolicyError, GraphError
        As ``draft_plan``; also when a link uses an output that does not exist.
    InputError
        An input does not exist, or a required one is given neither by a link
        nor by a value.
    """
    plan = draft_plan(graph, policy)
    for node_id, given in placed_inputs(graph, plan.tasks, inputs).items():
        plan.inputs[node_id].update(given)
    for problem in name_problems(plan):
        raise problem
    for node in graph.nodes.values():
        if not graph.structure.has_error_handler(node.id):
            with _locating(node, plan.tasks):
                plan.interface(node.id).check_complete(plan.given(node.id))
    return plan


def find_problems(source: Graph | Mapping[str, Any] | str | Path, policy: Policy | None = None) -> list[str]:
    """List what is wrong with a graph, in sentences; inputs may still be missing.

    One stage is looked at after the other: the document, what the engine
    supports, the tasks, the names of inputs and outputs.
    """
    try:
        graph = load_graph(source)
    except GraphError as error:
        return list(error.problems)
    problems: list[WorkflowError] = list(unsupported_problems(graph))
    tasks: Tasks = {}
    found: dict[tuple[str, str], type[Task]] = {}
    for node in graph.nodes.values() if not problems else ():
        try:
            _check_allowed(node, policy or AnyTask())
            tasks[node.id] = _find_task(node, found)
        except WorkflowError as error:
            problems.append(error)
    if not problems:
        problems += name_problems(_draft(graph, tasks))
    return [problem.message for problem in problems]


def name_problems(plan: Plan) -> Iterator[WorkflowError]:
    """Find inputs and outputs that are used but do not exist."""
    for node in plan.graph.nodes.values():
        interface = plan.interface(node.id)
        try:
            with _locating(node, plan.tasks):
                interface.check_accepted(plan.given(node.id))
        except InputError as error:
            yield error
        for link in plan.graph.structure.outgoing[node.id]:
            for source, _ in link.data_mapping:
                if source is not None and source not in interface.outputs and not link.on_error:
                    yield GraphError(
                        f"node {node.id!r} ({plan.tasks[node.id].__name__}) has no output {source!r}, which "
                        f"the link to {link.target!r} uses{did_you_mean(source, interface.outputs)}",
                        node_id=node.id,
                    )


def _draft(graph: Graph, tasks: Tasks) -> Plan:
    return Plan(graph, tasks, {node.id: dict(node.default_inputs) for node in graph.nodes.values()})


@contextmanager
def _locating(node: Node, tasks: Tasks) -> Iterator[None]:
    """Say in which node an input was refused."""
    try:
        yield
    except InputError as error:
        error.locate(node_id=node.id, label=node.label, task_name=tasks[node.id].__name__)
        raise


def _check_allowed(node: Node, policy: Policy) -> None:
    try:
        policy.check(task_type=node.task_type, task_identifier=str(node.task_identifier))
    except PolicyError as error:
        raise PolicyError(f"node {node.id!r}: {error.text}", node_id=node.id) from None


def _find_task(node: Node, found: dict[tuple[str, str], type[Task]]) -> type[Task]:
    key = (node.task_type, str(node.task_identifier))
    if key not in found:
        try:
            found[key] = resolve_task(*key)
        except GraphError as error:
            raise GraphError(f"node {node.id!r}: {error.text}", node_id=node.id) from error
    return found[key]
