"""Sub-graphs: a node that stands for a whole graph gives way to the nodes of that graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError
from workflows.graphs.boundaries import ALIASES, Boundaries, SubGraph
from workflows.graphs.error_handlers import default_error_links, leave_out
from workflows.graphs.ids import BAD_ID, raw_key
from workflows.graphs.limits import DEFAULT_LIMITS
from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.graphs.limits import Limits

Raw = dict[str, Any]
Trail = tuple[tuple[Any, Raw], ...]
"""The graph nodes that a graph is in, from the outside, each with the document that it stands for."""


@dataclass(frozen=True)
class FlatDocument:
    """A graph without graph nodes. Its values are those of the document: never to be changed."""

    graph: Raw
    nodes: list[Raw]
    links: list[Raw]


def flatten_document(
    document: Raw, *, read: Callable[[Any], Raw], limits: Limits = DEFAULT_LIMITS
) -> FlatDocument:
    """Replace graph nodes by what they stand for.

    A node ``n`` of the sub-graph ``s`` gets the id ``("s", "n")``. Default error
    nodes of sub-graphs handle errors inside of them, so they become links here;
    those of the outermost graph stay as they are.

    Parameters
    ----------
    document
        What ``read_document`` returns.
    read
        Makes a document of the ``task_identifier`` of a graph node, such as
        ``read_document`` with the folder that file names are relative to. It
        decides which files a document may refer to.

    Raises
    ------
    GraphError
        A sub-graph cannot be read, includes itself, or is nested too deeply; a link
        does not say which node of a sub-graph it means; or all graphs together are
        larger than the limits.
    """
    if not has_graph_nodes(document):
        return FlatDocument(document["graph"], document["nodes"], document["links"])
    flattening = _Flattening(read, limits)
    try:
        flat = flattening.flatten(document)
    except RecursionError:
        raise GraphError("the graph is nested too deeply") from None
    idle = {node["id"] for node in flattening.idle_handlers}
    return FlatDocument(flat.graph, *leave_out(idle, flat.nodes, flat.links)) if idle else flat


def has_graph_nodes(document: Raw) -> bool:
    """Tell whether a document has sub-graphs."""
    return any(node.get("task_type") == "graph" for node in document["nodes"])


@dataclass
class _Flattening:
    """One pass through a graph and its sub-graphs; the limits are on their total."""

    read: Callable[[Any], Raw]
    limits: Limits
    n_nodes: int = 0
    n_links: int = 0
    n_attributes: int = 0
    read_before: dict[object, tuple[Any, Raw]] = field(default_factory=dict)
    """Sources and their documents; a source is kept so that no other gets its ``id()``."""
    idle_handlers: list[Raw] = field(default_factory=list)
    """Nodes of sub-graphs that were to handle errors, but no node there needed them."""

    def flatten(self, document: Raw, trail: Trail = ()) -> FlatDocument:
        self._count(nodes=len(document["nodes"]), attributes=sum(map(len, document["nodes"])))
        nodes: list[Raw] = []
        subgraphs: dict[Any, SubGraph] = {}
        for node in document["nodes"]:
            node_id = raw_key(node.get("id"))
            if node_id is None:
                raise GraphError(f"node {shown(node.get('id'))}: {BAD_ID}")
            if node.get("task_type") != "graph":
                nodes.append({**node, "id": node_id})
                continue
            if node_id in subgraphs:
                raise GraphError(f"two nodes have the id {shown(node_id)}: rename one of them")
            subgraphs[node_id] = self._subgraph(node, node_id, trail)
            nodes += subgraphs[node_id].nodes.values()
        boundaries = Boundaries(subgraphs, self._count_links)
        links = [link for subgraph in subgraphs.values() for link in subgraph.links]
        for link in document["links"]:
            links += boundaries.flat_links(link)
        graph = document["graph"]
        aliases = {part: boundaries.flat_aliases(graph[part], part) for part in ALIASES if graph.get(part)}
        if trail:
            links += self._handle_errors(nodes, links)
        return FlatDocument(graph | aliases, nodes, links)

    def _subgraph(self, node: Raw, node_id: Any, trail: Trail) -> SubGraph:
        try:
            document = self._document(node.get("task_identifier"), trail)
        except GraphError as error:
            name = " > ".join(repr(part) for part in (*(outer for outer, _ in trail), node_id))
            raise GraphError(f"sub-graph {name}: {error.text}") from error
        flat = self.flatten(document, (*trail, (node_id, document)))
        subgraph = SubGraph.place(node_id, graph=flat.graph, nodes=flat.nodes, links=flat.links)
        subgraph.push(node)
        return subgraph

    def _document(self, source: Any, trail: Trail) -> Raw:
        """Return what a graph node stands for; what is used several times is read once."""
        if len(trail) >= self.limits.depth:
            raise GraphError(f"more than {self.limits.depth} graphs are inside each other")
        if not source:
            raise GraphError("add the 'task_identifier' (task type 'graph')")
        key = source if isinstance(source, str) else id(source)
        if key not in self.read_before:
            self.read_before[key] = source, self.read(source)
        document = self.read_before[key][1]
        if any(document is outer for _, outer in trail):
            raise GraphError("it includes itself")
        return document

    def _handle_errors(self, nodes: list[Raw], links: list[Raw]) -> list[Raw]:
        """Link the default error nodes of a sub-graph, which are then nodes like others."""
        added = default_error_links(nodes, links, limits=self.limits)
        self._count(links=len(added), attributes=sum(map(len, added)))
        for node in nodes:
            if node.pop("default_error_node", False) and not added:
                self.idle_handlers.append(node)
            node.pop("default_error_attributes", None)
        return added

    def _count_links(self, links: int, attributes: int) -> None:
        self._count(links=links, attributes=attributes)

    def _count(self, *, nodes: int = 0, links: int = 0, attributes: int = 0) -> None:
        self.n_nodes += nodes
        self.n_links += links
        self.n_attributes += attributes
        for part, found, limit in (
            ("nodes", self.n_nodes, self.limits.n_nodes),
            ("links", self.n_links, self.limits.n_links),
            ("attributes", self.n_attributes, self.limits.n_attributes),
        ):
            if found > limit:
                raise GraphError(f"the graph has, with its sub-graphs, more than {limit} {part}")
