"""Finding the tasks of installed packages, by the entry points that they announce."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from workflows.errors import describe_exception
from workflows.tasks.functions import function_interface
from workflows.tasks.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from workflows.tasks.interface import Interface

_GROUPS = {"class": "ewoks.tasks.class", "method": "ewoks.tasks.method"}


@dataclass(frozen=True, kw_only=True)
class TaskDescription:
    """What a user must know of a task to put it in a graph."""

    task_type: str
    task_identifier: str
    required_input_names: tuple[str, ...]
    optional_input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    category: str
    """The package that the task comes from."""
    description: str

    def as_dict(self) -> dict[str, Any]:
        """Return the description as JSON knows it."""
        return asdict(self)


@dataclass(frozen=True)
class Catalog:
    """The tasks that were found, and a sentence for each announced module that could not be read."""

    tasks: tuple[TaskDescription, ...]
    problems: tuple[str, ...]


def discover_tasks() -> Catalog:
    """Find the tasks of all installed packages.

    The name of an entry point in the group ``ewoks.tasks.class`` or
    ``ewoks.tasks.method`` is a module, or a pattern such as ``package.*.tasks``.
    The modules are imported; one that cannot be is reported, and the others are
    found nevertheless.
    """
    tasks: dict[tuple[str, str], TaskDescription] = {}
    problems: list[str] = []
    for task_type, group in _GROUPS.items():
        for pattern in sorted({entry_point.name for entry_point in entry_points(group=group)}):
            for task in _tasks_of(task_type, pattern, problems):
                tasks[task.task_type, task.task_identifier] = task
    return Catalog(tuple(tasks[key] for key in sorted(tasks)), tuple(dict.fromkeys(problems)))


def describe_module(module: ModuleType, *, task_type: str) -> list[TaskDescription]:
    """Describe the public tasks that are defined in a module, not those that it imports."""
    members = vars(module).items()
    found = [
        (name, member)
        for name, member in members
        if not name.startswith("_") and getattr(member, "__module__", None) == module.__name__
    ]
    if task_type == "class":
        return [
            _description("class", member.identifier(), interface=member.interface, doc=member.__doc__)
            for _, member in found
            if inspect.isclass(member)
            and issubclass(member, Task)
            and Task.registered.get(member.identifier()) is member
        ]
    return [
        _description(
            "method", f"{module.__name__}.{name}", interface=function_interface(member), doc=member.__doc__
        )
        for name, member in found
        if inspect.isfunction(member)
    ]


def _tasks_of(task_type: str, pattern: str, problems: list[str]) -> Iterator[TaskDescription]:
    try:
        names = _matching_modules(pattern)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- importing runs code of others
        problems.append(f"{pattern}: {describe_exception(error)}")
        return
    for name in names:
        try:
            yield from describe_module(importlib.import_module(name), task_type=task_type)
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- importing runs code of others
            problems.append(f"{name}: {describe_exception(error)}")


def _matching_modules(pattern: str) -> list[str]:
    """List the modules that a pattern stands for; a wildcard matches one level."""
    first, *others = pattern.split(".")
    names = [first]
    is_pattern = False
    for part in others:
        is_pattern = is_pattern or any(sign in part for sign in "*?[")
        if not is_pattern:
            names = [f"{name}.{part}" for name in names]
            continue
        names = [
            f"{name}.{child.name}"
            for name in names
            for child in pkgutil.iter_modules(getattr(importlib.import_module(name), "__path__", []))
            if fnmatchcase(child.name, part)
        ]
    return names


def _description(
    task_type: str, identifier: str, *, interface: Interface, doc: str | None
) -> TaskDescription:
    return TaskDescription(
        task_type=task_type,
        task_identifier=identifier,
        required_input_names=interface.required,
        optional_input_names=interface.optional,
        output_names=interface.outputs,
        category=identifier.partition(".")[0],
        description=inspect.cleandoc(doc or ""),
    )
