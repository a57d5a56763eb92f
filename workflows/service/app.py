"""The Celery application of workers that run workflows.

Start one with ``celery -A workflows.service.app worker``. It serves the
engine ``celery`` and unmodified clients of ewoks: its tasks have the names and
the arguments that these use.
"""

from __future__ import annotations

from typing import Any

from celery.exceptions import Ignore, TaskRevokedError

from workflows.engines.celery_jobs import EXECUTE_GRAPH, RUN_GRAPH
from workflows.engines.celery_settings import make_app
from workflows.errors import Cancelled, WorkflowError
from workflows.service import ewoks_calls, jobs
from workflows.service.policy import check_arguments

app = make_app()
_EWOKS = EXECUTE_GRAPH.rpartition(".")[0]


@app.task(name=RUN_GRAPH, bind=True)
def run_graph(self: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Run a workflow and return how each of its nodes ended."""
    return jobs.run_and_record(self, request)


@app.task(name=EXECUTE_GRAPH, bind=True)
def execute_graph(self: Any, *args: Any, **arguments: Any) -> dict[str, Any]:
    """Run a workflow and return its outputs, for clients of ewoks."""
    try:
        check_arguments(arguments)
        arguments = ewoks_calls.merged(arguments, self.app.conf.get("ewoks_execution") or {})
        with jobs.cancellable(self) as token:
            return ewoks_calls.execute_graph(*args, job_id=self.request.id, cancel=token, **arguments)
    except Cancelled as error:
        self.update_state(state="REVOKED", meta=TaskRevokedError(error.message))
        raise Ignore from error
    except WorkflowError as error:
        raise RuntimeError(error.message) from error  # a class that every client has


@app.task(name=f"{_EWOKS}.convert_graph")
def convert_graph(*args: Any, **arguments: Any) -> Any:
    """Return a workflow with the inputs in it."""
    return _for_client(ewoks_calls.convert_graph, *args, **arguments)


@app.task(name=f"{_EWOKS}.discover_tasks_from_modules")
def discover_tasks_from_modules(*modules: str, **arguments: Any) -> list[dict[str, Any]]:
    """List the tasks of some modules."""
    return _for_client(ewoks_calls.discover_tasks, *modules, **arguments)


@app.task(name=f"{_EWOKS}.discover_all_tasks")
def discover_all_tasks(**arguments: Any) -> list[dict[str, Any]]:
    """List the tasks of all installed packages."""
    return _for_client(ewoks_calls.discover_tasks, **arguments)


def _for_client(function: Any, *args: Any, **arguments: Any) -> Any:
    try:
        return function(*args, **arguments)
    except WorkflowError as error:
        raise RuntimeError(error.message) from error
