"""Where the command line sends events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workflows.cli.misuse import UsageError
from workflows.errors import WorkflowError, describe_exception
from workflows.events.files import JsonLinesHandler
from workflows.events.sqlite import SqliteHandler, open_database

if TYPE_CHECKING:
    import argparse

    from workflows.events import Handler

_LINES = (".jsonl", ".ndjson")
_DATABASES = (".db", ".sqlite", ".sqlite3")


def event_handlers(arguments: argparse.Namespace) -> list[Handler]:
    """Make the handlers that ``--events`` and ``--sqlite3`` ask for.

    Raises
    ------
    UsageError
        The name of the file does not say what is to be in it.
    WorkflowError
        It cannot be written: a run would not say so.
    """
    handlers: list[Handler] = []
    if arguments.disable_events:
        return handlers
    try:
        if arguments.events:
            handlers.append(_file_handler(Path(arguments.events)))
        if arguments.sqlite3:
            open_database(arguments.sqlite3).close()
            handlers.append(SqliteHandler(arguments.sqlite3, with_never_started=False))
    except UsageError:
        raise
    except Exception as error:
        raise WorkflowError(f"events cannot be written: {describe_exception(error)}") from error
    return handlers


def _file_handler(path: Path) -> Handler:
    extension = path.suffix.lower()
    if extension in _LINES:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
        return JsonLinesHandler(path)
    if extension in _DATABASES:
        open_database(str(path)).close()
        return SqliteHandler(path)
    known = ", ".join((*_LINES, *_DATABASES))
    raise UsageError(f"--events {path}: the name must end in one of {known}")
