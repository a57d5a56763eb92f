"""The graph of a workflow: loaded, checked and never changed afterwards."""

from __future__ import annotations

from functools import cached_property, partial
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError
from workflows.graphs.checks import check_links, check_structure
from workflows.graphs.error_handlers import default_error_links
from workflows.graphs.items import parse_links, parse_nodes
from workflows.graphs.limits import DEFAULT_LIMITS
from workflows.graphs.reading import read_document
from workflows.graphs.structure import Structure
from workflows.graphs.subgraphs import flatten_document
from workflows.values import own_copy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from workflows.graphs.elements import Link, Node
    from workflows.graphs.limits import Limits
    from workflows.graphs.subgraphs import FlatDocument
    from workflows.keys import NodeId

_MOST_PROBLEMS = 100


class Graph:
    """A checked graph, flat: the nodes of sub-graphs are its own, with paths as ids.

    Attributes
    ----------
    id, label : str
    nodes : mapping of ids to nodes, in the order of the document
    links : tuple, merged where several connect the same two nodes
    attributes : mapping, the attributes of the graph itself as they were written
    """

    def __init__(self, document: dict[str, Any], nodes: Mapping[NodeId, Node], links: Iterable[Link]) -> None:
        self._document = document
        self.attributes: Mapping[str, Any] = MappingProxyType(document["graph"])
        self.id: str = self.attributes.get("id") or "notspecified"
        self.label: str = self.attributes.get("label") or self.id
        self.nodes = MappingProxyType(nodes)
        self.links = tuple(links)

    def __repr__(self) -> str:
        return f"<Graph {self.id!r}: {len(self.nodes)} nodes, {len(self.links)} links>"

    @cached_property
    def structure(self) -> Structure:
        """What follows from the links: order, required links, start and end nodes."""
        return Structure(self.nodes, self.links)

    def to_dict(self) -> dict[str, Any]:
        """Return the document of the graph, with everything that was in it."""
        copy: dict[str, Any] = own_copy(self._document)
        return copy


def load_graph(
    source: object,
    *,
    representation: str | None = None,
    root_dir: str | Path | None = None,
    root_module: str | None = None,
    with_files: bool = True,
    limits: Limits = DEFAULT_LIMITS,
) -> Graph:
    """Load a graph from whatever ``read_document`` reads, which tells the parameters.

    With ``with_files=False`` sub-graphs may not be files, only part of the
    document: for graphs of strangers, who must not name files here.

    Examples
    --------
    >>> node = {"id": "add", "task_type": "method", "task_identifier": "operator.add"}
    >>> load_graph({"graph": {"id": "demo"}, "nodes": [node]}).nodes["add"].label
    'add'

    Raises
    ------
    GraphError
        The graph is invalid: ``problems`` lists what is wrong at this stage.
    """
    if isinstance(source, Graph):
        return source
    place: dict[str, Any] = {"root_dir": root_dir, "root_module": root_module, "limits": limits}
    document = read_document(source, representation=representation, **place)
    sub_representation = None if with_files else "json_dict"
    flat = flatten_document(
        document, read=partial(read_document, representation=sub_representation, **place), limits=limits
    )
    return _checked_graph(document, flat, limits)


def _checked_graph(document: dict[str, Any], flat: FlatDocument, limits: Limits) -> Graph:
    problems = _header_problems(document["graph"])
    nodes = parse_nodes(flat.nodes, problems)
    items = flat.links
    if any(node.is_error_handler for node in nodes.values()):
        items = [*items, *default_error_links(flat.nodes, flat.links, limits=limits)]
    links = parse_links(items, problems)
    _refuse(problems)
    _refuse(check_links(links, nodes))
    graph = Graph(document, nodes, links)
    _refuse(check_structure(graph.structure))
    return graph


def _header_problems(header: Any) -> list[GraphError]:
    return [
        GraphError(f"graph: {name}: must be a text")
        for name in ("id", "label")
        if not isinstance(header.get(name), str | None)
    ]


def _refuse(problems: Iterable[GraphError]) -> None:
    """Refuse the graph if there are problems; no more are looked for than a person would read."""
    found = list(islice(problems, _MOST_PROBLEMS))
    if found:
        first = found[0]
        raise GraphError(first.text, node_id=first.node_id, problems=[problem.text for problem in found])
