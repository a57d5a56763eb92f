"""The documents that a graph is written in; unknown keys are kept at every level."""

from __future__ import annotations

from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictBool, StrictStr

from workflows.keys import InputKey, NodeId, input_key, node_key

LATEST_VERSION = "1.2"
KNOWN_VERSIONS = ("1.0", "1.1", LATEST_VERSION)
RUNNABLE_TASK_TYPES = ("class", "method")
TASK_TYPES = (*RUNNABLE_TASK_TYPES, "graph", "script", "notebook", "generated", "ppfmethod", "ppfport")


def _input_key(value: object) -> InputKey:
    is_position = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not is_position and not (isinstance(value, str) and value):
        raise ValueError("an input is addressed by its name or its position")
    return input_key(cast("InputKey", value))


def _input_key_or_none(value: object) -> InputKey | None:
    return None if value is None else _input_key(value)


def _node_key_or_none(value: object) -> NodeId | None:
    return None if value is None else node_key(value)


class Document(BaseModel):
    """What all parts of a graph have in common."""

    model_config = ConfigDict(extra="allow", frozen=True)


class GraphDocument(Document):
    """The attributes of the graph itself."""

    id: StrictStr = "notspecified"
    label: StrictStr | None = None
    schema_version: StrictStr = LATEST_VERSION


class InputDocument(Document):
    """A static value of an input."""

    name: Annotated[Any, BeforeValidator(_input_key)]
    value: Any


class MappingDocument(Document):
    """One value that a link hands over; without ``source_output``, all outputs in one dict."""

    source_output: Annotated[Any, BeforeValidator(_input_key_or_none)] = None
    target_input: Annotated[Any, BeforeValidator(_input_key_or_none)] = None


class ConditionDocument(Document):
    """The value that an output must have for a link to be taken."""

    source_output: Annotated[Any, BeforeValidator(_input_key)]
    value: Any = None


class LinkAttributes(Document):
    """What a link does, whatever it connects."""

    data_mapping: list[MappingDocument] | None = None
    map_all_data: StrictBool | None = None
    conditions: list[ConditionDocument] | None = None
    on_error: StrictBool | None = None
    required: StrictBool | None = None
    cache_if_optional: StrictBool | None = None


class LinkDocument(LinkAttributes):
    """One connection of two nodes."""

    source: Annotated[Any, BeforeValidator(node_key)]
    target: Annotated[Any, BeforeValidator(node_key)]
    sub_source: Annotated[Any, BeforeValidator(_node_key_or_none)] = None
    sub_target: Annotated[Any, BeforeValidator(_node_key_or_none)] = None


class NodeDocument(Document):
    """One task of a graph."""

    id: Annotated[Any, BeforeValidator(node_key)]
    label: StrictStr | None = None
    task_type: StrictStr | None = None
    task_identifier: Any = None
    task_generator: StrictStr | None = None
    default_inputs: list[InputDocument] | None = None
    force_start_node: StrictBool | None = None
    conditions_else_value: Any = None
    default_error_node: StrictBool | None = None
    default_error_attributes: LinkAttributes | None = None
    varinfo: dict[str, Any] | None = None


class WorkflowDocument(Document):
    """A whole graph."""

    graph: GraphDocument = GraphDocument()
    nodes: list[NodeDocument] = []
    links: list[LinkDocument] = []
