"""The inputs and outputs of anything that may be a task."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workflows.tasks.foreign import foreign_base, foreign_interface, is_foreign
from workflows.tasks.functions import FunctionTask, function_interface
from workflows.tasks.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.tasks.interface import Interface


def interface_of(task: Any) -> Interface:
    """Return the inputs and outputs of a task class, of ours or of ewokscore, or of a function."""
    if isinstance(task, type) and issubclass(task, Task):
        return task.interface
    if not is_foreign(task):
        return function_interface(task)
    declared = foreign_interface(task)
    return replace(declared, any_name=False, any_position=declared.n_positional > 0)


def as_written(task: Any) -> Any:
    """Return the function or class that the author wrote, where the engine made a task class of it."""
    if not (isinstance(task, type) and issubclass(task, Task)):
        return task
    wrapped = vars(task).get("wrapped")
    if isinstance(wrapped, type):
        return wrapped
    return task.function if issubclass(task, FunctionTask) else task


def function_of(task: Any) -> Callable[..., Any] | None:
    """Return the function that a task consists of; None for a task class."""
    written = as_written(task)
    return None if isinstance(written, type) else written


def documentation_of(task: Any) -> list[str]:
    """Return the docstrings of a task, those of the classes that it inherits from first."""
    written = as_written(task)
    if not isinstance(written, type):
        return [_text(written)]
    bases = (Task, foreign_base())
    classes = [each for each in reversed(written.__mro__) if each not in bases and _is_task_class(each)]
    return [_text(each) for each in classes] or [_text(written)]


def model_name(model: type | None) -> str | None:
    """Return the dotted name of a model."""
    return None if model is None else f"{model.__module__}.{model.__qualname__}"


def _text(documented: Any) -> str:
    """Return the docstring of this object alone, fit for any file."""
    text = documented.__doc__ if not isinstance(documented, type) else vars(documented).get("__doc__")
    return text.encode(errors="replace").decode() if isinstance(text, str) else ""


def _is_task_class(task: type) -> bool:
    return issubclass(task, Task) or is_foreign(task)
