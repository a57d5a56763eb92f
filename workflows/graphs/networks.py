"""Graphs as networkx keeps them, which is how ewoks has them in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError, UnsupportedError
from workflows.graphs.ids import BAD_ID, raw_key

if TYPE_CHECKING:
    from collections.abc import Mapping


def find_network(source: object) -> Any:
    """Return the networkx graph that a source is, or that it holds as an ewokscore ``TaskGraph`` does."""
    for candidate in (source, getattr(source, "graph", None)):
        if all(hasattr(candidate, name) for name in ("is_directed", "nodes", "edges", "graph")):
            return candidate
    return None


def read_network(network: Any) -> dict[str, Any]:
    """Write a networkx graph as a document; the values in it are shared.

    Raises
    ------
    GraphError
        The links of the graph have no direction.
    """
    if not network.is_directed():
        raise GraphError(f"the links of a {type(network).__name__} have no direction: make it a DiGraph")
    return {
        "graph": network.graph,
        "nodes": [{**attributes, "id": node_id} for node_id, attributes in network.nodes(data=True)],
        "links": [
            {**attributes, "source": source, "target": target}
            for source, target, attributes in network.edges(data=True)
        ],
    }


def write_network(document: Mapping[str, Any]) -> Any:
    """Make a networkx graph of a document: a ``MultiDiGraph`` if two links have the same ends.

    What stands next to ``graph``, ``nodes`` and ``links`` has no place in it.

    Raises
    ------
    UnsupportedError
        networkx is not installed.
    """
    try:
        import networkx as nx  # noqa: PLC0415 -- optional
    except ImportError:
        raise UnsupportedError("install the package 'networkx' to make a networkx graph") from None
    ends = ("source", "target")
    links = [(*_keys(link, *ends), _others(link, *ends)) for link in document["links"]]
    is_simple = len({(source, target) for source, target, _ in links}) == len(links)
    network = nx.DiGraph() if is_simple else nx.MultiDiGraph()
    network.graph.update(document["graph"])
    network.add_nodes_from((*_keys(node, "id"), _others(node, "id")) for node in document["nodes"])
    network.add_edges_from(links)
    return network


def _keys(part: Mapping[str, Any], *names: str) -> tuple[Any, ...]:
    keys = tuple(raw_key(part.get(name)) for name in names)
    if None in keys:
        place = {name: part.get(name) for name in names}
        raise GraphError(f"{place}: {BAD_ID}")
    return keys


def _others(part: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name not in names}
