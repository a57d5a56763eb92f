"""From the items of a document to nodes and links, with every item that has not the right form named.

Written by hand and not with a model class, because it is the greater part of
the cost of a small task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError
from workflows.graphs.elements import Link, Node
from workflows.graphs.schema import TASK_TYPES
from workflows.keys import InputKey, NodeId, checked_key, node_key, node_name
from workflows.suggestions import did_you_mean
from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_FLAGS = ("map_all_data", "on_error", "required", "cache_if_optional")


class _Malformed(Exception):
    """An item of a document has not the form that it must have."""


def parse_nodes(items: Iterable[Any], problems: list[GraphError]) -> dict[NodeId, Node]:
    """Read the nodes of a document; what is wrong with them is added to ``problems``."""
    nodes: dict[NodeId, Node] = {}
    for position, item in enumerate(items):
        try:
            node = _node(item)
        except _Malformed as error:
            problems.append(GraphError(f"{_node_place(item, position)}: {error}", node_id=_known_id(item)))
            continue
        if node.id in nodes:
            problems.append(
                GraphError(f"two nodes have the id {shown(node.id)}: rename one of them", node_id=node.id)
            )
        nodes[node.id] = node
    return nodes


def parse_links(items: Iterable[Any], problems: list[GraphError]) -> list[Link]:
    """Read the links of a document, those between the same two nodes as one."""
    links: dict[tuple[NodeId, NodeId], Link] = {}
    read: dict[tuple[NodeId, NodeId], Any] = {}
    for position, item in enumerate(items):
        try:
            link = _link(item)
            ends = (link.source, link.target)
            if ends in links:
                read[ends] = _merged(read[ends], item)
                link = _link(read[ends])
            else:
                read[ends] = item
            links[ends] = link
        except _Malformed as error:
            problems.append(GraphError(f"{_link_place(item, position)}: {error}"))
    return list(links.values())


def _node(item: Any) -> Node:
    if type(item) is not dict:
        raise _Malformed("must be an object with an 'id', not a " + type(item).__name__)
    get = item.get
    node_id = get("id")
    if type(node_id) is not str or not node_id:
        node_id = _node_id(node_id, "id")
    label = get("label")
    if label is None or label == "":
        label = node_id if type(node_id) is str else node_name(node_id)
    elif type(label) is not str:
        raise _Malformed("label: must be a text")
    task_type, identifier, generator = get("task_type"), get("task_identifier"), get("task_generator")
    task_type = _task_type(task_type, identifier, generator)
    node = Node(node_id, label=label, task_type=task_type, task_identifier=identifier, attributes=item)
    node.task_generator = generator
    if get("default_inputs"):
        node.default_inputs = tuple(_default_inputs(item["default_inputs"]))
    if get("force_start_node") is not None:
        node.force_start_node = _flag(item, "force_start_node")
    node.conditions_else_value = get("conditions_else_value")
    if get("default_error_node") is not None:
        node.is_error_handler = _flag(item, "default_error_node")
    if get("default_error_attributes") is not None:
        _object(item, "default_error_attributes")
    if get("varinfo") is not None:
        node.varinfo = _object(item, "varinfo")
    return node


def _task_type(task_type: Any, identifier: Any, generator: Any) -> str:
    if task_type is None:
        raise _Malformed("'task_type' is missing")
    if type(task_type) is not str or task_type not in TASK_TYPES:
        raise _Malformed(f"there is no task type {shown(task_type)}{did_you_mean(task_type, TASK_TYPES)}")
    if bool(identifier) == (task_type == "ppfport"):
        raise _Malformed(
            f"{'remove' if identifier else 'add'} the 'task_identifier' (task type {shown(task_type)})"
        )
    if identifier and type(identifier) is not str:
        raise _Malformed("'task_identifier' must be a text")
    if bool(generator) != (task_type == "generated"):
        raise _Malformed(
            f"{'remove' if generator else 'add'} the 'task_generator' (task type {shown(task_type)})"
        )
    if generator and type(generator) is not str:
        raise _Malformed("'task_generator' must be a text")
    return task_type


def _default_inputs(items: Any) -> Iterator[tuple[InputKey, Any]]:
    for position, item in enumerate(_list(items, "default_inputs")):
        place = f"default_inputs.{position}"
        if type(item) is not dict or "value" not in item or "name" not in item:
            raise _Malformed(f"{place}: must have a 'name' and a 'value'")
        yield _key(item["name"], f"{place}.name"), item["value"]


def _link(item: Any) -> Link:
    if type(item) is not dict:
        raise _Malformed("must be an object with 'source' and 'target', not a " + type(item).__name__)
    source, target = item.get("source"), item.get("target")
    if type(source) is not str or not source:
        source = _node_id(source, "source")
    if type(target) is not str or not target:
        target = _node_id(target, "target")
    for name in ("sub_source", "sub_target", "sub_target_attributes"):
        if item.get(name):
            end = "source" if name == "sub_source" else "target"
            raise _Malformed(f"remove {shown(name)}: node {shown(item.get(end))} is not a graph")
    link = Link(source, target)
    if item.get("data_mapping"):
        link.data_mapping = tuple(_mapping(item["data_mapping"]))
    if item.get("conditions"):
        link.conditions = tuple(_conditions(item["conditions"]))
    for name in _FLAGS:
        if item.get(name) is not None:
            setattr(link, name, _flag(item, name))
    return link


def _mapping(items: Any) -> Iterator[tuple[InputKey | None, InputKey]]:
    for position, item in enumerate(_list(items, "data_mapping")):
        if type(item) is not dict:
            raise _Malformed(f"data_mapping.{position}: must be an object")
        source, target = item.get("source_output"), item.get("target_input")
        if target is None:
            raise _Malformed("'target_input' is missing in its 'data_mapping'")
        if source is not None:
            source = _key(source, f"data_mapping.{position}.source_output")
        yield source, _key(target, f"data_mapping.{position}.target_input")


def _conditions(items: Any) -> Iterator[tuple[InputKey, Any]]:
    for position, item in enumerate(_list(items, "conditions")):
        if type(item) is not dict or "source_output" not in item:
            raise _Malformed(f"conditions.{position}: must have a 'source_output' and a 'value'")
        yield _key(item["source_output"], f"conditions.{position}.source_output"), item.get("value")


def _merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Make one item of two links between the same nodes: lists are joined, flags must agree."""
    merged = {**first, **second}
    for name in ("data_mapping", "conditions"):
        merged[name] = [*(first.get(name) or ()), *(second.get(name) or ())]
    for name in _FLAGS:
        values = {first.get(name), second.get(name)} - {None}
        if len(values) > 1:
            raise _Malformed(
                f"two such links contradict each other about {shown(name)}: write them as one link"
            )
        merged[name] = values.pop() if values else None
    return merged


