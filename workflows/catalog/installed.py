"""The policy for people we do not know: only tasks that installed packages announce."""

from __future__ import annotations

import inspect
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workflows.catalog.announcements import announced_tasks
from workflows.catalog.interfaces import as_written
from workflows.catalog.locating import matching_modules, module_folders
from workflows.errors import PolicyError
from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflows.catalog.announcements import Announcement

_REMEDY = "only tasks that an installed package announces are"
_LONGEST = 500


class InstalledTasks:
    """Only tasks that installed packages announce; decided by names, nothing is imported.

    The identifier is an announced module, a dot and one public name; for a
    class the module may also lie inside an announced package, since that is
    where its tasks are defined. Scripts, notebooks, generated tasks and files
    (``path::Name``) are never allowed, nor are shortened names.
    """

    def __init__(self, announced: Iterable[Announcement] | None = None) -> None:
        self._announced = tuple(announced_tasks() if announced is None else announced)

    def check(self, *, task_type: str, task_identifier: str, task_generator: str | None = None) -> None:
        """Refuse what no installed package announces.

        Raises
        ------
        PolicyError
            The task type runs something else than announced tasks, or the
            identifier is not that of an announced task.
        """
        if task_type == "ppfport":  # hands its inputs on: there is nothing to run
            return
        if task_type not in self._modules or task_generator is not None:
            raise PolicyError(f"the task type {shown(task_type)} is not allowed here: {_REMEDY}")
        module, _, name = task_identifier.rpartition(".")
        parts = task_identifier.split(".")
        if len(task_identifier) > _LONGEST or not all(_is_plain(part) for part in parts):
            raise self._refusal(task_type, task_identifier)
        is_public = name == "run" if task_type == "ppfmethod" else not name.startswith("_")
        if not is_public or not self._is_announced(task_type, module):
            raise self._refusal(task_type, task_identifier)

    def check_found(self, found: Any, *, task_type: str, task_identifier: str) -> None:
        """Refuse what an announced module merely imports, such as ``os.system``.

        ``found`` is the task class that the identifier led to, or the function. A
        task class may be named in another announced module than its own, since it
        is allowed there.

        Raises
        ------
        PolicyError
            It is not a task that is defined in the module that its identifier
            names, nor a task class that is allowed by its own name.
        """
        if task_type == "ppfport":
            return
        defined = as_written(found)
        is_task = isinstance(defined, type) if task_type == "class" else inspect.isfunction(defined)
        module = getattr(defined, "__module__", None)
        if is_task and module == task_identifier.rpartition(".")[0]:
            return
        if not is_task or task_type != "class":
            raise self._refusal(task_type, task_identifier)
        try:
            self.check(task_type=task_type, task_identifier=f"{module}.{defined.__qualname__}")
        except PolicyError:
            raise self._refusal(task_type, task_identifier) from None

    @cached_property
    def _modules(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {"class": set(), "method": set(), "ppfmethod": set()}
        for announcement in self._announced:
            try:
                found[announcement.kind].update(matching_modules(announcement.pattern))
            except ImportError:  # announced but not there: nothing of it can be used
                continue
        return {task_type: frozenset(modules) for task_type, modules in found.items()}

    def _is_announced(self, task_type: str, module: str) -> bool:
        modules = self._modules[task_type]
        if module in modules:
            return True
        if task_type != "class" or module_folders(module) is None:
            return False
        parents = (module.rsplit(".", level)[0] for level in range(1, module.count(".") + 1))
        return any(parent in modules for parent in parents)

    @staticmethod
    def _refusal(task_type: str, task_identifier: str) -> PolicyError:
        return PolicyError(f"task {shown(task_identifier)} ({task_type}) is not allowed here: {_REMEDY}")


def _is_plain(part: str) -> bool:
    return part.isidentifier() and part.isascii() and not part.startswith("__")
