"""The child: a recipe in, event lines out, staged files with a record and a summary at the end.

``python -m processing.run recipe.json`` prints the event lines; what libraries print goes to the
error stream. Each line is a JSON object with a ``kind``:

``step``
    ``step`` (node id), ``type`` start, progress or end, ``state``, ``progress`` in %, ``message``;
    of progress at most one line a second and step, and the last
``staged``
    All files are written, checked, hashed and on disk; ``manifest.json`` lists them. Always last.
``failed``
    ``code`` and ``message`` (one sentence for a person). Always last.

The process knows neither Django nor the database, and it writes below its staging folder only.
"""

import errno
import json
import os
import resource
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from processing.durable import sync
from processing.nexus import guard
from processing.nexus.writer import append_process, check_output
from processing.pipelines import TECHNIQUES, preload, summariser
from processing.progress import ThinnedProgress
from processing.provenance.record import canonical_json, environment, hash_file, record_of
from processing.recipe import Recipe, read_recipe
from processing.techniques.xrpd.integrator import keep_engines_in
from workflows import run_graph
from workflows.errors import Cancelled, InputError, NodeError, WorkflowError, describe_exception
from workflows.events import Event
from workflows.policy import AnyTask, ClosedList

__all__ = ["main", "prepare", "run_forked", "run_recipe"]

Emit = Callable[[Mapping[str, Any]], None]

MANIFEST = "manifest.json"
_NEXUS = {".nxs", ".h5", ".hdf5"}
# What the run does after the workflow's own nodes; shown as one more step.
_FINISH = "Check and describe the result"


def prepare() -> None:
    """Import and compile everything a run may need, so that a fork has it. Nothing is computed here."""
    for technique in TECHNIQUES:
        summariser(technique)
        preload(technique)
    environment()


def run_forked(recipe: str, events: int) -> int:
    """Run the recipe at a path in a forked child; event lines go to the descriptor ``events``."""
    with os.fdopen(events, "w", buffering=1) as lines:
        return run_recipe(read_recipe(Path(recipe)), _line_writer(lines))


def main() -> int:
    """Run the recipe named on the command line; return 0 when its files are staged."""
    # The event lines have the output stream for themselves; pyFAI and others print to the error stream.
    with os.fdopen(os.dup(1), "w", buffering=1) as lines:
        os.dup2(2, 1)
        return run_recipe(read_recipe(Path(sys.argv[1])), _line_writer(lines))


def run_recipe(recipe: Recipe, emit: Emit) -> int:
    """Run a recipe to its end, whatever that is; return 0 when its files are staged."""
    try:
        if recipe.memory_limit_bytes:
            resource.setrlimit(resource.RLIMIT_AS, (recipe.memory_limit_bytes, recipe.memory_limit_bytes))
        _confine(recipe)
        _stage(recipe, emit)
    except Exception as error:  # noqa: BLE001 - every end of a run is told, never thrown away
        code, message = _classify(error)
        sys.excepthook(type(error), error, error.__traceback__)
        emit({"kind": "failed", "code": code, "message": message})
        return 1
    emit({"kind": "staged"})
    return 0


def _confine(recipe: Recipe) -> None:
    """Say what this process may read, and where integration engines are kept."""
    if recipe.engines:
        keep_engines_in(Path(recipe.engines), max_bytes=recipe.engines_limit_bytes)
    if recipe.roots:
        guard.confine([Path(root) for root in (*recipe.roots, recipe.staging)])


