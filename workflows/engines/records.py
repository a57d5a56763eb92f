"""How a run went, as a JSON document: what a worker sends to whoever waits for its job."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

from workflows import errors
from workflows.engines.json_values import JsonError, from_json, to_json
from workflows.engines.parcels import StandInError
from workflows.errors import TaskError, WorkflowError
from workflows.keys import json_node_id, node_key
from workflows.running.links import traceback_text
from workflows.running.results import NodeResult
from workflows.running.time_limit import TimeLimitError
from workflows.states import State

if TYPE_CHECKING:
    from workflows.events import Event
    from workflows.keys import NodeId
    from workflows.running.results import RunResult

_FIELDS = ("text", "label", "task_name", "input_name")
_EVENT_FIELDS = ("label", "task_identifier", "progress", "state", "error_code", "error_message")
_KINDS: dict[str, type[WorkflowError]] = {
    name: kind
    for name, kind in (*vars(errors).items(), ("TimeLimitError", TimeLimitError))
    if isinstance(kind, type) and issubclass(kind, WorkflowError)
}


def event_record(event: Event) -> dict[str, Any]:
    """Write the event of a node."""
    given = {name: getattr(event, name) for name in _EVENT_FIELDS if getattr(event, name) is not None}
    return {"type": event.type, "node_id": json_node_id(event.node_id), **given}


def run_record(result: RunResult) -> dict[str, Any]:
    """Write how a run ended; outputs that JSON cannot carry are named instead of written."""
    nodes = [_node_record(node_id, node) for node_id, node in result.nodes.items()]
    return {"state": str(result.state), "error": error_record(result.error), "nodes": nodes}


def error_record(error: BaseException | None) -> dict[str, Any] | None:
    """Write an error with its causes."""
    if error is None:
        return None
    record: dict[str, Any] = {
        "kind": _kind_name(error),
        "text": str(error),
        "traceback": traceback_text(error),
        "cause": error_record(error.__cause__),
    }
    if isinstance(error, WorkflowError):
        record["fields"] = {name: vars(error)[name] for name in _FIELDS if name in vars(error)}
        record["node_id"] = json_node_id(getattr(error, "node_id", None))
    return record


def read_error(record: dict[str, Any] | None) -> WorkflowError | None:
    """Make the error again that a record tells of."""
    error = _read_exception(record)
    return error if error is None or isinstance(error, WorkflowError) else WorkflowError(str(error))


def read_results(record: dict[str, Any]) -> tuple[dict[NodeId, NodeResult], dict[NodeId, str]]:
    """Return how each node ended; and of those nodes that left outputs behind, which and why."""
    results: dict[NodeId, NodeResult] = {}
    left_behind: dict[NodeId, str] = {}
    for node in record["nodes"]:
        node_id = node_key(node["node_id"])
        for name, why in node["left_behind"]:
            left_behind[node_id] = f"the output {name!r} of node {node_id!r} did not come back: {why}"
        results[node_id] = NodeResult(
            State(node["state"]),
            dict(from_json(node["outputs"])),
            read_error(node["error"]),
            from_json(node["started_at"]),
            from_json(node["ended_at"]),
            node["n_runs"],
            tuple(node["rounds"]),
            from_json(node["uris"]),
        )
    return results, left_behind


def _node_record(node_id: NodeId, node: NodeResult) -> dict[str, Any]:
    outputs: dict[str, Any] = {}
    left_behind = []
    for name, value in node.outputs.items():
        try:
            outputs[name] = to_json(value)
        except JsonError as error:
            left_behind.append([name, error.text])
    return {
        "node_id": json_node_id(node_id),
        "state": str(node.state),
        "outputs": outputs,
        "left_behind": left_behind,
        "error": error_record(node.error),
        "started_at": to_json(node.started_at),
        "ended_at": to_json(node.ended_at),
        "n_runs": node.n_runs,
        "rounds": list(node.rounds),
        "uris": to_json(node.uris),
    }


def _kind_name(error: BaseException) -> str:
    for kind in type(error).__mro__:
        if _KINDS.get(kind.__name__) is kind:
            return kind.__name__
    return type(error).__name__


def _read_exception(record: dict[str, Any] | None) -> BaseException | None:
    if record is None:
        return None
    error = _made(record)
    error.__cause__ = _read_exception(record["cause"])
    error.__dict__["remote_traceback"] = record["traceback"]
    return error


def _made(record: dict[str, Any]) -> BaseException:
    kind, text = record["kind"], record["text"]
    if "fields" in record:
        ours = _KINDS.get(kind, TaskError)(record["fields"].get("text", text))
        vars(ours).update({name: value for name, value in record["fields"].items() if name in _FIELDS})
        if record["node_id"] is not None:
            vars(ours)["node_id"] = node_key(record["node_id"])
        return ours
    builtin = getattr(builtins, kind, None)
    if isinstance(builtin, type) and issubclass(builtin, Exception):
        try:
            error = builtin(text)
        except TypeError:  # one that wants more than a text
            return StandInError(text)
        return error if str(error) == text else StandInError(text)
    return StandInError(text)
