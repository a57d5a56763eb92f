"""Events in the form of ewoks, and what that form cannot say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from workflows.keys import json_node_id, node_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.events.stream import Event

EWOKS_FIELDS = (
    "host_name",
    "process_id",
    "user_name",
    "job_id",
    "engine",
    "context",
    "workflow_id",
    "type",
    "time",
    "error",
    "error_message",
    "error_traceback",
    "node_id",
    "task_id",
    "progress",
    "task_uri",
    "input_uris",
    "output_uris",
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_NO_ERROR = (None, None, None)
_SUCCEEDED = (False, None, None)
_WELL = frozenset({"succeeded", "cached", None})


def ewoks_form(event: Event) -> dict[str, Any]:
    """Return the 18 fields of an ewoks event; see ``ewoks_values``."""
    return dict(zip(EWOKS_FIELDS, ewoks_values(event), strict=True))


def ewoks_values(event: Event) -> tuple[Any, ...]:
    """Return the values of ``EWOKS_FIELDS``.

    The time is that of the local zone; a node of a sub-graph is named
    ``outer:inner``, as ewoks labels it; events of a job have no workflow; the
    start of a node has lists of URIs, as has the end of one whose results are
    stored. Ewoks says nothing of a node that never starts: here one that is
    skipped ends without an error, its message being ``skipped``; a cancelled
    one ends with the error ``cancelled``.
    """
    is_node = event.context == "node"
    is_start_of_node = is_node and event.type == "start"
    error, error_message, error_traceback = _error_of(event)
    return (
        event.host_name,
        event.process_id,
        event.user_name,
        event.job_id,
        event.engine,
        event.context,
        None if event.context == "job" else event.workflow_id,
        event.type,
        _local_time(event.time),
        error,
        error_message,
        error_traceback,
        None if event.node_id is None else node_name(event.node_id),
        event.task_identifier,
        event.progress,
        event.task_uri,
        list(event.input_uris or ()) if is_start_of_node else None,
        list(event.output_uris or ()) if is_start_of_node or event.output_uris else None,
    )


def beyond_ewoks(event: Event) -> dict[str, Any]:
    """Return the fields that ``from_ewoks`` gets wrong when it has the ewoks form alone; mostly none.

    What the start of a node says about the node is not said again.
    """
    beyond: dict[str, Any] = {}
    if event.context != "node":
        if event.context == "job":
            beyond["workflow_id"] = event.workflow_id
        if event.label != _usual_label(event.context, event.workflow_id, None):
            beyond["label"] = event.label
    elif event.type == "start" or event.never_started:
        name = event.node_id
        if name.__class__ is tuple:
            name = node_name(name)
            beyond["node_id"] = json_node_id(event.node_id)
        if event.label != name:
            beyond["label"] = event.label
    if event.error_code is not None:
        beyond["error_code"] = event.error_code
    if event.type == "end" and event.state not in {"succeeded", "failed"}:
        beyond |= {"state": event.state, "error_message": event.error_message}
    return beyond


def from_ewoks(form: Mapping[str, Any], beyond: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON form of an event, without its number.

    ``form`` may have been written by ewoks itself: then ``beyond`` is empty.
    """
    event = {name: form[name] for name in EWOKS_FIELDS if name not in {"error", "task_id"}}
    event["time"] = datetime.fromisoformat(form["time"]).astimezone(UTC).isoformat()
    event["task_identifier"] = form["task_id"]
    event["label"] = _usual_label(form["context"], form["workflow_id"], form["node_id"])
    event["state"] = None if form["type"] != "end" else "failed" if form["error"] else "succeeded"
    event["error_code"] = None
    for name in ("error_message", "error_traceback", "input_uris", "output_uris"):
        event[name] = event[name] or None
    return {**event, **beyond}


def ewoks_message(form: Mapping[str, Any]) -> str:
    """Describe an event in ewoks form in one line."""
    names = ("job", "job_id"), ("workflow", "workflow_id"), ("node", "node_id"), ("task", "task_id")
    place = " ".join(f"[{name} {form[field]!r}]" for name, field in names if form[field] is not None)
    subject = "task" if form["context"] == "node" else form["context"]
    if form["type"] == "start":
        return f"{place} {subject} started"
    if form["type"] == "progress":
        return f"{place} {subject} progress {form['progress']}%"
    if form["error"]:
        return f"{place} {subject} failed ({form['error_message']})"
    return f"{place} {subject} {form['error_message'] or 'finished'}"


def _error_of(event: Event) -> tuple[bool | None, str | None, str | None]:
    if event.type != "end":
        return _NO_ERROR
    if event.state in _WELL:
        return _SUCCEEDED
    if event.state == "skipped":
        return False, event.state, None
    no_message = "" if event.state == "failed" else event.state
    return True, event.error_message or no_message, event.error_traceback or ""


def _local_time(time: datetime) -> str:
    since = time - _EPOCH
    second, zone = _local_second(since.days, since.seconds)
    return f"{second}.{since.microseconds:06d}{zone}"


@lru_cache(maxsize=8)  # asking for the local zone is dear, and many events share a second
def _local_second(days: int, seconds: int) -> tuple[str, str]:
    text = (_EPOCH + timedelta(days, seconds)).astimezone().isoformat()
    length = len("2026-01-31T12:00:00")
    return text[:length], text[length:]


def _usual_label(context: str, workflow_id: str | None, node_id: str | None) -> str | None:
    return {"node": node_id, "workflow": workflow_id}.get(context)
