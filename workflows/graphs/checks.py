"""What makes a graph invalid; every problem is named with its place and its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError
from workflows.graphs.schema import TASK_TYPES
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pydantic import ValidationError

    from workflows.graphs.elements import Link, Node
    from workflows.graphs.schema import NodeDocument
    from workflows.graphs.structure import Structure
    from workflows.keys import NodeId


def describe_invalid(error: ValidationError, document: Mapping[str, Any]) -> list[GraphError]:
    """Say in words where a document does not have the form of a graph."""
    return [
        GraphError(f"{_place(details['loc'], document)}: {details['msg'].removeprefix('Value error, ')}")
        for details in error.errors(include_url=False, include_context=False)
    ]


def check_nodes(nodes: Iterable[NodeDocument]) -> Iterator[GraphError]:
    """Find nodes with the same id, and nodes that do not say what to run."""
    seen: set[NodeId] = set()
    for node in nodes:
        if node.id in seen:
            yield GraphError(f"two nodes have the id {node.id!r}: rename one of them", node_id=node.id)
        seen.add(node.id)
        problem = _task_problem(node)
        if problem:
            yield GraphError(f"node {node.id!r}: {problem}", node_id=node.id)


def check_links(links: Iterable[Link], nodes: Mapping[NodeId, Node]) -> Iterator[GraphError]:
    """Find links that lead nowhere or contradict themselves."""
    for link in links:
        name = f"link from {link.source!r} to {link.target!r}"
        for end in (link.source, link.target):
            if end not in nodes:
                yield GraphError(f"{name}: there is no node {end!r}{did_you_mean(end, nodes)}")
        if link.map_all_data and link.data_mapping:
            yield GraphError(f"{name}: remove either 'map_all_data' or 'data_mapping'")
        if link.on_error and link.conditions:
            yield GraphError(f"{name}: remove either 'on_error' or 'conditions'")
        if any(target is None for _, target in link.data_mapping):
            yield GraphError(f"{name}: 'target_input' is missing in its 'data_mapping'")


def check_structure(structure: Structure) -> Iterator[GraphError]:
    """Find inputs that two required links want to set."""
    for node_id, links in structure.incoming.items():
        fed: dict[object, NodeId] = {}
        for link in links:
            if link not in structure.required:
                continue
            for _, name in link.data_mapping:
                if name in fed:
                    yield GraphError(
                        f"node {node_id!r}: the links from {fed[name]!r} and from {link.source!r} both set "
                        f"the input {name!r}: remove one, or make it optional ('required': false)",
                        node_id=node_id,
                    )
                fed[name] = link.source


def _task_problem(node: NodeDocument) -> str | None:
    if node.task_type is None:
        return "'task_type' is missing"
    if node.task_type not in TASK_TYPES:
        return f"there is no task type {node.task_type!r}{did_you_mean(node.task_type, TASK_TYPES)}"
    has_identifier = bool(node.task_identifier)
    if has_identifier == (node.task_type == "ppfport"):
        verb = "remove" if has_identifier else "add"
        return f"{verb} the 'task_identifier' (task type {node.task_type!r})"
    if isinstance(node.task_identifier, dict) and node.task_type != "graph":
        return "'task_identifier' must be a text"
    if bool(node.task_generator) != (node.task_type == "generated"):
        verb = "remove" if node.task_generator else "add"
        return f"{verb} the 'task_generator' (task type {node.task_type!r})"
    return None


def _place(location: Sequence[int | str], document: Mapping[str, Any]) -> str:
    """Name the part of a document: ``node 'save': default_inputs.0.name``."""
    part, *inside = location
    if part not in ("nodes", "links") or not inside or not isinstance(inside[0], int):
        return ".".join(map(str, location))
    position, *inside = inside
    raw = document[str(part)][position]
    name = f"{str(part).removesuffix('s')} number {int(position) + 1}"
    if isinstance(raw, dict) and part == "nodes" and isinstance(raw.get("id"), str):
        name = f"node {raw['id']!r}"
    if isinstance(raw, dict) and part == "links":
        name = f"link from {raw.get('source')!r} to {raw.get('target')!r}"
    return ": ".join(filter(None, (name, ".".join(map(str, inside)))))
