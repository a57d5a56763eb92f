"""``reprise install``: install the packages that a workflow requires."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from workflows.cli.display import short_name
from workflows.cli.requirements import checked_requirements, is_address
from workflows.cli.status import FAILED, OK, complain
from workflows.cli.workflow_arguments import add_workflows, load_options, named_workflows
from workflows.errors import WorkflowError
from workflows.graphs.reading import read_document

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_EXAMPLE = """example:
  reprise install integrate.json --python /opt/other/bin/python"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line may say."""
    parser.epilog = _EXAMPLE
    add_workflows(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "-p",
        "--python",
        metavar="INTERPRETER",
        default=sys.executable,
        help="the Python that gets the packages (default: this one)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Install the requirements of each workflow, after asking."""
    status = OK
    for workflow in named_workflows(arguments):
        header = read_document(workflow, **load_options(arguments))["graph"]
        requirements = checked_requirements(header.get("requirements"))
        name = short_name(workflow)
        if not requirements:
            sys.stdout.write(f"{name} notes no requirements\n")
            continue
        sys.stdout.write(f"{name} requires, for {arguments.python}:\n")
        sys.stdout.writelines(f"  {each}{_warning(each)}\n" for each in requirements)
        if not (arguments.yes or _is_agreed()):
            status = complain("nothing was installed", FAILED)
            continue
        _install(requirements, arguments.python)
        sys.stdout.write(f"installed the requirements of {name}\n")
    return status


def _warning(requirement: str) -> str:
    return "   <- not from the package index, but from this address" if is_address(requirement) else ""


def _is_agreed() -> bool:
    try:
        return input("Install them? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _install(requirements: Sequence[str], python: str) -> None:
    """Run pip; no shell reads what the workflow says, and nothing in it is taken for an option."""
    command = [python, "-m", "pip", "install", "--", *requirements]
    sys.stdout.flush()
    try:
        done = subprocess.run(command, check=False)  # noqa: S603 -- pip of the interpreter that was named
    except (OSError, ValueError) as error:
        raise WorkflowError(f"{python!r} cannot be started: {error}") from error
    if done.returncode:
        raise WorkflowError(f"pip ended with the status {done.returncode}: see above")
