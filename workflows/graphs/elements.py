"""What a graph is made of: nodes and links, never changed once they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.keys import InputKey, NodeId


@dataclass(frozen=True, kw_only=True)
class Node:
    """One task of a graph. ``attributes`` holds the node as it was written."""

    id: NodeId
    label: str
    task_type: str
    task_identifier: str | Mapping[str, Any] | None
    default_inputs: tuple[tuple[InputKey, Any], ...]
    force_start_node: bool
    conditions_else_value: Any
    error_link: Link | None
    """For a default error node: the link that leads to it, whatever its source."""
    varinfo: Mapping[str, Any]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Link:
    """One connection of two nodes; parallel links are one. Each link is equal to itself only."""

    source: NodeId
    target: NodeId
    sub_source: NodeId | None = None
    sub_target: NodeId | None = None
    data_mapping: tuple[tuple[str | int | None, InputKey], ...] = ()
    map_all_data: bool = False
    conditions: tuple[tuple[str | int, Any], ...] = ()
    on_error: bool = False
    required: bool | None = None

    @property
    def is_conditional(self) -> bool:
        """Whether the link is taken in some cases only."""
        return self.on_error or bool(self.conditions)