def _stage(recipe: Recipe, emit: Emit) -> None:
    started_at = datetime.now(UTC)
    input_files = [hash_file(Path(path), name=Path(path).name) for path in recipe.input_files.values()]
    nodes: dict[str, dict[str, Any]] = {}
    tell_step = ThinnedProgress(emit)

    def on_event(event: Event) -> None:
        if event.context == "node":
            tell_step(_step_of(event))
            _note_node(nodes, event)

    result = run_graph(
        recipe.workflow,
        recipe.all_inputs(),
        events=[on_event],
        policy=AnyTask() if recipe.tasks is None else ClosedList(recipe.tasks),
        strict=True,
        load_options={"with_files": False},  # a sub-graph is part of the recipe, never a file here
    )
    if result.error is not None:
        raise result.error
    emit({"kind": "step", "step": _FINISH, "type": "start"})
    record = record_of(
        job_id=recipe.job_id,
        attempt=recipe.attempt,
        workflow=recipe.workflow,
        parameters=_shown_parameters(recipe),
        input_files=input_files,
        nodes=list(nodes.values()),
        started_at=started_at,
    )
    _finish(recipe, record)
    emit({"kind": "step", "step": _FINISH, "type": "end", "state": "succeeded"})


def _shown_parameters(recipe: Recipe) -> list[dict[str, Any]]:
    """Return the inputs with files by their names: a record leaves the facility, its folders do not."""
    files = {name: Path(path).name for name, path in recipe.input_files.items()}
    return [{**given, "value": files.get(given["name"], given["value"])} for given in recipe.inputs]


def _finish(recipe: Recipe, record: dict[str, Any]) -> None:
    """Describe, check, hash and sync the files; the manifest is the last one written."""
    staging = Path(recipe.staging)
    for file in recipe.output_files:
        path = staging / file["value"]
        if not path.is_file():
            raise _BadOutput(f"The workflow ended without writing {file['value']}")
        if path.suffix in _NEXUS:
            append_process(path, record=record, workflow_json=canonical_json(recipe.workflow))
            _check_output(path)
    summary: dict[str, Any] = {}
    if recipe.summary and recipe.output_files:
        summary = summariser(recipe.summary)(staging / recipe.output_files[0]["value"]).as_dict()
    _write_json(staging / "record.json", record)
    written = sorted(path for path in staging.rglob("*") if path.is_file())
    files = [hash_file(path, name=path.relative_to(staging).as_posix()) for path in written]
    _write_json(staging / MANIFEST, {"files": files, "summary": summary, "record": record})
    for path in [*written, staging / MANIFEST, staging]:
        sync(path)


class _BadOutput(WorkflowError):
    """The workflow ended well, but what it wrote cannot be published."""

    code = "bad_output"


def _check_output(path: Path) -> None:
    try:
        check_output(path)
    except InputError as error:
        raise _BadOutput(error.message) from error


def _write_json(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, indent=1, allow_nan=False))


def _step_of(event: Event) -> dict[str, Any]:
    return {
        "kind": "step",
        "step": str(event.node_id),
        "type": event.type,
        "state": event.state,
        "progress": event.progress,
        "message": event.error_message,
    }


def _note_node(nodes: dict[str, dict[str, Any]], event: Event) -> None:
    known = {"id": str(event.node_id), "task": event.task_identifier}
    node = nodes.setdefault(str(event.node_id), known)
    if event.type == "start":
        node["started_at"] = event.time.isoformat(timespec="milliseconds")
    elif event.type == "end":
        node["ended_at"] = event.time.isoformat(timespec="milliseconds")
        node["state"] = event.state


def _classify(error: BaseException) -> tuple[str, str]:
    """Return the code and the sentence of an error; the cause decides where it says more."""
    cause = error.__cause__ or error
    if isinstance(cause, MemoryError):
        return "out_of_memory", "The run needs more memory than a job may have."
    if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return "disk_full", "The disk is full, so the result could not be written."
    if isinstance(error, NodeError) and error.label:
        # The step as the page calls it, not as the graph does.
        about = [error.label]
        if isinstance(error, InputError) and error.input_name is not None:
            about.append(str(error.input_name))
        return error.code, f"{', '.join(about)}: {error.text}"
    if isinstance(error, WorkflowError) and not isinstance(error, Cancelled):
        return error.code, error.message
    return "task_failed", describe_exception(error)


def _line_writer(lines: Any) -> Emit:
    def emit(told: Mapping[str, Any]) -> None:
        lines.write(json.dumps(told) + "\n")

    return emit


if __name__ == "__main__":
    sys.exit(main())
