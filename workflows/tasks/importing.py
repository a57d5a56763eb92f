"""Importing what an identifier names: a dotted name, or ``path/file.py::Name``.

Importing runs the code of the module, and nothing else is run here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError, describe_exception
from workflows.quiet_import import import_quietly
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    from types import ModuleType

FILE_MARK = "::"
"""Stands between the path of a Python file and a name in it."""


def import_named(identifier: str) -> Any:
    """Import what an identifier stands for; None if no module has the first parts of a dotted name.

    Raises
    ------
    GraphError
        The identifier is neither a dotted name nor one in a Python file, the
        module cannot be imported, or it has nothing of that name.
    """
    if FILE_MARK in identifier:
        path, _, name = identifier.rpartition(FILE_MARK)
        return _attribute(import_file(path), [name], identifier)
    parts = identifier.split(".")
    if not all(part.isidentifier() for part in parts):
        raise GraphError(f"{identifier!r} is not the dotted name of a task")
    for size in range(len(parts) - 1, 0, -1):
        found = _module(".".join(parts[:size]))
        if found is not None:
            return _attribute(found, parts[size:], identifier)
    return None


def import_file(name: str) -> ModuleType:
    """Import a Python file, once per process however often it is asked for.

    Files of the same name in different folders are different modules.

    Raises
    ------
    GraphError
        There is no such Python file, or its code raised.
    """
    path = existing_file(name)
    if path is None or path.suffix != ".py":
        raise GraphError(f"there is no Python file {name!r}")
    module_name = f"{path.stem}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}"
    if module_name not in sys.modules:
        _execute_file(path, module_name)
    return sys.modules[module_name]


def existing_file(name: str) -> Path | None:
    """Return the absolute path if this names a file."""
    try:
        path = Path(name).absolute()
        return path if path.is_file() else None
    except (OSError, ValueError):  # too long, or with characters that no path has
        return None


def _execute_file(path: Path, module_name: str) -> None:
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise GraphError(f"{str(path)!r} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        raise _not_imported(str(path), error) from error


def _module(name: str) -> Any:
    try:
        return import_quietly(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            return None
        raise _not_imported(name, error) from error
    except (Exception, SystemExit) as error:
        raise _not_imported(name, error) from error


def _attribute(found: Any, names: list[str], identifier: str) -> Any:
    for name in names:
        if not hasattr(found, name):
            suggestion = did_you_mean(name, (known for known in dir(found) if not known.startswith("_")))
            raise GraphError(f"there is no task {identifier!r}{suggestion}")
        found = getattr(found, name)
    return found


def _not_imported(name: str, error: BaseException) -> GraphError:
    return GraphError(f"cannot import {name!r}: {describe_exception(error)}")
