"""``reprise tasks``: list the tasks of installed packages."""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from workflows.catalog.discovery import discover_tasks
from workflows.catalog.environments import catalogue_of
from workflows.cli.status import FAILED, OK, complain, write_json

if TYPE_CHECKING:
    import argparse

    from workflows.catalog.descriptions import TaskDescription

_EXAMPLE = """examples:
  reprise tasks xrpd                    # whose name has this in it
  reprise tasks 'ewoksxrpd.*' --schema
  reprise tasks --python /opt/other/bin/python --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line may say."""
    parser.epilog = _EXAMPLE
    parser.add_argument(
        "pattern", nargs="?", metavar="PATTERN", help="part of a name, or a pattern such as 'a.*'"
    )
    parser.add_argument("--python", metavar="INTERPRETER", help="ask another Python which tasks it has")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything that is known as JSON")
    form.add_argument("--schema", action="store_true", help="print the JSON Schema of inputs and outputs")


def run(arguments: argparse.Namespace) -> int:
    """List the tasks; a pattern that none fits is a failure."""
    catalog = catalogue_of(arguments.python) if arguments.python else discover_tasks()
    tasks = [task for task in catalog.tasks if _fits(task.task_identifier, arguments.pattern)]
    if arguments.json:
        write_json({"tasks": [task.as_dict() for task in tasks], "problems": catalog.problems})
        return OK
    if arguments.schema:
        write_json(
            {
                task.task_identifier: {"inputs": task.input_schema, "outputs": task.output_schema}
                for task in tasks
            }
        )
    else:
        sys.stdout.writelines(map(_line, tasks))
    for problem in catalog.problems:
        complain(problem)
    if arguments.pattern and not tasks:
        return complain(f"no task has a name like {arguments.pattern!r}", FAILED)
    return OK


def _fits(identifier: str, pattern: str | None) -> bool:
    if pattern is None:
        return True
    return pattern in identifier if not set("*?[") & set(pattern) else fnmatchcase(identifier, pattern)


def _line(task: TaskDescription) -> str:
    inputs = [*task.required_input_names, *(f"[{name}]" for name in task.optional_input_names)]
    return (
        f"{task.task_identifier} ({task.task_type}): {', '.join(inputs)} -> {', '.join(task.output_names)}\n"
    )
