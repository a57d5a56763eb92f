"""What a graph is made of: nodes and links, never changed once they are read.

Graphs have thousands of them, so they are plain classes with slots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.keys import InputKey, NodeId


class Node:
    """One task of a graph.

    Attributes
    ----------
    id : str or tuple
        The name; for a node of a sub-graph the path to it.
    label : str
        For people; by default made of the id.
    task_type, task_identifier, task_generator : str or None
        What to run.
    default_inputs : tuple of (name or position, value)
    force_start_node : bool
        Whether the node runs although no link leads to it.
    conditions_else_value
        The value that means "else" in the conditions of its outgoing links.
    is_error_handler : bool
        Whether it handles the errors of all nodes without handler, and never starts by itself.
    varinfo : mapping
        How its results are stored, where that differs from the workflow.
    attributes : mapping
        The node as it was written.
    """

    __slots__ = (
        "attributes",
        "conditions_else_value",
        "default_inputs",
        "force_start_node",
        "id",
        "is_error_handler",
        "label",
        "task_generator",
        "task_identifier",
        "task_type",
        "varinfo",
    )

    def __init__(
        self,
        node_id: NodeId,
        *,
        label: str,
        task_type: str,
        task_identifier: str | None,
        attributes: Mapping[str, Any],
    ) -> None:
        self.id = node_id
        self.label = label
        self.task_type = task_type
        self.task_identifier = task_identifier
        self.attributes = attributes
        self.task_generator: str | None = None
        self.default_inputs: tuple[tuple[InputKey, Any], ...] = ()
        self.force_start_node = False
        self.conditions_else_value: Any = None
        self.is_error_handler = False
        self.varinfo: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        return f"<Node {self.id!r}: {self.task_type} {self.task_identifier!r}>"


class Link:
    """One connection of two nodes; parallel links are one. Each link is equal to itself only.

    Attributes
    ----------
    source, target : str or tuple
        The ids of two nodes.
    data_mapping : tuple of (output name or None, input name)
        What it hands over; None stands for all outputs in one dict.
    map_all_data : bool
        Whether every output goes to the input of the same name.
    conditions : tuple of (output name, value)
        What must hold for the link to be taken.
    on_error : bool
        Whether it is taken after a failure only.
    required : bool or None
        What the document says; ``Structure.required`` knows the links for which it says nothing.
    cache_if_optional : bool
        Whether an optional link in a loop keeps what it brought for later rounds.
    """

    __slots__ = (
        "cache_if_optional",
        "conditions",
        "data_mapping",
        "map_all_data",
        "on_error",
        "required",
        "source",
        "target",
    )

    def __init__(self, source: NodeId, target: NodeId) -> None:
        self.source = source
        self.target = target
        self.data_mapping: tuple[tuple[InputKey | None, InputKey], ...] = ()
        self.map_all_data = False
        self.conditions: tuple[tuple[str | int, Any], ...] = ()
        self.on_error = False
        self.required: bool | None = None
        self.cache_if_optional = False

    def __repr__(self) -> str:
        return f"<Link {self.source!r} -> {self.target!r}>"

    @property
    def may_be_left_out(self) -> bool:
        """Whether the link is optional by itself, whatever comes before it."""
        return self.on_error or bool(self.conditions) if self.required is None else not self.required
