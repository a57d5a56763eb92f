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
from workflows.errors import UnsupportedError
from workflows.graphs import convert
from workflows.keys import node_name
from workflows.service.policy import check_arguments, checked_engine, checked_source, worker_policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflows.cancellation import CancelToken

logger = logging.getLogger(__name__)

_WITHOUT_EFFECT = ("upload_parameters", "slurm_arguments")


def execute_graph(
    graph: Mapping[str, Any] | str,
    *,
    job_id: str,
    cancel: CancelToken,
    engine: str | None = None,
    execinfo: Mapping[str, Any] | str | bool | None = None,
    load_options: Mapping[str, Any] | None = None,
    save_options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    convert_destination: str | None = None,
    **arguments: Any,
) -> dict[str, Any]:
    """Run a workflow and return its outputs as JSON knows them: arrays are lists.

    Raises
    ------
    WorkflowError
        As ``workflows.execute_graph``.
    """
    for name in _WITHOUT_EFFECT:
        if arguments.pop(name, None):
            logger.warning("Job %s: %s has no effect here", job_id, name)
    source = checked_source(graph)
    inputs = arguments.pop("inputs", None) or ()
    if convert_destination:
        _convert(source, convert_destination, inputs, load_options, save_options)
    if isinstance(execinfo, dict):
        execinfo = {**execinfo, "job_id": execinfo.get("job_id") or job_id}
    with _variables(environment or {}):
        outputs = execution.execute_graph(
            source,
            inputs,
            load_options=_given(load_options),
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
    destination: Any = None,
    *,
    inputs: Sequence[Mapping[str, Any]] | None = None,
    load_options: Mapping[str, Any] | None = None,
    save_options: Mapping[str, Any] | None = None,
    save_requirements: bool = True,
) -> Any:
    """Return a workflow with its inputs as default inputs, or write it to a file."""
    check_arguments({"load_options": load_options, "convert_destination": destination or None})
    source, requirements = checked_source(source), {"with_requirements": save_requirements}
    return _convert(source, destination or None, inputs or (), load_options, save_options, **requirements)


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


def _convert(
    source: Mapping[str, Any] | str,
    destination: Any,
    inputs: Sequence[Mapping[str, Any]],
    load_options: Mapping[str, Any] | None,
    save_options: Mapping[str, Any] | None,
    *,
    with_requirements: bool = True,
) -> Any:
    loading, saving = _given(load_options), _given(save_options)
    written = convert.convert_graph(
        source,
        destination,
        inputs=inputs,
        flatten=bool(inputs),  # inputs are not stored in sub-graphs
        source_representation=loading.pop("representation", None),
        with_requirements=with_requirements,
        **loading,
        **saving,
    )
    return str(written) if isinstance(written, Path) else written


def _given(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Leave out options that are None: clients send them all."""
    return {name: value for name, value in (options or {}).items() if value is not None}


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
