"""The identity of a task's code: what makes an old result useless when it changes.

Known are the name, the declared version, the content of the module that defines
the task and of those of its base classes, and the versions of the installed
distributions they come from. Not known is what these modules import: whoever
changes code elsewhere that matters gives the task another ``version``.
"""

from __future__ import annotations

import sys
from functools import reduce
from types import FunctionType
from typing import TYPE_CHECKING, Any

from workflows.store.errors import NotStorable
from workflows.store.files import file_digest
from workflows.store.sources import module_origin

if TYPE_CHECKING:
    from workflows.tasks.task import Task


def task_identity(task_class: type[Task]) -> dict[str, Any]:
    """Identify the code that a task class runs, in values that JSON knows.

    A class that stands for something else tells so: ``function`` or ``wrapped``
    is the function or class that it calls, ``identifier_path`` the script.

    Raises
    ------
    NotStorable
        The code is not known for certain: the function or class is not what its
        dotted name stands for (a lambda, a closure, a class made in a function),
        or its source cannot be read or was edited since it was loaded.
    """
    identity: dict[str, Any] = {"version": task_class.interface.version}
    target = _target(task_class)
    script = None if _is_named(target) else getattr(task_class, "identifier_path", None)
    if script is not None:
        identity |= {"name": str(script), "script": file_digest(script)}
        modules = {base.__module__ for base in task_class.__mro__[1:]}
    else:
        identity["name"] = _checked_name(target)
        modules = _modules(target)
    if hasattr(target, "class_nonce"):  # of a foreign task: its version, and the names of inputs and outputs
        identity["nonce"] = str(target.class_nonce())
    identity["modules"] = {name: module_origin(name) for name in sorted(modules)}
    return identity


def _target(task_class: type[Task]) -> Any:
    """Return the class itself, unless it was made to stand for something else."""
    if _is_named(task_class):
        return task_class
    found = (getattr(task_class, attribute, None) for attribute in ("function", "wrapped"))
    return next((target for target in found if target is not None), task_class)


def _is_named(target: Any) -> bool:
    """Tell whether a function or class is what its dotted name stands for."""
    module = sys.modules.get(getattr(target, "__module__", None) or "")
    name = getattr(target, "__qualname__", None) or ""
    return reduce(lambda place, part: getattr(place, part, None), name.split("."), module) is target


def _checked_name(target: Any) -> str:
    if not _is_named(target):
        raise NotStorable(
            f"the code of {target!r} is not known: it was made while running (a lambda, a closure, a local "
            "class), and only a name in a module identifies code"
        )
    return f"{target.__module__}.{target.__qualname__}"


def _modules(target: Any) -> set[str]:
    """Return the modules that define a class and its bases, or a function and what decorates it."""
    if isinstance(target, type):
        return {base.__module__ for base in target.__mro__}
    modules = {target.__module__}
    while isinstance(target, FunctionType):
        modules.add(target.__globals__.get("__name__", ""))
        target = getattr(target, "__wrapped__", None)
    return modules
