"""The command line: ``reprise COMMAND ...``.

Each command is a module with ``add_arguments`` and ``run``; only the module of
the command that was asked for is imported, since some need much.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workflows.cli.misuse import UsageError
from workflows.cli.status import FAILED, INTERRUPTED, MISUSED, complain
from workflows.errors import WorkflowError, describe_exception

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: Final = {
    "execute": "run workflows",
    "validate": "list everything that is wrong with workflows",
    "convert": "write workflows in another form",
    "show": "draw a workflow, or list its free inputs",
    "tasks": "list the tasks of installed packages",
    "workflows": "list the workflows of installed packages and of folders",
    "submit": "send workflows to Celery workers",
    "cancel": "stop jobs that were submitted",
    "install": "install the packages that a workflow requires",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    The status is 0 for success, 1 for a workflow that is invalid or failed,
    2 for a misuse of the command line, and 130 after Ctrl-C. Errors are one
    sentence on the standard error stream.
    """
    arguments = _parser(sys.argv[1:] if argv is None else argv).parse_args(argv)
    sys.path.append(str(Path.cwd()))  # a workflow may name tasks in the current folder
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return complain("interrupted", INTERRUPTED)
    except UsageError as error:
        return complain(str(error), MISUSED)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001 -- nobody is shown a traceback unasked
        if arguments.traceback:
            traceback.print_exc()
        message = error.message if isinstance(error, WorkflowError) else describe_exception(error)
        return complain(message, FAILED)
    return status


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Make the parser; among the commands only the one that is asked for knows its arguments."""
    parser = argparse.ArgumentParser(
        prog="reprise",
        description="Run, check, draw and convert workflows.",
        epilog="'reprise COMMAND --help' tells more, with an example.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    wanted = next((word for word in argv if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if name == wanted:
            module = import_module(f"workflows.cli.commands.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
            command.add_argument("--traceback", action="store_true", help="show where an error comes from")
    return parser


class _Version(argparse.Action):
    """Prints the version; it is looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415 -- not needed otherwise

        sys.stdout.write(f"{parser.prog} {version('reprise')}\n")
        parser.exit()
