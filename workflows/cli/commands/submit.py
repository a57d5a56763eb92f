"""``reprise submit``: send workflows to Celery workers."""

from __future__ import annotations

import inspect
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from workflows.cli.celery_engine import celery_engine
from workflows.cli.misuse import UsageError
from workflows.cli.parameters import add_parameters, document_inputs, read_options, read_parameters
from workflows.cli.run_arguments import (
    OUTPUTS,
    add_run_arguments,
    read_run_options,
    read_varinfo,
    take_stray_workflow,
)
from workflows.cli.status import OK, write_json
from workflows.cli.workflow_arguments import add_workflows, load_options, named_workflows
from workflows.engines import ENGINES
from workflows.graphs.graph import load_graph
from workflows.running.plan import draft_plan
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    import argparse

    from workflows.graphs.graph import Graph

_EXAMPLE = """examples:
  reprise submit integrate.json -p image=/data/scan.h5 -c queue=gpu
  reprise submit integrate.json --wait 600       # prints the result"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line may say."""
    parser.epilog = _EXAMPLE
    add_workflows(parser)
    add_parameters(parser)
    add_run_arguments(parser)
    parser.add_argument("--engine", choices=ENGINES, help="what runs the nodes in the worker")
    parser.add_argument(
        "-c",
        "--cparameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of Celery, such as queue",
    )
    parser.add_argument(
        "--wait",
        type=float,
        metavar="SECONDS",
        default=-1,
        help="wait so long for the result (default: do not)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the id of each job; with ``--wait`` its result as well."""
    take_stray_workflow(arguments)
    celery = celery_engine()
    sending = read_options("-c", arguments.cparameter)
    _check_sending(sending, celery.submit_graph)
    request = _request(arguments)
    graphs = [load_graph(workflow, **load_options(arguments)) for workflow in named_workflows(arguments)]
    inputs = [_inputs(graph, arguments) for graph in graphs]
    job_ids = []
    for graph, given in zip(graphs, inputs, strict=True):
        job_ids.append(celery.submit_graph(graph.to_dict(), inputs=given, **sending, **request))
        sys.stdout.write(f"{job_ids[-1]}\n")
        sys.stdout.flush()
    if arguments.wait >= 0:
        for job_id in job_ids:
            write_json(celery.wait_for(job_id, arguments.wait))
    return OK


def _request(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of ``execute_graph`` in the worker."""
    execinfo: dict[str, Any] = {"job_id": arguments.job_id} if arguments.job_id else {}
    if arguments.events:
        raise UsageError("--events is a file of this machine: use --sqlite3, or execute")
    if arguments.sqlite3:
        handler = "ewokscore.events.handlers.Sqlite3EwoksEventHandler"
        uri = {"name": "uri", "value": arguments.sqlite3}
        execinfo["handlers"] = [{"class": handler, "arguments": [uri]}]
    given = {
        "engine": arguments.engine,
        "varinfo": read_varinfo(arguments),
        "task_options": read_options("-t", arguments.task_option),
        "execinfo": False if arguments.disable_events else execinfo,
        **read_run_options(arguments),
    }
    needed = {name: value for name, value in given.items() if value not in (None, {})}
    return needed | {"outputs": OUTPUTS[arguments.outputs], "merge_outputs": arguments.merge_outputs}


def _check_sending(options: dict[str, Any], submit: Any) -> None:
    parameters = inspect.signature(submit).parameters.values()
    known = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
    for name in options:
        if name not in known:
            raise UsageError(f"-c {name}=...: there is no such option{did_you_mean(name, known)}")


def _inputs(graph: Graph, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    return document_inputs(read_parameters(arguments), graph, partial(draft_plan, graph))
