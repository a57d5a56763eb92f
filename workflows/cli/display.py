"""Showing a run to somebody at a terminal."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

from workflows.keys import json_node_id, node_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from workflows.events import Event
    from workflows.keys import NodeId
    from workflows.running.results import RunResult

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 120
_short.maxlist = _short.maxtuple = _short.maxdict = 8

_LONGEST_JSON_TEXT = 2000


def short_text(value: Any) -> str:
    """Describe a value in one line; an array as its type and shape.

    Examples
    --------
    >>> short_text({"path": "scan.h5"})
    "{'path': 'scan.h5'}"
    """
    array = array_text(value)
    return array if array is not None else " ".join(_short.repr(value).split())


def array_text(value: Any) -> str | None:
    """Describe an array, as ``float32 (1000,)``; None for anything else."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if not isinstance(shape, tuple) or dtype is None:
        return None
    return f"{dtype} {shape}"


def json_value(value: Any) -> Any:
    """Describe a value that JSON does not know; for ``json.dumps(default=...)``."""
    return short_text(value)[:_LONGEST_JSON_TEXT]


def node_reporter(write: Callable[[str], object]) -> Callable[[Event], None]:
    """Make an event handler that writes a line when a node starts and when it ends."""
    started: dict[NodeId | None, datetime] = {}

    def report(event: Event) -> None:
        if event.context != "node" or event.node_id is None or event.type == "progress":
            return
        line = f"{event.time.astimezone():%H:%M:%S} {node_name(event.node_id)}"
        if event.type == "start":
            started[event.node_id] = event.time
            write(f"{line} started ({event.task_identifier})\n")
            return
        seconds = ""
        if event.node_id in started:
            seconds = f" after {(event.time - started[event.node_id]).total_seconds():.3g} s"
        write(f"{line} {event.state}{seconds}\n")

    return report


def result_document(result: RunResult) -> dict[str, Any]:
    """Put a result in the form that is printed as JSON; see ``json_value`` for what JSON does not know."""
    return {
        "state": result.state,
        "error": None if result.error is None else result.error.message,
        "nodes": [
            {
                "id": json_node_id(node_id),
                "state": node.state,
                "error": None if node.error is None else node.error.message,
            }
            for node_id, node in result.nodes.items()
        ],
        "outputs": [
            {"node": json_node_id(node_id), "name": name, "value": value}
            for node_id, name, value in _outputs(result.outputs)
        ],
    }


def output_lines(result: RunResult) -> list[str]:
    """Write one line for each output: node, name and, shortly, the value."""
    return [
        f"{node_name(node_id)}.{name} = {short_text(value)}\n"
        for node_id, name, value in _outputs(result.outputs)
    ]


def _outputs(outputs: Mapping[NodeId, Mapping[str, Any]]) -> list[tuple[NodeId, str, Any]]:
    return [(node_id, name, value) for node_id, values in outputs.items() for name, value in values.items()]
