"""From a task identifier to the class that runs it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from workflows.catalog.discovery import discover_tasks
from workflows.errors import GraphError, describe_exception
from workflows.suggestions import did_you_mean
from workflows.tasks.functions import function_task
from workflows.tasks.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator


def resolve_task(task_type: str, task_identifier: str) -> type[Task]:
    """Find the task class, or make one of the function, that an identifier names.

    The identifier is a dotted name, or its last parts if only one imported or
    discovered task ends with them. Whoever calls this has asked the policy.

    Raises
    ------
    GraphError
        There is nothing of that name, several tasks match, or it is not a task.
    """
    found = Task.registered.get(task_identifier) or _imported(task_identifier)
    if found is None:
        found = _imported(_full_identifier(task_type, task_identifier))
    return _as_task(found, task_type, task_identifier)


def _as_task(found: Any, task_type: str, task_identifier: str) -> type[Task]:
    is_task = isinstance(found, type) and issubclass(found, Task)
    if task_type == "class":
        if not is_task:
            raise GraphError(f"{task_identifier!r} is not a Task class")
        task_class: type[Task] = found
        return task_class
    if is_task:
        raise GraphError(f"{task_identifier!r} is a Task class: its task type is 'class'")
    if not callable(found):
        raise GraphError(f"{task_identifier!r} is not a function")
    return function_task(found)


def _full_identifier(task_type: str, suffix: str) -> str:
    """Complete a short name."""
    known = set(_known_identifiers(task_type))
    matches = sorted(name for name in known if name.endswith(f".{suffix}"))
    if len(matches) > 1:
        names = " and ".join(repr(name) for name in matches)
        raise GraphError(f"task {suffix!r} is ambiguous, it may be {names}: write the whole name")
    if not matches:
        shortened = [name.split(".")[-suffix.count(".") - 1 :] for name in sorted(known)]
        suggestion = did_you_mean(suffix, [".".join(parts) for parts in shortened])
        raise GraphError(f"there is no task {suffix!r} of the type {task_type!r}{suggestion}")
    return matches[0]


def _known_identifiers(task_type: str) -> Iterator[str]:
    if task_type == "class":
        yield from Task.registered
    for task in discover_tasks().tasks:
        if task.task_type == task_type:
            yield task.task_identifier


def _imported(identifier: str) -> Any:
    """Import what a dotted name stands for; None if no module has the first parts of the name."""
    if identifier in Task.registered:
        return Task.registered[identifier]
    parts = identifier.split(".")
    if not all(part.isidentifier() for part in parts):
        raise GraphError(f"{identifier!r} is not the dotted name of a task")
    for size in range(len(parts) - 1, 0, -1):
        found = _module(".".join(parts[:size]))
        if found is not None:
            return _attribute(found, parts[size:], identifier)
    return None


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            return None
        raise GraphError(f"cannot import {name!r}: {describe_exception(error)}") from error
    except (Exception, SystemExit) as error:
        raise GraphError(f"cannot import {name!r}: {describe_exception(error)}") from error


def _attribute(found: Any, names: list[str], identifier: str) -> Any:
    for name in names:
        if not hasattr(found, name):
            suggestion = did_you_mean(name, (known for known in dir(found) if not known.startswith("_")))
            raise GraphError(f"there is no task {identifier!r}{suggestion}")
        found = getattr(found, name)
    return found
