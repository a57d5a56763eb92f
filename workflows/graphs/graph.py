"""The graph of a workflow: loaded, checked and never changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from workflows.errors import GraphError
from workflows.graphs.checks import check_links, check_nodes, check_structure, describe_invalid
from workflows.graphs.elements import Link, Node
from workflows.graphs.parallel import merge_parallel
from workflows.graphs.reading import read_document
from workflows.graphs.schema import LinkAttributes, LinkDocument, NodeDocument, WorkflowDocument
from workflows.graphs.structure import Structure
from workflows.values import own_copy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from workflows.keys import NodeId


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A checked graph; ``links`` are merged where several connect the same two nodes."""

    id: str
    label: str
    nodes: Mapping[NodeId, Node]
    links: tuple[Link, ...]
    attributes: Mapping[str, Any]
    _document: dict[str, Any] = field(repr=False)

    @cached_property
    def structure(self) -> Structure:
        """What follows from the links: order, required links, start and end nodes."""
        return Structure(self.nodes, self.links)

    def to_dict(self) -> dict[str, Any]:
        """Return the document of the graph, with everything that was in it."""
        copy: dict[str, Any] = own_copy(self._document)
        return copy


def load_graph(source: Graph | Mapping[str, Any] | str | Path) -> Graph:
    """Load a graph from a dict, a JSON text or the path of a JSON file.

    Examples
    --------
    >>> node = {"id": "add", "task_type": "method", "task_identifier": "operator.add"}
    >>> load_graph({"graph": {"id": "demo"}, "nodes": [node]}).nodes["add"].label
    'add'

    Raises
    ------
    GraphError
        The graph is invalid: ``problems`` lists all that is wrong at this stage.
    """
    if isinstance(source, Graph):
        return source
    document = read_document(source)
    try:
        checked = WorkflowDocument.model_validate(document)
    except ValidationError as error:
        raise _refusal(describe_invalid(error, document)) from None
    _refuse(check_nodes(checked.nodes))
    nodes = {node.id: _node(node, raw) for node, raw in zip(checked.nodes, document["nodes"], strict=True)}
    links = [_link(link, **_ends(link)) for link in merge_parallel(checked.links)]
    error_links = [node.error_link for node in nodes.values() if node.error_link]
    _refuse(check_links([*links, *error_links], nodes))
    graph = Graph(
        id=checked.graph.id,
        label=checked.graph.label or checked.graph.id,
        nodes=MappingProxyType(nodes),
        links=tuple(links),
        attributes=MappingProxyType(document["graph"]),
        _document=document,
    )
    _refuse(check_structure(graph.structure))
    return graph


def _node(document: NodeDocument, raw: dict[str, Any]) -> Node:
    label = document.id if isinstance(document.id, str) else ":".join(map(str, document.id))
    return Node(
        id=document.id,
        label=document.label or label,
        task_type=document.task_type or "",
        task_identifier=document.task_identifier,
        default_inputs=tuple((item.name, item.value) for item in document.default_inputs or ()),
        force_start_node=bool(document.force_start_node),
        conditions_else_value=document.conditions_else_value,
        error_link=_error_link(document) if document.default_error_node else None,
        varinfo=MappingProxyType(document.varinfo or {}),
        attributes=MappingProxyType(raw),
    )


def _error_link(document: NodeDocument) -> Link:
    attributes = document.default_error_attributes or LinkAttributes(map_all_data=True)
    return replace(_link(attributes, source=document.id, target=document.id), on_error=True)


def _link(document: LinkAttributes, **ends: Any) -> Link:
    return Link(
        data_mapping=tuple((item.source_output, item.target_input) for item in document.data_mapping or ()),
        map_all_data=bool(document.map_all_data),
        conditions=tuple((item.source_output, item.value) for item in document.conditions or ()),
        on_error=bool(document.on_error),
        required=document.required,
        **ends,
    )


def _ends(document: LinkDocument) -> dict[str, NodeId | None]:
    return {name: getattr(document, name) for name in ("source", "target", "sub_source", "sub_target")}


def _refuse(problems: Iterable[GraphError]) -> None:
    found = list(problems)
    if found:
        raise _refusal(found)


def _refusal(problems: list[GraphError]) -> GraphError:
    first = problems[0]
    return GraphError(first.text, node_id=first.node_id, problems=[problem.text for problem in problems])
