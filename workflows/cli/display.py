"""Showing values and results to somebody at a terminal."""

from __future__ import annotations

import reprlib
from collections import Counter
from typing import TYPE_CHECKING, Any

from workflows.keys import json_node_id, node_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.errors import WorkflowError
    from workflows.keys import NodeId
    from workflows.running.results import RunResult

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 120
_short.maxlist = _short.maxtuple = _short.maxdict = 8

_LONGEST_JSON_TEXT = 2000
_LONGEST_NAME = 200


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


def banner(workflow: str, verb: str = "Execute") -> str:
    """Return the lines that tell one workflow from the next."""
    line = "#" * 35
    return f"{line}\n# {verb} workflow '{short_name(workflow)}'\n{line}\n"


def short_name(workflow: str) -> str:
    """Return how a workflow is named on the command line; it may be a whole text in JSON."""
    name = " ".join(workflow.split())
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."


def result_document(workflow: str, result: RunResult, *, merged: bool) -> dict[str, Any]:
    """Put a result in the form that is printed as JSON; see ``json_value`` for what JSON does not know."""
    outputs = (
        [{"name": name, "value": value} for name, value in result.outputs.items()]
        if merged
        else [
            {"node": json_node_id(node_id), "name": name, "value": value}
            for node_id, name, value in _outputs(result.outputs)
        ]
    )
    return {
        "workflow": workflow,
        "job_id": result.job_id,
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
        "outputs": outputs,
    }


def refusal_document(workflow: str, error: WorkflowError) -> dict[str, Any]:
    """Put a run that was refused before it began in the same form."""
    return {
        "workflow": workflow,
        "job_id": None,
        "state": "failed",
        "error": error.message,
        "nodes": [],
        "outputs": [],
    }


def output_lines(result: RunResult, *, merged: bool) -> list[str]:
    """Write one line for each output: its node unless they are merged, its name and, shortly, the value."""
    if merged:
        return [f"{name} = {short_text(value)}\n" for name, value in result.outputs.items()]
    return [
        f"{node_name(node_id)}.{name} = {short_text(value)}\n"
        for node_id, name, value in _outputs(result.outputs)
    ]


def counts_text(result: RunResult) -> str:
    """Count how nodes ended: ``7 nodes: 5 succeeded, 2 cached``."""
    counts = Counter(str(node.state) for node in result.nodes.values())
    n_nodes = len(result.nodes)
    ways = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"{n_nodes} node{'s' * (n_nodes != 1)}: {ways}" if n_nodes else "no nodes"


def _outputs(outputs: Mapping[NodeId, Mapping[str, Any]]) -> list[tuple[NodeId, str, Any]]:
    return [(node_id, name, value) for node_id, values in outputs.items() for name, value in values.items()]
