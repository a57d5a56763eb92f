"""The boundary of a sub-graph: which of its nodes a link, an alias or an attribute from outside reaches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError
from workflows.graphs.ids import BAD_ID, raw_key
from workflows.suggestions import did_you_mean
from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Raw = dict[str, Any]
End = tuple[Any, Raw]
"""The id of a node, and attributes that a link to it has unless it says otherwise."""

ALIASES = ("input_nodes", "output_nodes")

_PUSHED = (
    "default_inputs",
    "force_start_node",
    "conditions_else_value",
    "default_error_node",
    "default_error_attributes",
)
_BOUNDARY_KEYS = ("sub_source", "sub_target", "sub_target_attributes")


@dataclass(frozen=True)
class SubGraph:
    """A flat graph in the place of a graph node, under the ids that the outer graph uses."""

    id: Any
    nodes: dict[Any, Raw]
    links: list[Raw]
    aliases: Mapping[str, Mapping[Any, list[End]]]
    """For ``input_nodes`` and ``output_nodes``: the nodes that each name stands for."""

    @classmethod
    def place(cls, node_id: Any, *, graph: Raw, nodes: list[Raw], links: list[Raw]) -> SubGraph:
        """Rename the nodes and links of a flat graph, in place, to be part of the outer graph."""
        renamed: dict[Any, Raw] = {}
        for node in nodes:
            if (node_id, node["id"]) in renamed:
                raise GraphError(f"sub-graph {shown(node_id)}: two nodes have the id {shown(node['id'])}")
            node["id"] = (node_id, node["id"])
            renamed[node["id"]] = node
        for link in links:
            link["source"], link["target"] = (node_id, link["source"]), (node_id, link["target"])
        return cls(node_id, renamed, links, {part: _named_ends(node_id, graph.get(part)) for part in ALIASES})

    def ends(self, name: Any, part: str) -> list[End]:
        """Return the nodes that a name means: those of an alias, else the node of that id."""
        return self.aliases[part].get(name) or [((self.id, name), {})]

    def node(self, node_id: Any, place: str) -> Raw:
        """Return the node of an id that was found as an end."""
        if node_id not in self.nodes:
            known = [*self.aliases["input_nodes"], *self.aliases["output_nodes"], *(n for _, n in self.nodes)]
            name = node_id[1]
            raise GraphError(
                f"{place}: there is no node {shown(name)} in the sub-graph {shown(self.id)}"
                f"{did_you_mean(name, known)}"
            )
        return self.nodes[node_id]

    def push(self, attributes: Raw) -> None:
        """Give the attributes of the graph node to all input nodes of the sub-graph."""
        pushed = {name: attributes[name] for name in _PUSHED if name in attributes}
        named = (node_id for ends in self.aliases["input_nodes"].values() for node_id, _ in ends)
        inputs = dict.fromkeys(named)  # each once, though it may have several names
        for node_id in inputs if pushed else ():
            _merge(self.node(node_id, f"'input_nodes' of sub-graph {shown(self.id)}"), pushed)


@dataclass(frozen=True)
class Boundaries:
    """The sub-graphs of one graph."""

    subgraphs: Mapping[Any, SubGraph]
    count_links: Callable[[int, int], None]
    """Called before so many links or aliases, with so many attributes in total, are made."""

    def flat_links(self, link: Raw) -> Iterator[Raw]:
        """Connect the nodes that a link means, which may be several on either side."""
        place = f"link from {shown(link.get('source'))} to {shown(link.get('target'))}"
        source, target = raw_key(link.get("source")), raw_key(link.get("target"))
        if source is None or target is None:
            raise GraphError(f"{place}: {BAD_ID}")
        if source not in self.subgraphs and target not in self.subgraphs:
            self.count_links(1, len(link))
            yield {**link, "source": source, "target": target}
            return
        sources = self._ends(source, link.get("sub_source"), f"{place}: 'sub_source'")
        targets = self._ends(target, link.get("sub_target"), f"{place}: 'sub_target'")
        self._push(target, targets, link.get("sub_target_attributes"), place)
        n_links = len(sources) * len(targets)
        n_outgoing = len(targets) * sum(len(outgoing) for _, outgoing in sources)
        n_incoming = len(sources) * sum(len(incoming) for _, incoming in targets)
        self.count_links(n_links, n_links * len(link) + n_outgoing + n_incoming)
        attributes = {name: value for name, value in link.items() if name not in _BOUNDARY_KEYS}
        for source_id, outgoing in sources:
            for target_id, incoming in targets:
                ends = {"source": source_id, "target": target_id}
                yield {**outgoing, **incoming, **attributes, **ends}

    def flat_aliases(self, aliases: Any, part: str) -> list[Raw]:
        """Let the aliases of the graph name nodes, not nodes of sub-graphs."""
        flat: list[Raw] = []
        for alias in _checked_aliases(aliases, part):
            node, inner = raw_key(alias.get("node")), raw_key(alias.get("sub_node"))
            if inner is None and isinstance(node, tuple) and node[0] in self.subgraphs and len(node) > 1:
                node, inner = node[0], node[1]
            if inner is None or node not in self.subgraphs:
                self.count_links(1, len(alias))
                flat.append(alias)
                continue
            others = {name: value for name, value in alias.items() if name != "sub_node"}
            ends = self.subgraphs[node].ends(inner, part)
            given = alias.get("link_attributes") or {}
            n_attributes = len(ends) * (len(alias) + len(given)) + sum(len(more) for _, more in ends)
            self.count_links(len(ends), n_attributes)
            for node_id, attributes in ends:
                both = {**attributes, **given}
                flat.append(others | {"node": node_id} | ({"link_attributes": both} if both else {}))
        return flat

    def _ends(self, node_id: Any, inner: Any, place: str) -> list[End]:
        if node_id not in self.subgraphs:
            if inner:
                raise GraphError(f"{place} must be removed, as {shown(node_id)} is no sub-graph")
            return [(node_id, {})]
        name = raw_key(inner)
        if name is None:
            raise GraphError(f"{place} must say which node of the sub-graph {shown(node_id)} is meant")
        part = "input_nodes" if place.endswith("'sub_target'") else "output_nodes"
        ends = self.subgraphs[node_id].ends(name, part)
        for end, _ in ends:
            self.subgraphs[node_id].node(end, place)
        return ends

    def _push(self, target: Any, ends: list[End], attributes: Any, place: str) -> None:
        if not attributes:
            return
        if target not in self.subgraphs:
            raise GraphError(f"{place}: remove 'sub_target_attributes', as {shown(target)} is no sub-graph")
        if not isinstance(attributes, dict):
            raise GraphError(f"{place}: 'sub_target_attributes' must be an object")
        for node_id in {node_id for node_id, _ in ends}:
            node = self.subgraphs[target].nodes[node_id]
            _merge(node, attributes)
            node["id"] = node_id


def _named_ends(node_id: Any, aliases: Any) -> dict[Any, list[End]]:
    ends: dict[Any, list[End]] = defaultdict(list)
    for alias in aliases or ():
        name, node = raw_key(alias.get("id")), raw_key(alias.get("node"))
        if node is not None:
            ends[name].append(((node_id, node), alias.get("link_attributes") or {}))
    return dict(ends)


def _checked_aliases(aliases: Any, part: str) -> list[Raw]:
    if isinstance(aliases, list) and all(
        isinstance(alias, dict) and isinstance(alias.get("link_attributes") or {}, dict) for alias in aliases
    ):
        return aliases
    raise GraphError(f"{part}: must be a list of objects with 'id', 'node' and perhaps 'link_attributes'")


def _merge(node: Raw, attributes: Raw) -> None:
    """Overwrite attributes of a node, whose values are not its own; only objects inside are merged."""
    for name, value in attributes.items():
        old = node.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            node[name] = dict(old)
            _merge(node[name], value)
        else:
            node[name] = value
