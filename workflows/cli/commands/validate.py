"""``reprise validate``: say everything that is wrong with workflows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from workflows.catalog.installed import InstalledTasks
from workflows.cli.locations import find_locations
from workflows.cli.status import FAILED, OK
from workflows.cli.workflow_arguments import add_workflows, load_options, named_workflows
from workflows.errors import GraphError
from workflows.graphs.graph import load_graph
from workflows.policy import AnyTask
from workflows.running.plan import draft_plan, find_problems

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from workflows.running.plan import Plan

_EXAMPLE = """example:
  reprise validate pipelines/*.json
    pipelines/a.json:12: node 'save': there is no task type 'clas'; did you mean 'class'?"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line may say."""
    parser.epilog = _EXAMPLE
    add_workflows(parser)
    parser.add_argument(
        "--policy",
        choices=("any", "installed"),
        default="any",
        help="allow any task, or those of installed packages",
    )


def run(arguments: argparse.Namespace) -> int:
    """List the problems of each workflow; of a valid one, what must still be given to it."""
    status = OK
    policy = InstalledTasks() if arguments.policy == "installed" else AnyTask()
    options = load_options(arguments)
    for workflow in named_workflows(arguments):
        try:
            graph = load_graph(workflow, **options)
            problems, cause = find_problems(graph, policy), None
        except GraphError as error:
            problems, cause = list(error.problems), error.__cause__
        locations = find_locations(workflow, arguments.workflow_dir, cause)
        sys.stdout.writelines(f"{locations.place(each)}: {each}\n" for each in problems)
        if problems:
            status = FAILED
            continue
        sys.stdout.write(f"{workflow} is valid\n")
        sys.stdout.writelines(
            f"{locations.place(each)}: note: {each}\n" for each in _notes(draft_plan(graph, policy))
        )
    return status


def _notes(plan: Plan) -> Iterator[str]:
    """Find what a run must still be given."""
    for node_id in plan.tasks:
        missing = plan.interface(node_id).missing(plan.linked(node_id) | plan.inputs[node_id].keys())
        if missing:
            names = ", ".join(repr(name) for name in missing)
            yield f"node {node_id!r} ({plan.tasks[node_id].__name__}) must be given {names}"
    if plan.graph.nodes and not plan.start_nodes:
        yield "every node waits for another one: give one of them all its required inputs"
