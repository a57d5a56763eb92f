"""``reprise workflows``: list the workflows of installed packages and of folders."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from workflows.catalog.stored_workflows import discover_workflows
from workflows.cli.status import OK, complain, write_json

if TYPE_CHECKING:
    import argparse

_EXAMPLE = """example:
  reprise workflows ~/pipelines
  reprise execute package.workflows.demo"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line may say."""
    parser.epilog = _EXAMPLE
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="a folder to look in as well")
    parser.add_argument("--json", action="store_true", help="print everything that is known as JSON")


def run(arguments: argparse.Namespace) -> int:
    """List the workflows with their names and labels."""
    catalog = discover_workflows(arguments.folders)
    if arguments.json:
        found = [workflow.as_dict() for workflow in catalog.workflows]
        write_json({"workflows": found, "problems": catalog.problems})
        return OK
    for workflow in catalog.workflows:
        words = f" [{', '.join(workflow.keywords)}]" if workflow.keywords else ""
        sys.stdout.write(f"{workflow.name}: {workflow.label}{words}\n")
    for problem in catalog.problems:
        complain(problem)
    return OK