def _key(name: Any, place: str) -> InputKey:
    try:
        return checked_key(name)
    except ValueError as error:
        raise _Malformed(f"{place}: {error}") from None


def _node_id(value: Any, place: str) -> NodeId:
    try:
        return node_key(value)
    except ValueError as error:
        raise _Malformed(f"{place}: {error}") from None


def _flag(item: Mapping[str, Any], name: str) -> bool:
    value = item[name]
    if value is not True and value is not False:
        raise _Malformed(f"{name}: must be true or false, not {shown(value)}")
    return bool(value)


def _object(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = item[name]
    if type(value) is not dict:
        raise _Malformed(f"{name}: must be an object")
    return value


def _list(items: Any, place: str) -> list[Any]:
    if type(items) is not list and type(items) is not tuple:
        raise _Malformed(f"{place}: must be a list")
    return list(items)


def _node_place(item: Any, position: int) -> str:
    node_id = item.get("id") if type(item) is dict else None
    if isinstance(node_id, str) and node_id:
        return f"node {shown(node_id)}"
    known = _known_id(item)
    return f"node number {position + 1}" if known is None else f"node {shown(known)}"


def _link_place(item: Any, position: int) -> str:
    if type(item) is dict and ("source" in item or "target" in item):
        return f"link from {shown(item.get('source'))} to {shown(item.get('target'))}"
    return f"link number {position + 1}"


def _known_id(item: Any) -> NodeId | None:
    try:
        return node_key(item.get("id")) if type(item) is dict else None
    except ValueError:
        return None
