"""How a workflow is to be run, as the command line says it; shared by ``execute`` and ``submit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workflows.cli.misuse import UsageError
from workflows.cli.parameters import read_options
from workflows.engines import find_engine
from workflows.errors import UnsupportedError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

RESUME_FOLDER: Final = ".reprise"
OUTPUTS: Final[dict[str, list[dict[str, Any]]]] = {
    "none": [],
    "end": [{"all": False}],
    "all": [{"all": True}],
}
RUN_OPTIONS: Final = ("timeout", "max_rounds", "strict", "convert_destination")
"""What ``-o`` may name besides the options of the engine."""

_ELSEWHERE: Final = {
    "inputs": "-p",
    "outputs": "--outputs",
    "merge_outputs": "--merge-outputs",
    "varinfo": "--resume or --data-root-uri",
    "execinfo": "--job-id, --events or --sqlite3",
    "events": "--events",
    "task_options": "--task-option",
    "load_options": "--workflow-format, --workflow-dir or --workflow-module",
    "engine": "--engine",
    "policy": "--policy",
    "cancel": "Ctrl-C",
    "keep_outputs": "--outputs",
}


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say how to run, what comes out, and what is kept."""
    run = parser.add_argument_group("the run")
    run.add_argument(
        "-o",
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"an option of the engine, or {', '.join(RUN_OPTIONS)}",
    )
    run.add_argument(
        "-t",
        "--task-option",
        "--task-options",
        dest="task_option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what every task finds in its options",
    )
    run.add_argument("--max-workers", type=positive, metavar="N", help="nodes at the same time (default: 1)")
    run.add_argument("--timeout", type=float, metavar="SECONDS", help="end the run as failed after this time")
    run.add_argument(
        "--outputs", choices=OUTPUTS, default="end", help="which nodes' outputs to show (default: end)"
    )
    run.add_argument("--merge-outputs", action="store_true", help="show outputs without their nodes")
    run.add_argument("-j", "--job-id", "--jobid", dest="job_id", metavar="ID", help="the id of the job")
    store = parser.add_argument_group("results that are kept")
    store.add_argument(
        "--resume",
        nargs="?",
        const=RESUME_FOLDER,
        metavar="FOLDER",
        help="keep the results of all nodes, and do not run again what is known there: a run that was killed "
        f"goes on where it was (default folder: {RESUME_FOLDER} in the current one)",
    )
    store.add_argument("--data-root-uri", metavar="URI", help="the same as ewoks says it: a folder or a file")
    store.add_argument(
        "--data-scheme",
        choices=("json", "nexus"),
        default="json",
        help="the format of ewoks for these results",
    )
    events = parser.add_argument_group("events")
    events.add_argument("--events", metavar="FILE", help="append events to a .jsonl or .db file")
    events.add_argument("--sqlite3", metavar="URI", help="send the events of ewoks to an SQLite database")
    events.add_argument("--disable-events", action="store_true", help="send none, whatever else is said")


def positive(text: str) -> int:
    """Read a whole number above 0, for argparse."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def take_stray_workflow(arguments: argparse.Namespace) -> None:
    """Give back the workflow in ``--resume workflow.json``, which argparse takes for the folder."""
    if arguments.resume and Path(arguments.resume).is_file():
        arguments.workflows.insert(0, arguments.resume)
        arguments.resume = RESUME_FOLDER
    elif arguments.resume and not arguments.workflows:
        raise UsageError(f"name a WORKFLOW, and write --resume={arguments.resume} before it")


def read_varinfo(arguments: argparse.Namespace) -> dict[str, Any] | None:
    """Return where results are kept, as ``run_graph`` takes it; None for nowhere.

    Raises
    ------
    UsageError
        Two places are named.
    """
    if arguments.resume and arguments.data_root_uri:
        raise UsageError("--resume and --data-root-uri name two places: remove one")
    # A worker that a job is sent to has another current folder.
    root = str(Path(arguments.resume).absolute()) if arguments.resume else arguments.data_root_uri
    return {"root_uri": root, "scheme": arguments.data_scheme} if root else None


def read_run_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options of the run and of its engine.

    Raises
    ------
    UsageError
        One of them has an option of its own here.
    """
    options = read_options("-o", arguments.option)
    for name in options:
        if name in _ELSEWHERE:
            raise UsageError(f"-o {name}=...: use {_ELSEWHERE[name]}")
    given = {"timeout": arguments.timeout, "max_workers": arguments.max_workers}
    return options | {name: value for name, value in given.items() if value is not None}


def check_options(engine: str, options: Mapping[str, Any]) -> None:
    """Refuse options that neither a run nor its engine has.

    Raises
    ------
    UsageError
        Names the option, and suggests another.
    """
    own = {name: value for name, value in options.items() if name not in RUN_OPTIONS}
    try:
        find_engine(engine, own)
    except UnsupportedError as error:
        raise UsageError(f"{error.text}; besides, -o takes {', '.join(RUN_OPTIONS)}") from error
    for name in ("timeout", "max_rounds"):
        value = options.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise UsageError(f"{name} is a number above 0, not {value!r}")
