"""From a task type and a task identifier to the class that runs it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from workflows.catalog.discovery import discover_tasks
from workflows.catalog.replacements import running_identifier
from workflows.errors import GraphError, describe_exception
from workflows.suggestions import did_you_mean
from workflows.tasks.foreign import foreign_task, imported_foreign, is_foreign
from workflows.tasks.functions import function_task
from workflows.tasks.importing import import_named
from workflows.tasks.notebooks import notebook_task
from workflows.tasks.ppf import PpfPort, ppf_task
from workflows.tasks.registration import completed
from workflows.tasks.scripts import script_task
from workflows.tasks.task import Task
from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_made: dict[tuple[Any, str], tuple[Any, type[Task]]] = {}
"""The classes made of something else, with what they are made of: a reloaded module makes new ones."""


def resolve_task(
    task_type: str, task_identifier: str | None, *, task_generator: str | None = None
) -> type[Task]:
    """Find the task class, or make one of the function or program, that an identifier names.

    The identifier is a dotted name, or its last parts if only one imported or
    discovered task ends with them, or ``path/file.py::Name``. A task of a package
    that is not installed may have a replacement. Whoever calls this
    has asked the policy: whatever is named gets imported. Asking again returns
    the same class, in little time, so that a task can be shipped to another
    process as the arguments of this function.

    Raises
    ------
    GraphError
        There is nothing of that name, several tasks match, or it is not a task.
    UnsupportedError
        A package that this type of task needs is not installed.
    """
    if task_type == "ppfport":
        return PpfPort
    if not isinstance(task_identifier, str) or not task_identifier:
        raise GraphError(f"a task of the type {shown(task_type)} needs a task identifier")
    if task_type == "generated":
        return _generated(task_identifier, task_generator)
    if task_type not in _FINDERS:
        raise GraphError(f"there is no task type {shown(task_type)}{did_you_mean(task_type, TASK_TYPES)}")
    return _replacement(task_type, task_identifier) or _FINDERS[task_type](task_identifier)


def _replacement(task_type: str, identifier: str) -> type[Task] | None:
    running = running_identifier(task_type, identifier)
    if running == identifier:
        return None
    try:
        return _FINDERS[task_type](running)
    except GraphError as error:
        raise GraphError(f"task {shown(identifier)} is replaced here: {error.text}") from error


def _class(identifier: str) -> type[Task]:
    return _as_class(Task.registered.get(identifier) or _found("class", identifier), identifier)


def _method(identifier: str) -> type[Task]:
    return _made_once(function_task, _function("method", identifier), identifier)


def _ppf_method(identifier: str) -> type[Task]:
    return _made_once(ppf_task, _function("ppfmethod", identifier), identifier)


_FINDERS: dict[str, Callable[[str], type[Task]]] = {
    "class": _class,
    "method": _method,
    "ppfmethod": _ppf_method,
    "script": script_task,
    "notebook": notebook_task,
}
TASK_TYPES = (*_FINDERS, "ppfport", "generated")
"""What ``resolve_task`` knows; graphs are unfolded before."""


def _generated(identifier: str, generator_name: str | None) -> type[Task]:
    if not generator_name:
        raise GraphError(f"the generated task {shown(identifier)} needs a task generator")

    def generate(generator: Callable[[str], Any], name: str) -> type[Task]:
        try:
            generated = generator(name)
        except (Exception, SystemExit) as error:
            text = (
                f"{shown(generator_name)} cannot generate the task {shown(name)}: {describe_exception(error)}"
            )
            raise GraphError(text) from error
        return _as_class(generated, name)

    return _made_once(generate, _function("method", generator_name), identifier, of=generator_name)


def _made_once(
    make: Callable[[Any, str], type[Task]], found: Any, identifier: str, *, of: str | None = None
) -> type[Task]:
    """Make a class, unless that was done before of the very same thing."""
    key = (of or make, identifier)
    known = _made.get(key)
    if known is None or known[0] is not found:
        known = _made[key] = (found, make(found, identifier))
    return known[1]


def _as_class(found: Any, identifier: str) -> type[Task]:
    if isinstance(found, type) and issubclass(found, Task):
        return found
    if is_foreign(found):
        return _made_once(foreign_task, found, identifier)
    raise GraphError(f"{shown(identifier)} is not a Task class")


def _function(task_type: str, identifier: str) -> Callable[..., Any]:
    found: Any = _found(task_type, identifier)
    if is_foreign(found) or (isinstance(found, type) and issubclass(found, Task)):
        raise GraphError(f"{shown(identifier)} is a Task class: its task type is 'class'")
    if not callable(found):
        raise GraphError(f"{shown(identifier)} is not a function")
    function: Callable[..., Any] = found
    return function


def _found(task_type: str, identifier: str) -> Any:
    found = import_named(identifier)
    if found is None:
        whole = _full_identifier(task_type, identifier)
        found = Task.registered.get(whole) or imported_foreign().get(whole) or import_named(whole)
    return found


@cache
def _full_identifier(task_type: str, suffix: str) -> str:
    """Complete a short name; kept, because that looks through all installed packages."""
    known = set(_known_identifiers(task_type))
    whole = suffix if suffix in known else completed(suffix, known)
    if whole is None:
        shortened = [name.split(".")[-suffix.count(".") - 1 :] for name in sorted(known)]
        suggestion = did_you_mean(suffix, [".".join(parts) for parts in shortened])
        raise GraphError(f"there is no task {shown(suffix)} of the type {shown(task_type)}{suggestion}")
    return whole


def _known_identifiers(task_type: str) -> Iterator[str]:
    if task_type == "class":
        yield from Task.registered
        yield from imported_foreign()
    for task in discover_tasks().tasks:
        if task.task_type == task_type:
            yield task.task_identifier
