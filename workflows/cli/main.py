"""The command line: ``reprise execute | validate | tasks``."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.catalog.discovery import discover_tasks
from workflows.cli.display import json_value, node_name, node_reporter, output_lines, result_document
from workflows.errors import WorkflowError, describe_exception
from workflows.execution import run_graph
from workflows.graphs.graph import load_graph
from workflows.keys import input_key
from workflows.running.plan import draft_plan, find_problems
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflows.keys import NodeId
    from workflows.running.plan import Plan

OK, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130

_OUTPUTS: dict[str, list[dict[str, Any]]] = {"none": [], "end": [{"all": False}], "all": [{"all": True}]}


class UsageError(Exception):
    """The command line asks for something that the workflow does not have."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    The status is 0 for success, 1 for a workflow that is invalid or failed,
    2 for a misuse of the command line, and 130 after Ctrl-C. Errors are one
    sentence on the standard error stream.
    """
    arguments = _parser().parse_args(argv)
    sys.path.append(str(Path.cwd()))  # a workflow may name tasks in the current folder
    try:
        status: int = arguments.command(arguments)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except UsageError as error:
        return _complain(str(error), MISUSED)
    except Exception as error:  # noqa: BLE001 -- nobody is shown a traceback unasked
        if arguments.traceback:
            traceback.print_exc()
        message = error.message if isinstance(error, WorkflowError) else describe_exception(error)
        return _complain(message, FAILED)
    return status


def execute(arguments: argparse.Namespace) -> int:
    """Run a workflow; what happens is told on the way, the outputs at the end."""
    graph = load_graph(Path(arguments.workflow))
    plan = draft_plan(graph)
    inputs = [item for text in arguments.parameter for item in _addressed(text, plan)]
    result = run_graph(
        graph,
        inputs,
        outputs=_OUTPUTS[arguments.outputs],
        merge_outputs=False,
        events=[node_reporter(sys.stderr.write if arguments.json else sys.stdout.write)],
        max_workers=arguments.max_workers,
    )
    if arguments.json:
        _write_json(result_document(result))
    else:
        sys.stdout.writelines(output_lines(result))
    if result.error is not None:
        raise result.error
    return OK


def validate(arguments: argparse.Namespace) -> int:
    """Say everything that is wrong with a workflow."""
    problems = find_problems(Path(arguments.workflow))
    sys.stdout.writelines(f"{problem}\n" for problem in problems or [f"{arguments.workflow} is valid"])
    return FAILED if problems else OK


def list_tasks(arguments: argparse.Namespace) -> int:
    """List the tasks of all installed packages."""
    catalog = discover_tasks()
    if arguments.json:
        _write_json({"tasks": [task.as_dict() for task in catalog.tasks], "problems": catalog.problems})
        return OK
    for task in catalog.tasks:
        optional = [f"[{name}]" for name in task.optional_input_names]
        inputs = ", ".join((*task.required_input_names, *optional))
        sys.stdout.write(
            f"{task.task_identifier} ({task.task_type}): {inputs} -> {', '.join(task.output_names)}\n"
        )
    for problem in catalog.problems:
        _complain(problem, OK)
    return OK


def _addressed(text: str, plan: Plan) -> list[dict[str, Any]]:
    """Find the nodes that ``NAME=VALUE`` or ``NODE:NAME=VALUE`` is for."""
    address, sign, value_text = text.partition("=")
    if not sign or not address:
        raise UsageError(f"-p {text}: write NAME=VALUE or NODE:NAME=VALUE")
    wanted, _, name = address.rpartition(":")
    nodes = [node_id for node_id in plan.tasks if not wanted or node_name(node_id) == wanted]
    if not nodes:
        known = [node_name(node_id) for node_id in plan.tasks]
        raise UsageError(f"-p {text}: there is no node {wanted!r}{did_you_mean(wanted, known)}")
    takers = [node_id for node_id in nodes if _takes(plan, node_id, name=name, addressed=bool(wanted))]
    if not takers:
        known = list(dict.fromkeys(free for node_id in nodes for free in plan.free_inputs(node_id)))
        raise UsageError(f"-p {text}: there is no free input {name!r}{did_you_mean(name, known)}")
    return [{"id": node_id, "name": name, "value": _parsed(value_text)} for node_id in takers]


def _takes(plan: Plan, node_id: NodeId, *, name: str, addressed: bool) -> bool:
    """Tell whether an input is free; one that is not declared must be addressed to its node."""
    if addressed:
        key = input_key(name)
        return plan.interface(node_id).accepts(key) and key not in plan.linked(node_id)
    return name in plan.free_inputs(node_id)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _write_json(document: object) -> None:
    sys.stdout.write(json.dumps(document, default=json_value, indent=2) + "\n")


def _complain(message: str, status: int) -> int:
    sys.stderr.write(f"reprise: {message}\n")
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="reprise", description="Run and check workflows.")
    commands = parser.add_subparsers(required=True, metavar="command")
    run = commands.add_parser("execute", help="run a workflow")
    run.add_argument("workflow", help="JSON file of the workflow")
    run.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="[NODE:]NAME=VALUE",
        help="give an input to every node that has it free, or to one node; the value is JSON or a text",
    )
    run.add_argument("--outputs", choices=_OUTPUTS, default="end", help="which outputs to show")
    run.add_argument("--json", action="store_true", help="print the result as JSON")
    run.add_argument("--max-workers", type=_positive, default=1, metavar="N", help="nodes at the same time")
    check = commands.add_parser("validate", help="list everything that is wrong with a workflow")
    check.add_argument("workflow", help="JSON file of the workflow")
    tasks = commands.add_parser("tasks", help="list the tasks of installed packages")
    tasks.add_argument("--json", action="store_true", help="print the tasks as JSON")
    for command, function in ((run, execute), (check, validate), (tasks, list_tasks)):
        command.set_defaults(command=function)
        command.add_argument("--traceback", action="store_true", help="show where an error comes from")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
