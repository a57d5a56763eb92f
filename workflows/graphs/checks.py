"""What makes a graph invalid although each of its items is well formed; each with its place and remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflows.errors import GraphError
from workflows.suggestions import did_you_mean
from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workflows.graphs.elements import Link, Node
    from workflows.graphs.structure import Structure
    from workflows.keys import NodeId


def check_links(links: Iterable[Link], nodes: Mapping[NodeId, Node]) -> Iterator[GraphError]:
    """Find links that lead nowhere or contradict themselves."""
    for link in links:
        for end in (link.source, link.target):
            if end not in nodes:
                yield GraphError(f"{_name(link)}: there is no node {shown(end)}{did_you_mean(end, nodes)}")
        if link.map_all_data and link.data_mapping:
            yield GraphError(f"{_name(link)}: remove either 'map_all_data' or 'data_mapping'")
        if link.on_error and link.conditions:
            yield GraphError(f"{_name(link)}: remove either 'on_error' or 'conditions'")


def check_structure(structure: Structure) -> Iterator[GraphError]:
    """Find inputs that two required links want to set."""
    required = structure.required
    for node_id, links in structure.incoming.items():
        if len(links) < 2:  # noqa: PLR2004 -- two links
            continue
        fed: dict[object, NodeId] = {}
        for link in links:
            if link not in required:
                continue
            for _, name in link.data_mapping:
                if name in fed:
                    yield GraphError(
                        f"node {shown(node_id)}: the links from {shown(fed[name])} and from "
                        f"{shown(link.source)} both set the input {shown(name)}: "
                        "remove one, or make it optional ('required': false)",
                        node_id=node_id,
                    )
                fed[name] = link.source


def _name(link: Link) -> str:
    return f"link from {shown(link.source)} to {shown(link.target)}"
