"""``reprise execute``: run workflows one after the other."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from workflows.cancellation import CancelToken
from workflows.catalog.installed import InstalledTasks
from workflows.cli.display import banner, counts_text, output_lines, refusal_document, result_document
from workflows.cli.event_files import event_handlers
from workflows.cli.interruption import stopping_on_interrupt
from workflows.cli.parameters import (
    add_parameters,
    document_inputs,
    placed_inputs,
    read_options,
    read_parameters,
)
from workflows.cli.progress import is_terminal, reporting
from workflows.cli.run_arguments import (
    OUTPUTS,
    add_run_arguments,
    check_options,
    read_run_options,
    read_varinfo,
    take_stray_workflow,
)
from workflows.cli.status import FAILED, INTERRUPTED, OK, complain, write_json
from workflows.cli.warning_lines import warnings_as_sentences
from workflows.cli.workflow_arguments import add_workflows, load_options, named_workflows
from workflows.engines import ENGINES
from workflows.errors import WorkflowError
from workflows.execution import run_graph
from workflows.graphs.convert import convert_graph
from workflows.graphs.graph import load_graph
from workflows.policy import AnyTask
from workflows.running.plan import draft_plan
from workflows.states import State

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from workflows.cli.parameters import Parameter
    from workflows.graphs.graph import Graph
    from workflows.running.results import RunResult

_LEVELS = ("debug", "info", "warning", "error", "critical")
_ENDINGS = {State.SUCCEEDED: "FINISHED", State.FAILED: "FAILED", State.CANCELLED: "CANCELLED"}
_EXAMPLE = """examples:
  reprise execute integrate.json -p image=scan.h5 -p save:filename=out.nxs
  reprise execute 'night/*.json' --search --resume --max-workers 4
  reprise execute package.workflows.demo --engine dask -o scheduler=tcp://host:8786 --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line may say."""
    parser.epilog = _EXAMPLE
    add_workflows(parser)
    add_parameters(parser)
    add_run_arguments(parser)
    parser.add_argument(
        "--engine", choices=ENGINES, default="local", help="what runs the nodes (default: local)"
    )
    parser.add_argument(
        "--policy",
        choices=("any", "installed"),
        default="any",
        help="allow any task, or those of installed packages",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the result as JSON, everything else as errors"
    )
    parser.add_argument("--no-progress", action="store_true", help="lines instead of one that changes")
    parser.add_argument("-q", "--quiet", action="store_true", help="neither: tell nothing of the nodes")
    parser.add_argument(
        "-l", "--log", choices=_LEVELS, type=str.lower, default="warning", help="what of the log to show"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run each workflow; what happens is told on the way, the outputs at the end."""
    logging.basicConfig(
        level=arguments.log.upper(), format="%(asctime)s - %(name)s - %(levelname)-8s - %(message)s"
    )
    take_stray_workflow(arguments)
    parameters = read_parameters(arguments)
    options = read_run_options(arguments)
    check_options(arguments.engine, options)
    request: dict[str, Any] = {
        "engine": arguments.engine,
        "outputs": OUTPUTS[arguments.outputs],
        "merge_outputs": arguments.merge_outputs,
        "keep_outputs": False,
        "varinfo": read_varinfo(arguments),
        "execinfo": arguments.job_id,
        "task_options": read_options("-t", arguments.task_option) or None,
        "policy": InstalledTasks() if arguments.policy == "installed" else AnyTask(),
        "events": event_handlers(arguments),
        "convert_destination": None,
        **options,
    }
    loaded = [_loaded(workflow, arguments, parameters, request) for workflow in named_workflows(arguments)]
    documents: list[dict[str, Any]] = []
    status = OK
    for each in loaded:
        ended = _execute(each, arguments, request, documents)
        status = ended or status
        if ended == INTERRUPTED:
            break
    if arguments.json:
        write_json(documents[0] if len(documents) == 1 else documents)
    return status


@dataclass
class _Loaded:
    """A workflow with its inputs; or why it cannot run, which is told in its turn."""

    name: str
    graph: Graph | WorkflowError
    inputs: Sequence[Mapping[str, Any]] = ()


def _loaded(
    workflow: str, arguments: argparse.Namespace, parameters: Sequence[Parameter], request: Mapping[str, Any]
) -> _Loaded:
    """Load a workflow before any runs: an input that is misspelt for the last one must not come up late."""
    try:
        graph = load_graph(workflow, **load_options(arguments))
        plan = partial(draft_plan, graph, request["policy"])
        inputs = placed_inputs(parameters, plan()) if parameters else []
        destination = request["convert_destination"]
        if destination is not None:
            convert_graph(graph, str(destination), inputs=document_inputs(parameters, graph, plan))
    except WorkflowError as error:
        return _Loaded(workflow, error)
    return _Loaded(workflow, graph, inputs)


def _execute(
    loaded: _Loaded,
    arguments: argparse.Namespace,
    request: Mapping[str, Any],
    documents: list[dict[str, Any]],
) -> int:
    """Run one workflow between its banner and how it ended; the status is that of the process."""
    out = sys.stderr if arguments.json else sys.stdout
    out.write(banner(loaded.name))
    out.flush()
    try:
        result = _run(loaded, arguments, request)
    except WorkflowError as error:
        documents.append(refusal_document(loaded.name, error))
        return _failed(error, out, arguments)
    documents.append(result_document(loaded.name, result, merged=arguments.merge_outputs))
    if not arguments.json and result.outputs:
        out.writelines(["\nRESULTS:\n", *output_lines(result, merged=arguments.merge_outputs)])
    if not arguments.quiet:
        out.write(f"\n{counts_text(result)}\n")
    if result.state is State.FAILED and result.error is not None:
        return _failed(result.error, out, arguments)
    out.write(f"{_ENDINGS[result.state]}\n")
    return INTERRUPTED if result.state is State.CANCELLED else OK


def _run(loaded: _Loaded, arguments: argparse.Namespace, request: Mapping[str, Any]) -> RunResult:
    if isinstance(loaded.graph, WorkflowError):
        raise loaded.graph
    live = is_terminal(sys.stderr) and not arguments.no_progress and not arguments.json
    stream = sys.stderr if arguments.json or live else sys.stdout
    options = {name: value for name, value in request.items() if name != "convert_destination"}
    token = CancelToken()
    with ExitStack() as stack:
        stack.enter_context(stopping_on_interrupt(token))
        stack.enter_context(warnings_as_sentences())
        if not arguments.quiet:
            reporter = reporting(stream, n_nodes=len(loaded.graph.nodes), live=live)
            options["events"] = [*request["events"], stack.enter_context(reporter)]
        return run_graph(loaded.graph, loaded.inputs, cancel=token, **options)


def _failed(error: WorkflowError, out: Any, arguments: argparse.Namespace) -> int:
    out.write("FAILED\n")
    out.flush()
    complain(error.message)
    if arguments.traceback:
        traceback.print_exception(error)
    return FAILED
