"""What clients of a worker may ask for: the variable ``REPRISE_POLICY`` of the worker decides.

``installed``, the default, is for people who must not be able to run any code
here: only tasks of installed packages, in this worker, without its files.
``any`` is for people who may do anything as the user of the worker.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from workflows.catalog.installed import InstalledTasks
from workflows.errors import PolicyError, UnsupportedError
from workflows.policy import AnyTask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.policy import Policy

_VARIABLE = "REPRISE_POLICY"
_OWN_ENGINES = ("local", "core", "ppf")
"""Others connect to addresses, or submit scripts, that the client names."""


def worker_policy() -> Policy:
    """Return which tasks clients may use.

    Raises
    ------
    UnsupportedError
        The variable says something that makes no sense.
    """
    name = os.environ.get(_VARIABLE) or "installed"
    if name == "any":
        return AnyTask()
    if name == "installed":
        return InstalledTasks()
    raise UnsupportedError(f"{_VARIABLE} is 'installed' or 'any', not {name!r}")


def check_trusted(what: str) -> None:
    """Refuse what only those may ask for who may do anything.

    Raises
    ------
    PolicyError
        The policy of this worker is not ``any``.
    """
    if not isinstance(worker_policy(), AnyTask):
        raise PolicyError(f"{what} is not allowed here: the worker runs installed tasks only")


def check_arguments(arguments: Mapping[str, Any]) -> None:
    """Refuse arguments of a client that take trust: those by which files are read or written.

    Raises
    ------
    PolicyError
        The policy of this worker is not ``any``.
    """
    for name in ("environment", "convert_destination", "varinfo", "load_options"):
        value = arguments.get(name)
        if isinstance(value, dict):
            value = {key for key, item in value.items() if item is not None} - {"representation"}
        if value:
            check_trusted(name)
    execinfo = arguments.get("execinfo")
    if isinstance(execinfo, dict) and execinfo.get("handlers"):
        check_trusted("handlers in execinfo")


def checked_source(graph: Mapping[str, Any] | str) -> Mapping[str, Any] | str:
    """Return a workflow as a client sends it; to name a file takes trust."""
    if isinstance(graph, str) and not graph.lstrip().startswith("{"):
        check_trusted("reading a workflow from a file")
    return graph


def checked_engine(name: str) -> str:
    """Return the name of the engine that a client asks for; some take trust.

    Raises
    ------
    UnsupportedError
        The worker would hand the job on to another worker.
    """
    if name == "celery":
        raise UnsupportedError("a worker does not hand jobs on to workers: choose another engine for it")
    if name not in _OWN_ENGINES:
        check_trusted(f"the engine {name!r}")
    return name
