"""Where the results of each node are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.store import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.graphs.graph import Graph
    from workflows.keys import NodeId
    from workflows.store import ResultStore


def open_stores(graph: Graph, varinfo: Mapping[str, Any] | None) -> dict[NodeId, ResultStore]:
    """Return the store of each node that has one: what a node says overrides the ``varinfo`` of the run.

    Raises
    ------
    WorkflowError
        A ``varinfo`` is not understood.
    """
    stores: dict[NodeId, ResultStore] = {}
    default = open_store(varinfo)
    for node in graph.nodes.values():
        store = default if node.varinfo is None else open_store({**(varinfo or {}), **node.varinfo})
        if store is not None:
            stores[node.id] = store
    return stores
