"""Inputs stored in a document, as default inputs of the nodes that they select."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError
from workflows.graphs.ids import raw_key
from workflows.keys import input_key
from workflows.suggestions import did_you_mean
from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Raw = dict[str, Any]

_REQUIRED = ("name", "value")
_KNOWN = (*_REQUIRED, "id", "label", "task_identifier", "all")


def store_inputs(document: Raw, inputs: Sequence[Mapping[str, Any]]) -> list[Raw]:
    """Return the nodes with the given values as default inputs; the document stays as it is.

    Raises
    ------
    GraphError
        An input has no name or value, a misspelt key, or selects no node.
    """
    nodes = {raw_key(node.get("id")): node for node in document["nodes"]}
    if None in nodes or len(nodes) < len(document["nodes"]):
        raise GraphError("inputs cannot be stored in nodes without an id, or with the same")
    for item in inputs:
        _check_keys(item)
        selected = _selected(item, nodes, document["links"])
        if not selected:
            raise GraphError(f"the input {shown(item['name'])} selects no node ({_selector(item)})")
        for node_id in selected:
            nodes[node_id] = _with_input(nodes[node_id], item)
    return list(nodes.values())


def node_label(node: Raw) -> str:
    """Return the name that people know a node by: its label, or else its id."""
    label = node.get("label")
    return str(label) if label else ":".join(_flat_parts(raw_key(node.get("id"))))


def _with_input(node: Raw, item: Mapping[str, Any]) -> Raw:
    name = input_key(item["name"])
    given = {"name": item["name"], "value": item["value"]}
    items = node.get("default_inputs") or []
    if not isinstance(items, list) or not all(isinstance(old, dict) for old in items):
        raise GraphError(
            f"node {shown(node.get('id'))}: default_inputs: must be a list of 'name' and 'value'"
        )
    is_same = [input_key(old.get("name", "")) == name for old in items]
    replaced = [{**old, **given} if same else old for old, same in zip(items, is_same, strict=True)]
    return {**node, "default_inputs": replaced if any(is_same) else [*replaced, given]}


def _selected(item: Mapping[str, Any], nodes: Mapping[Any, Raw], links: Sequence[Raw]) -> list[Any]:
    if item.get("id") is not None:
        node_id = raw_key(item["id"])
        if node_id not in nodes:
            raise GraphError(f"there is no node {shown(item['id'])}{did_you_mean(node_id, nodes)}")
        return [node_id]
    label, identifier = item.get("label"), item.get("task_identifier")
    if label is not None or identifier is not None:
        return [
            node_id
            for node_id, node in nodes.items()
            if (label is None or node_label(node) == label)
            and (identifier is None or str(node.get("task_identifier")).endswith(str(identifier)))
        ]
    if item.get("all"):
        return list(nodes)
    targets = {raw_key(link.get("target")) for link in links}
    return [n for n, node in nodes.items() if n not in targets or node.get("force_start_node")]


def _check_keys(item: Mapping[str, Any]) -> None:
    for key in _REQUIRED:
        if key not in item:
            raise GraphError(f"{shown(key)} is missing beside {sorted(item)} in an input")
    for key in item:
        if key not in _KNOWN:
            raise GraphError(f"unknown key {shown(key)} in an input{did_you_mean(key, _KNOWN)}")


def _selector(item: Mapping[str, Any]) -> str:
    return (
        ", ".join(f"{key} {shown(item[key])}" for key in _KNOWN[2:] if key in item)
        or "there is no start node"
    )


def _flat_parts(node_id: Any) -> list[str]:
    if isinstance(node_id, tuple):
        return [part for each in node_id for part in _flat_parts(each)]
    return [str(node_id)]
