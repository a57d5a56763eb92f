"""The argument ``execinfo`` of ewoks: the id of the job, and who hears of its events."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from workflows.errors import InputError, PolicyError, WorkflowError, describe_exception
from workflows.events.logging_handlers import LoggingAdapter
from workflows.events.redis import RedisHandler
from workflows.events.sqlite import SqliteHandler

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.events.stream import Handler

_LONGEST_JOB_ID = 255
_MOST_HANDLERS = 100

_SQLITE = ("Sqlite3EwoksEventHandler", "sqlite3.Sqlite3EwoksEventHandler")
_REDIS = ("RedisEwoksEventHandler", "redis.RedisEwoksEventHandler")
_PACKAGES = ("ewokscore.events.handlers", "ewoksjob.events.handlers")


def read_execinfo(
    execinfo: Mapping[str, Any] | str | bool | None, *, allow_imports: bool
) -> tuple[str, list[Handler] | None]:
    """Return the id of the job, a new one if none is given, and the handlers; None for no events at all.

    Ewoks' own handlers for SQLite and Redis are replaced by ours, which send
    the same events to the same place, always before the run goes on
    (``asynchronous`` is for the handlers of others). Other classes are
    imported and made, which can execute anything: only with ``allow_imports``.
    A log handler gets records as in ewoks, any other callable our events.

    Raises
    ------
    InputError
        ``execinfo`` does not have the form that ewoks gives it, or a handler cannot be made.
    PolicyError
        A handler is another class than ewoks' own, without ``allow_imports``.
    UnsupportedError
        A handler needs a package that is not installed.
    """
    if execinfo is None or isinstance(execinfo, bool):
        return str(uuid4()), None if execinfo is False else []
    if isinstance(execinfo, str):
        return _job_id(execinfo), []
    if not isinstance(execinfo, Mapping):
        raise InputError("execinfo must be a job id, a boolean or a mapping with job_id and handlers")
    job_id = _job_id(execinfo.get("job_id"))
    described = execinfo.get("handlers") or []
    if not isinstance(described, list | tuple) or len(described) > _MOST_HANDLERS:
        raise InputError(f"execinfo.handlers must be a list of at most {_MOST_HANDLERS} handlers")
    asynchronous = bool(execinfo.get("asynchronous"))
    return job_id, [
        _make_handler(each, asynchronous=asynchronous, allow_imports=allow_imports) for each in described
    ]


def _job_id(job_id: object) -> str:
    if job_id is None:
        return str(uuid4())
    if isinstance(job_id, str | UUID) and 0 < len(str(job_id)) <= _LONGEST_JOB_ID:
        return str(job_id)
    raise InputError(f"a job id is a text of 1 to {_LONGEST_JOB_ID} characters")


def _make_handler(described: object, *, asynchronous: bool, allow_imports: bool) -> Handler:
    if not isinstance(described, Mapping) or not isinstance(described.get("class"), str):
        raise InputError("each of execinfo.handlers is a mapping with a class and its arguments")
    name = described["class"]
    arguments = _arguments(name, described.get("arguments") or [])
    make = _OF_EWOKS.get(name)
    if make is None:
        if not allow_imports:
            raise PolicyError(f"the event handler {name!r} is not allowed here: only ewoks' own are")
        make = _import_class(name)
    try:
        handler = make(**arguments)
    except WorkflowError:
        raise
    except Exception as error:
        raise InputError(f"the event handler {name!r} cannot be made: {describe_exception(error)}") from error
    if isinstance(handler, logging.Handler):
        return LoggingAdapter(handler, asynchronous=bool(described.get("asynchronous", asynchronous)))
    if not callable(handler):
        raise InputError(f"{name!r} is neither a log handler nor callable, so it cannot handle events")
    return handler


def _arguments(name: str, described: object) -> dict[str, Any]:
    if not isinstance(described, list | tuple):
        raise InputError(f"the arguments of the event handler {name!r} are not a list")
    arguments = {}
    for argument in described:
        if not isinstance(argument, Mapping) or not isinstance(argument.get("name"), str):
            raise InputError(f"an argument of the event handler {name!r} lacks a name or a value")
        arguments[argument["name"]] = argument.get("value")
    return arguments


def _import_class(name: str) -> Callable[..., Any]:
    module_name, _, class_name = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module_name), class_name)
    except Exception as error:
        raise InputError(f"no event handler {name!r} to import: {describe_exception(error)}") from error


def _sqlite(*, uri: str) -> Handler:
    if not isinstance(uri, str) or not uri:
        raise InputError("the event handler for SQLite needs the path or URI of a database as its 'uri'")
    return SqliteHandler(uri, with_never_started=False)


def _redis(*, url: str, ttl: int | None = None) -> Handler:
    if ttl is not None and (not isinstance(ttl, int) or ttl <= 0):
        raise InputError("the 'ttl' of the event handler for Redis is a whole, positive number of seconds")
    return RedisHandler(url, ttl=ttl, with_never_started=False)


_OF_EWOKS: dict[str, Callable[..., Any]] = {
    f"{package}.{name}": _sqlite for package in _PACKAGES for name in _SQLITE
}
_OF_EWOKS |= {f"{package}.{name}": _redis for package in _PACKAGES for name in _REDIS}
