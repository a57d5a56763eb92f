"""When a link is taken, and what it hands over."""

from __future__ import annotations

import traceback
from functools import cache
from typing import TYPE_CHECKING, Any

from workflows.values import equal_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workflows.graphs.elements import Link, Node
    from workflows.keys import InputKey
    from workflows.tasks.interface import Interface

ERROR_OUTPUTS = ("WorkflowException", "WorkflowExceptionInstance")
"""What an error link carries, besides the inputs of the node that failed."""


def visible_outputs(outputs: Mapping[Any, Any], source: Interface) -> Mapping[Any, Any]:
    """Return the outputs that conditions and links can name: also those inside of a nested one."""
    nested = outputs.get(source.nested_output) if source.nested_output is not None else None
    return {**nested, **outputs} if isinstance(nested, dict) else outputs


def taken_links(node: Node, links: Sequence[Link], outputs: Mapping[Any, Any]) -> Sequence[Link]:
    """Return those of a node's outgoing links that are taken after its success.

    All conditions of a link must hold. A condition on an output that was not
    set does not hold. A condition whose value is the ``conditions_else_value``
    of the node also holds when no other condition tests for the actual value.
    """
    for link in links:
        if link.conditions or link.on_error:
            return _chosen_links(node, links, outputs)
    return links


def _chosen_links(node: Node, links: Sequence[Link], outputs: Mapping[Any, Any]) -> list[Link]:
    tested = [condition for link in links for condition in link.conditions]

    @cache
    def is_tested(name: str | int) -> bool:
        return any(other == name and equal_values(outputs[name], value) for other, value in tested)

    def holds(name: str | int, value: Any) -> bool:
        if name not in outputs:
            return False
        is_else = equal_values(value, node.conditions_else_value)
        return equal_values(outputs[name], value) or (is_else and not is_tested(name))

    return [
        link
        for link in links
        if not link.on_error and all(holds(name, value) for name, value in link.conditions)
    ]


def error_links(links: Iterable[Link]) -> list[Link]:
    """Return those of a node's outgoing links that are taken after its failure."""
    return [link for link in links if link.on_error]


def error_outputs(error: BaseException, inputs: Mapping[InputKey, Any]) -> dict[InputKey, Any]:
    """Return what the error links of a failed node carry."""
    cause = error.__cause__ or error
    description = {"errorMessage": str(cause), "traceBack": traceback_text(cause)}
    return {**inputs, "WorkflowException": description, "WorkflowExceptionInstance": cause}


def traceback_text(error: BaseException) -> str:
    """Return the traceback of an error; of one that came from another process, what it was there."""
    text: str | None = getattr(error, "remote_traceback", None)
    return text or "".join(traceback.format_exception(error))


def handed_over(link: Link, outputs: Mapping[Any, Any], target: Interface) -> dict[InputKey, Any]:
    """Return the inputs that a link gives its target; outputs that were not set are left out."""
    if link.map_all_data:
        return {name: value for name, value in outputs.items() if target.accepts(name)}
    inputs: dict[InputKey, Any] = {}
    for source, name in link.data_mapping:
        if source is None:
            inputs[name] = dict(outputs)
        elif source in outputs:
            inputs[name] = outputs[source]
    return inputs


def fed_inputs(link: Link, source: Interface, target: Interface) -> Iterable[InputKey]:
    """Return the inputs that a link gives its target when every output is set."""
    if not link.map_all_data:
        return [name for _, name in link.data_mapping]
    names = {*source.input_names, *ERROR_OUTPUTS} if link.on_error else set(source.outputs)
    return [name for name in names if target.accepts(name)]
