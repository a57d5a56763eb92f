"""The tasks of other Python environments, found by their own interpreters."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pydantic import TypeAdapter, ValidationError

from workflows.catalog.discovery import Catalog, discover_tasks
from workflows.errors import WorkflowError, describe_exception

LARGEST_CATALOG: Final = 32_000_000
"""In bytes of JSON."""

_PACKAGE = Path(__file__).resolve().parents[1]

_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")

_PROGRAM = """
import sys
folder = sys.argv[1]
sys.path.insert(0, folder)
def end(sentence):
    open(folder + "/problem", "w", encoding="utf-8").write(sentence)
    raise SystemExit(1)
if sys.version_info < (3, 11):
    end("its Python is %d.%d, and tasks are discovered with 3.11 or newer" % sys.version_info[:2])
try:
    import pydantic
except ImportError:
    end("the package 'pydantic' is not installed there: pip install pydantic")
try:
    from workflows.catalog.environments import write_catalog
except ImportError as error:
    end("the engine cannot be imported there: %s" % error)
write_catalog(folder + "/catalog")
"""


class BadEnvironment(WorkflowError):
    """The interpreter of an environment cannot be started, or cannot tell its tasks."""

    code = "bad_environment"


def catalogue_of(python: str | Path, *, name: str | None = None, timeout_s: float = 120) -> Catalog:
    """Ask a Python interpreter which tasks are installed in its environment.

    Nothing but pydantic need be installed there. Its process has an empty
    working folder, no input, and none of our environment variables but those
    for finding programs and libraries; when it ends, or its time is over, it
    and its children are killed. The catalogue bears the ``name``, or else the
    path of the interpreter.

    Raises
    ------
    BadEnvironment
        A sentence says why there is no catalogue.
    """
    shown = f"the environment {name or str(python)!r}"
    with TemporaryDirectory(prefix="catalogue-") as folder:
        # The engine alone: beside it may be packages that fit our interpreter only.
        Path(folder, "workflows").symlink_to(_PACKAGE)
        status = _ended(python, folder, timeout_s=timeout_s, shown=shown)
        problem, found = _content(folder, "problem"), _content(folder, "catalog")
    if problem is not None:
        raise BadEnvironment(f"{shown}: {problem.decode(errors='replace')}")
    if found is None:
        raise BadEnvironment(f"{shown}: its Python ended with the status {status} and told no tasks")
    if len(found) > LARGEST_CATALOG:
        raise BadEnvironment(f"{shown}: its catalogue is larger than {LARGEST_CATALOG // 1_000_000} MB")
    try:
        return replace(TypeAdapter(Catalog).validate_json(found), environment=name or str(python))
    except ValidationError:
        raise BadEnvironment(f"{shown}: what it told is not a catalogue") from None


def write_catalog(path: str | Path) -> None:
    """Write the catalogue of this environment as JSON: what the other interpreter does."""
    text = TypeAdapter(Catalog).dump_json(discover_tasks())
    unfinished = Path(f"{path}.unfinished")
    unfinished.write_bytes(text)
    unfinished.replace(path)


def _ended(python: str | Path, folder: str, *, timeout_s: float, shown: str) -> int:
    """Run the program to its end and return the exit status."""
    kept = {variable: os.environ[variable] for variable in _KEPT_VARIABLES if variable in os.environ}
    try:
        process = subprocess.Popen(  # noqa: S603 -- running this interpreter is what was asked for
            [str(python), "-c", _PROGRAM, folder],
            cwd=folder,
            env=kept | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise BadEnvironment(f"{shown}: its Python cannot be started: {describe_exception(error)}") from error
    try:
        return process.wait(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise BadEnvironment(f"{shown}: its tasks were not told within {timeout_s:g} s") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _content(folder: str, name: str) -> bytes | None:
    """Read a file of the other process, a little more than is allowed at most."""
    try:
        with Path(folder, name).open("rb") as file:
            return file.read(LARGEST_CATALOG + 1)
    except FileNotFoundError:
        return None
