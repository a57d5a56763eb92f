"""A graph made ready to run: tasks found, inputs placed, everything refused that can be refused before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workflows.catalog.replacements import running_identifier
from workflows.catalog.resolve import resolve_task
from workflows.errors import GraphError, InputError, PolicyError, WorkflowError
from workflows.graphs.graph import load_graph
from workflows.policy import AnyTask
from workflows.running.links import fed_inputs
from workflows.running.selection import placed_inputs
from workflows.suggestions import did_you_mean
from workflows.values import shown

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
    start_nodes: Sequence[NodeId] = ()
    """The nodes that run by themselves."""

    def linked(self, node_id: NodeId) -> set[InputKey]:
        """Return the inputs that links set, when all their outputs are."""
        links = self.graph.structure.incoming[node_id]
        if not links:
            return set()
        tasks, interface = self.tasks, self.tasks[node_id].interface
        return {name for link in links for name in fed_inputs(link, tasks[link.source].interface, interface)}

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


def draft_plan(graph: Graph, policy: Policy | None = None) -> Plan:
    """Find the task of every node; nothing is imported before all of them are allowed.

    Inputs may still be missing: ``Plan.free_inputs`` tells what a user may give.

    Raises
    ------
    PolicyError
        A task is not allowed here.
    GraphError
        A task does not exist.
    """
    tasks: Tasks = {}
    for problem in _find_tasks(graph, policy or AnyTask(), tasks):
        raise problem
    return _draft(graph, tasks)


def make_plan(
    graph: Graph,
    inputs: Sequence[Mapping[str, Any]] = (),
    *,
    policy: Policy | None = None,
    strict: bool = False,
) -> Plan:
    """Make a graph ready to run with the given execution inputs.

    Where ewoks only warns of an input that does not exist, because a class task
    is handed it all the same, it is refused if ``strict``.

    Raises
    ------
    PolicyError, GraphError
        As ``draft_plan``; also when a link uses an output that does not exist,
        or every node waits for another one.
    InputError
        An input does not exist, or a required one is given neither by a link
        nor by a value.
    """
    plan = draft_plan(graph, policy)
    if inputs:
        for node_id, given in placed_inputs(graph, plan.tasks, plan.start_nodes, inputs).items():
            plan.inputs[node_id].update(given)
        plan = replace(plan, start_nodes=_start_nodes(plan))
    if graph.nodes and not plan.start_nodes:
        raise GraphError(
            "every node waits for another one: give one of them all its required inputs, or "
            "'force_start_node'"
        )
    for problem in name_problems(plan, complete=True, strict=strict):
        raise problem
    return plan


def find_problems(source: Graph | Mapping[str, Any] | str | Path, policy: Policy | None = None) -> list[str]:
    """List what is wrong with a graph, in sentences; inputs may still be missing.

    One stage is looked at after the other: the document, the tasks, the names
    of inputs and outputs.
    """
    try:
        graph = load_graph(source)
    except GraphError as error:
        return list(error.problems)
    tasks: Tasks = {}
    problems = list(_find_tasks(graph, policy or AnyTask(), tasks))
    if not problems:
        problems = list(name_problems(_draft(graph, tasks)))
    return [problem.message for problem in problems]


def name_problems(plan: Plan, *, complete: bool = False, strict: bool = True) -> Iterator[WorkflowError]:
    """Find inputs and outputs that are used but do not exist; and, if asked, inputs that are missing.

    A node with an error handler may miss an input: that is an error which the graph handles.
    """
    structure = plan.graph.structure
    for node_id, task_class in plan.tasks.items():
        interface = task_class.interface
        given = plan.linked(node_id) | plan.inputs[node_id].keys()
        try:
            if interface.knows_complete(given):
                pass
            elif strict or not interface.lenient:
                interface.check_accepted(given)
            if complete and not structure.has_error_handler(node_id):
                interface.check_complete(given)
        except InputError as error:
            error.locate(
                node_id=node_id, label=plan.graph.nodes[node_id].label, task_name=task_class.__name__
            )
            yield error
        for link in structure.outgoing[node_id]:
            for source, _ in link.data_mapping:
                if not interface.has_output(source) and not link.on_error:
                    yield GraphError(
                        f"node {shown(node_id)} ({task_class.__name__}) has no output {shown(source)}, which "
                        f"the link to {shown(link.target)} uses{did_you_mean(source, interface.outputs)}",
                        node_id=node_id,
                    )


def _draft(graph: Graph, tasks: Tasks) -> Plan:
    plan = Plan(graph, tasks, {node.id: dict(node.default_inputs) for node in graph.nodes.values()})
    return replace(plan, start_nodes=_start_nodes(plan))


def _start_nodes(plan: Plan) -> Sequence[NodeId]:
    """Find the start nodes; in a loop without any, those that need nothing from the others (ewoks' rule)."""
    structure = plan.graph.structure
    return structure.start_nodes or tuple(
        node.id
        for node in plan.graph.nodes.values()
        if node.task_type == "class"
        and plan.inputs[node.id].keys() >= set(plan.interface(node.id).required)
        and not any(link in structure.required for link in structure.incoming[node.id])
    )


def _find_tasks(graph: Graph, policy: Policy, tasks: Tasks) -> Iterator[WorkflowError]:
    """Put the task of every node into ``tasks``; nothing is imported unless all are allowed."""
    wanted: dict[tuple[str, str | None, str | None], list[Node]] = {}
    for node in graph.nodes.values():
        wanted.setdefault((node.task_type, node.task_identifier, node.task_generator), []).append(node)
    allowed = True
    for (task_type, identifier, generator), nodes in wanted.items():
        try:
            running = running_identifier(task_type, str(identifier))  # what really runs is judged
            policy.check(task_type=task_type, task_identifier=running, task_generator=generator)
        except (GraphError, PolicyError) as error:
            allowed = False
            yield type(error)(f"node {shown(nodes[0].id)}: {error.text}", node_id=nodes[0].id)
    found: Tasks = {}
    for (task_type, identifier, generator), nodes in wanted.items() if allowed else ():
        try:
            task_class = resolve_task(task_type, identifier, task_generator=generator)
            running = running_identifier(task_type, str(identifier))
            policy.check_found(task_class, task_type=task_type, task_identifier=running)
        except (GraphError, PolicyError) as error:
            problem = type(error)(f"node {shown(nodes[0].id)}: {error.text}", node_id=nodes[0].id)
            problem.__cause__ = error
            yield problem
            continue
        found.update(dict.fromkeys((node.id for node in nodes), task_class))
    tasks.update((node_id, found[node_id]) for node_id in graph.nodes if node_id in found)
