"""Addressing nodes from outside: which nodes an input goes to, which outputs are the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError, InputError
from workflows.keys import InputKey, NodeId, checked_key, node_key
from workflows.suggestions import did_you_mean
from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflows.graphs.graph import Graph
    from workflows.tasks.task import Task

    Wanted = tuple[NodeId, str | None, str | None]
    """A node, the name of an output (None: all of them), and its new name."""

_SELECTORS = ("id", "label", "task_identifier", "all")
DEFAULT_OUTPUTS: tuple[Mapping[str, Any], ...] = ({"all": False},)


def placed_inputs(
    graph: Graph,
    tasks: Mapping[NodeId, type[Task]],
    start_nodes: Sequence[NodeId],
    inputs: Sequence[Mapping[str, Any]],
) -> dict[NodeId, dict[InputKey, Any]]:
    """Give each execution input to the nodes that it selects.

    An input with an ``id`` must exist in that node. Otherwise it goes to those
    of the selected nodes that have it, and there must be one.

    Raises
    ------
    InputError
        A name or value is missing, a key is misspelt, or nothing takes the input.
    """
    placed: dict[NodeId, dict[InputKey, Any]] = {}
    for item in inputs:
        _check_keys(item, required=("name", "value"), error=InputError)
        try:
            name = checked_key(item["name"])
        except ValueError as invalid:
            raise InputError(str(invalid)) from None
        selected = _selected(graph, item, default=start_nodes, error=InputError)
        accepting = selected
        if item.get("id") is None:
            accepting = [node_id for node_id in selected if tasks[node_id].interface.accepts(name)]
        if not accepting:
            known = dict.fromkeys(other for n in selected for other in tasks[n].interface.input_names)
            text = f"none of the selected nodes has such an input{did_you_mean(name, known)}"
            raise InputError(text, input_name=name)
        for node_id in accepting:
            placed.setdefault(node_id, {})[name] = item["value"]
    return placed


def selected_outputs(
    graph: Graph, tasks: Mapping[NodeId, type[Task]], outputs: Sequence[Mapping[str, Any]] | None
) -> list[Wanted]:
    """Return which outputs make the result: node, name (None: all of them) and new name.

    Raises
    ------
    GraphError
        A key is misspelt, or no selected node has an output of that name.
    """
    wanted: list[Wanted] = []
    for item in DEFAULT_OUTPUTS if outputs is None else outputs:
        _check_keys(item, optional=("name", "new_name"), error=GraphError)
        name = item.get("name")
        selected = _selected(graph, item, default=graph.structure.end_nodes, error=GraphError)
        names = dict.fromkeys(other for n in selected for other in tasks[n].interface.outputs)
        if name is not None and name not in names:
            raise GraphError(
                f"none of the selected nodes has an output {shown(name)}{did_you_mean(name, names)}"
            )
        wanted += [(node_id, name, item.get("new_name")) for node_id in selected]
    return wanted


def _selected(
    graph: Graph,
    item: Mapping[str, Any],
    *,
    default: Sequence[NodeId],
    error: type[GraphError | InputError],
) -> Sequence[NodeId]:
    if item.get("id") is not None:
        try:
            node_id = node_key(item["id"])
        except ValueError as invalid:
            raise error(str(invalid)) from None
        if node_id not in graph.nodes:
            raise error(f"there is no node {shown(node_id)}{did_you_mean(node_id, graph.nodes)}")
        return [node_id]
    label, identifier = item.get("label"), item.get("task_identifier")
    if label is not None or identifier is not None:
        return [
            node.id
            for node in graph.nodes.values()
            if (label is None or node.label == label)
            and (identifier is None or str(node.task_identifier).endswith(identifier))
        ]
    return list(graph.nodes) if item.get("all") else default


def _check_keys(
    item: Mapping[str, Any],
    *,
    required: tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
    error: type[GraphError | InputError],
) -> None:
    known = (*required, *optional, *_SELECTORS)
    for key in item:
        if key not in known:
            raise error(f"unknown key {shown(key)} beside {sorted(item)}{did_you_mean(key, known)}")
    for key in required:
        if key not in item:
            raise error(f"{shown(key)} is missing beside {sorted(item)}")
