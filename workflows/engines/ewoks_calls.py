"""The functions of ewoks that its clients call through Celery, with their arguments."""

from __future__ import annotations

import json
import logging
import os
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows import execution
from workflows.catalog import discovery
from workflows.engines.celery_policy import check_trusted, checked_engine, checked_source, worker_policy
from workflows.errors import UnsupportedError
from workflows.graphs.graph import load_graph
from workflows.keys import json_node_id, node_name
from workflows.running.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflows.cancellation import CancelToken

logger = logging.getLogger(__name__)

_WITHOUT_EFFECT = ("upload_parameters", "slurm_arguments", "save_options")
_KNOWN_FORMS = (None, "json", "json_dict", "json_string")


def execute_graph(
    graph: Mapping[str, Any] | str,
    *,
    job_id: str,
    cancel: CancelToken,
    engine: str | None = None,
    execinfo: Mapping[str, Any] | str | bool | None = None,
    load_options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    convert_destination: str | None = None,
    **arguments: Any,
) -> dict[str, Any]:
    """Run a workflow and return its outputs as JSON knows them: arrays are lists.

    Raises
    ------
    PolicyError
        The client wants to read or write files, or to set variables, of a worker
        whose policy is not ``any``.
    """
    _check_load_options(load_options)
    for name in _WITHOUT_EFFECT:
        if arguments.pop(name, None):
            logger.warning("Job %s: %s has no effect here", job_id, name)
    if environment or convert_destination:
        check_trusted("environment and convert_destination")
    source = checked_source(graph)
    inputs = arguments.pop("inputs", None) or ()
    if convert_destination:
        _write(convert_destination, _with_inputs(source, inputs))
    if isinstance(execinfo, dict):
        execinfo = {**execinfo, "job_id": execinfo.get("job_id") or job_id}
    with _variables(environment or {}):
        outputs = execution.execute_graph(
            source,
            inputs,
            engine=checked_engine(engine or "local"),
            execinfo=job_id if execinfo in (None, True) else execinfo,
            cancel=cancel,
            policy=worker_policy(),
            **arguments,
        )
    named = {name if isinstance(name, str) else node_name(name): value for name, value in outputs.items()}
    return _as_json(named)


def convert_graph(
    source: Mapping[str, Any] | str,
    destination: str | Mapping[str, Any] | None = None,
    inputs: Sequence[Mapping[str, Any]] | None = None,
    load_options: Mapping[str, Any] | None = None,
    save_options: Mapping[str, Any] | None = None,
    **_: Any,
) -> Any:
    """Return a workflow with its inputs as default inputs, or write it to a JSON file."""
    _check_load_options(load_options)
    document = _with_inputs(checked_source(source), inputs or ())
    form = (save_options or {}).get("representation")
    if destination is None or destination == {} or form == "json_dict":
        return document
    if form not in _KNOWN_FORMS:
        raise UnsupportedError(f"workflows are written as JSON here, not as {form!r}")
    if form == "json_string":
        return json.dumps(document)
    check_trusted("writing a file")
    _write(str(destination), document)
    return str(destination)


def discover_tasks(*modules: str, task_type: str | None = None, **_: Any) -> list[dict[str, Any]]:
    """List the tasks of installed packages, or of some of their modules (patterns)."""
    return [
        task.as_dict()
        for task in discovery.discover_tasks().tasks
        if task_type in (None, task.task_type)
        and (not modules or any(fnmatchcase(task.task_identifier.rpartition(".")[0], m) for m in modules))
    ]


def merged(arguments: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the arguments of a client with those that the worker is configured with.

    Those of the client come first, save that the event handlers of both are used.
    """
    result = dict(defaults)
    for name, value in arguments.items():
        before = result.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            result[name] = merged(value, before)
        elif name == "handlers" and before and value:
            result[name] = [*value, *(handler for handler in before if handler not in value)]
        else:
            result[name] = value
    return result


def _check_load_options(options: Mapping[str, Any] | None) -> None:
    for name, value in (options or {}).items():
        if value is not None and not (name == "representation" and value in _KNOWN_FORMS):
            raise UnsupportedError(
                f"load_options: {name}={value!r} is not supported: send the workflow itself"
            )


def _with_inputs(source: Mapping[str, Any] | str, inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the document of a graph with its inputs: in the nodes, and as they were given."""
    graph = load_graph(source)
    document = graph.to_dict()
    if not inputs:
        return document
    plan = make_plan(graph, inputs, policy=worker_policy())
    placed = {str(json_node_id(node_id)): given for node_id, given in plan.inputs.items()}
    for node in document["nodes"]:
        given = placed.get(str(node["id"]))
        if given:
            node["default_inputs"] = [{"name": name, "value": value} for name, value in given.items()]
    document["graph"] = {**document["graph"], "execute_arguments": {"inputs": list(inputs)}}
    return document


def _write(destination: str, document: Mapping[str, Any]) -> None:
    path = Path(destination)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2))


def _as_json(outputs: dict[str, Any]) -> dict[str, Any]:
    """Return outputs that any client can read."""

    def plain(value: Any) -> Any:
        to_list = getattr(value, "tolist", None)
        if to_list is None:
            raise UnsupportedError(
                f"an output is a {type(value).__name__}, which JSON cannot carry: select other outputs"
            )
        return to_list()

    try:
        as_json: dict[str, Any] = json.loads(json.dumps(outputs, default=plain))
    except (TypeError, ValueError, RecursionError) as error:
        raise UnsupportedError(f"an output cannot be sent as JSON: {error}") from error
    return as_json


@contextmanager
def _variables(environment: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for one job."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update({name: str(value) for name, value in environment.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
