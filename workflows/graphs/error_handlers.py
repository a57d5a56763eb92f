"""Default error nodes: they handle the errors of all nodes that have no handler of their own."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError
from workflows.graphs.ids import raw_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workflows.graphs.limits import Limits

Raw = dict[str, Any]


def default_error_links(nodes: Sequence[Raw], links: Sequence[Raw], *, limits: Limits) -> list[Raw]:
    """Link every node without error handler to the default error nodes.

    These, and what comes after them, get none: an error there is final.

    Raises
    ------
    GraphError
        That would make more links, or larger ones, than the limits allow.
    """
    handlers = {
        raw_key(node.get("id")): _attributes(node) for node in nodes if node.get("default_error_node")
    }
    if not handlers:
        return []
    outgoing = defaultdict(list)
    for link in links:
        outgoing[raw_key(link.get("source"))].append(link)
    final = _downstream(handlers, outgoing)
    handled = {source for source, found in outgoing.items() if any(link.get("on_error") for link in found)}
    without = final | handled
    sources = [node_id for node in nodes if (node_id := raw_key(node.get("id"))) not in without]
    n_attributes = len(sources) * sum(map(len, handlers.values()))
    if len(handlers) * len(sources) > limits.n_links or n_attributes > limits.n_attributes:
        raise GraphError(f"{len(handlers)} default error nodes are too many for {len(nodes)} nodes")
    return [
        {**attributes, "source": source, "target": handler}
        for handler, attributes in handlers.items()
        for source in sources
    ]


def leave_out(
    node_ids: Iterable[Any], nodes: Sequence[Raw], links: Sequence[Raw]
) -> tuple[list[Raw], list[Raw]]:
    """Leave out those nodes that no link leads to, and all that can be reached only from these.

    A default error node that no other node needs would start by itself otherwise.
    """
    sources = defaultdict(set)
    targets = defaultdict(set)
    for link in links:
        source, target = raw_key(link.get("source")), raw_key(link.get("target"))
        sources[target].add(source)
        targets[source].add(target)
    left_out = {node_id for node_id in node_ids if not sources[node_id]}
    pending = list(left_out)
    while pending:
        for target in targets[pending.pop()] - left_out:
            if sources[target] <= left_out:
                left_out.add(target)
                pending.append(target)
    return (
        [node for node in nodes if raw_key(node.get("id")) not in left_out],
        [link for link in links if raw_key(link.get("source")) not in left_out],
    )


def _attributes(node: Raw) -> Raw:
    given = node.get("default_error_attributes")
    attributes = dict(given) if isinstance(given, dict) else {}
    if not attributes.keys() & {"map_all_data", "data_mapping"}:
        attributes["map_all_data"] = True
    return attributes | {"on_error": True}


def _downstream(node_ids: Iterable[Any], outgoing: dict[Any, list[Raw]]) -> set[Any]:
    reached = set(node_ids)
    pending = list(reached)
    while pending:
        for link in outgoing.get(pending.pop(), ()):
            target = raw_key(link.get("target"))
            if target not in reached:
                reached.add(target)
                pending.append(target)
    return reached
