"""The inputs and outputs of anything that may be a task."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from workflows.tasks.functions import FunctionTask, function_interface
from workflows.tasks.interface import Interface
from workflows.tasks.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable


def ewoks_task_base() -> type | None:
    """Return the ``Task`` of ewokscore, if something imported it already.

    Before that nobody can have made a subclass of it.
    """
    return getattr(sys.modules.get("ewokscore.task"), "Task", None)


def is_ewoks_task(task: object) -> bool:
    """Tell whether a class is a task of ewokscore."""
    base = ewoks_task_base()
    return base is not None and isinstance(task, type) and issubclass(task, base)


def interface_of(task: Any) -> Interface:
    """Return the inputs and outputs of a task class, of ours or of ewokscore, or of a function."""
    if isinstance(task, type) and issubclass(task, Task):
        return task.interface
    return _ewoks_interface(task) if is_ewoks_task(task) else function_interface(task)


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
    bases = (Task, ewoks_task_base())
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
    return issubclass(task, Task) or is_ewoks_task(task)


def _ewoks_interface(task: Any) -> Interface:
    """Ask a class of ewokscore, which keeps its names in sets: they are sorted, or as in its model."""
    input_model, output_model = task.input_model(), task.output_model()
    n_positional = task.n_required_positional_inputs()
    return Interface(
        required=_ordered(task.required_input_names(), input_model),
        optional=_ordered(task.optional_input_names(), input_model),
        outputs=_ordered(task.output_names(), output_model),
        n_positional=n_positional,
        any_position=n_positional > 0,
        input_model=input_model,
        output_model=output_model,
    )


def _ordered(names: set[str], model: Any) -> tuple[str, ...]:
    fields = [] if model is None else [name for name in model.model_fields if name in names]
    return tuple(fields) + tuple(sorted(names - set(fields)))
