"""Finding the tasks of installed packages, by the entry points that they announce."""

from __future__ import annotations

import importlib
import inspect
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.catalog.announcements import announced_tasks
from workflows.catalog.descriptions import TaskDescription, describe_task
from workflows.catalog.locating import matching_modules
from workflows.errors import describe_exception
from workflows.quiet_import import import_quietly
from workflows.tasks.foreign import foreign_base
from workflows.tasks.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from workflows.catalog.announcements import Announcement

Found = dict[tuple[str, str], TaskDescription]


@dataclass(frozen=True)
class Catalog:
    """The tasks that were found, and a sentence for each announced module that could not be read."""

    tasks: tuple[TaskDescription, ...]
    problems: tuple[str, ...]
    environment: str | None = None
    """The name of the Python environment; None for the one that this program runs in."""


_kept: dict[tuple[tuple[Announcement, ...], tuple[str, ...]], Catalog] = {}
_keeping = threading.Lock()


def discover_tasks(*, refresh: bool = False) -> Catalog:
    """Find the tasks of all installed packages.

    The name of an entry point in the group ``ewoks.tasks.class``, ``.method``
    or ``.ppfmethod`` is a module, or a pattern such as ``package.*.tasks``. The
    modules are imported; one that cannot be is reported, and the others are
    found nevertheless.

    What was found is kept until other packages are installed. ``refresh``
    looks again, and tries again what failed; modules that are imported already
    are not read anew.
    """
    announced = announced_tasks()
    key = (announced, tuple(sys.path))
    with _keeping:
        if refresh:
            importlib.invalidate_caches()
        if refresh or key not in _kept:
            found = _discovered(announced)
            _kept.clear()
            _kept[key] = found
        return _kept[key]


def describe_module(
    module: ModuleType, *, task_type: str, package: str = "", version: str = ""
) -> list[TaskDescription]:
    """Describe the public tasks of a module.

    Classes: those that are registered and defined in the module or, for a
    package, inside it. Functions (``method``; only ``run`` for ``ppfmethod``):
    those defined in the module; ewoks also lists those that a module merely
    imports, which are not its tasks.
    """
    found = _classes(module) if task_type == "class" else _functions(module, task_type)
    return [
        describe_task(task, task_type=task_type, task_identifier=identifier, package=package, version=version)
        for identifier, task in found
    ]


def _discovered(announced: tuple[Announcement, ...]) -> Catalog:
    tasks: Found = {}
    problems: list[str] = []
    for announcement in announced:
        for task in _announced_tasks(announcement, problems):
            tasks.setdefault((task.task_type, task.task_identifier), task)
    return Catalog(tuple(tasks[key] for key in sorted(tasks)), tuple(dict.fromkeys(problems)))


def _announced_tasks(announcement: Announcement, problems: list[str]) -> Iterator[TaskDescription]:
    try:
        names = matching_modules(announcement.pattern)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- finders may be code of others
        problems.append(f"{announcement.pattern}: {describe_exception(error)}")
        return
    for name in names:
        try:
            yield from describe_module(
                import_quietly(name),
                task_type=announcement.kind,
                package=announcement.package,
                version=announcement.version,
            )
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- importing runs code of others
            problems.append(f"{name}: {describe_exception(error)}")


def _classes(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for identifier, task in _registered_classes():
        is_inside = f"{task.__module__}.".startswith(f"{module.__name__}.")
        is_public = not identifier.rpartition(".")[2].startswith("_") and "<locals>" not in identifier
        if is_inside and is_public:
            yield identifier, task


def _registered_classes() -> list[tuple[str, Any]]:
    ewoks_base: Any = foreign_base()
    others = [] if ewoks_base is None else ewoks_base.get_subclasses()
    return [*Task.registered.items(), *((task.class_registry_name(), task) for task in others)]


def _functions(module: ModuleType, task_type: str) -> Iterator[tuple[str, Any]]:
    for name, member in list(vars(module).items()):
        is_public = name == "run" if task_type == "ppfmethod" else not name.startswith("_")
        if is_public and inspect.isfunction(member) and member.__module__ == module.__name__:
            yield f"{module.__name__}.{name}", member
