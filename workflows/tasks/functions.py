"""Plain functions as tasks (task type ``method``)."""

from __future__ import annotations

import inspect
from inspect import Parameter
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from workflows.tasks.interface import Interface
from workflows.tasks.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

RETURN_VALUE = "return_value"
"""The one output of a function."""

_BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


class FunctionTask(Task, register=False):
    """A task that calls a function: named inputs as keywords, positions as positional arguments."""

    function: ClassVar[Callable[..., Any]]

    def run(self) -> None:
        """Call the function; what it returns is the output ``return_value``."""
        positions = self.get_positional_input_values()
        self._output_values[RETURN_VALUE] = self.function(*positions, **self.get_named_input_values())


_FunctionTask = TypeVar("_FunctionTask", bound=FunctionTask)


def function_task(function: Callable[..., Any], identifier: str | None = None) -> type[FunctionTask]:
    """Make a task class of a function.

    Its inputs are the parameters of the function. A function that does not
    tell its parameters, as some builtins, accepts any input.

    Examples
    --------
    >>> task = function_task(divmod)(inputs={0: 7, 1: 2})
    >>> task.execute()
    >>> task.outputs.return_value
    (3, 1)
    """
    return task_of_function(FunctionTask, function, function_interface(function), identifier=identifier)


def task_of_function(
    base: type[_FunctionTask],
    function: Callable[..., Any],
    interface: Interface,
    *,
    identifier: str | None,
) -> type[_FunctionTask]:
    """Make a subclass that bears the name and the text of a function."""
    return base.derived(
        getattr(function, "__name__", type(function).__name__),
        identifier=identifier,
        function=staticmethod(function),
        interface=interface,
        __module__=getattr(function, "__module__", None) or __name__,
        __doc__=function.__doc__,
    )


def function_interface(function: Callable[..., Any]) -> Interface:
    """Read the inputs of a function from its signature."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return Interface(outputs=(RETURN_VALUE,), any_name=True, any_position=True)
    by_name = [p for p in parameters if p.kind in _BY_NAME]
    positional_only = [p for p in parameters if p.kind is Parameter.POSITIONAL_ONLY]
    kinds = {p.kind for p in parameters}
    return Interface(
        required=_names(p for p in by_name if p.default is Parameter.empty),
        optional=_names(p for p in by_name if p.default is not Parameter.empty),
        outputs=(RETURN_VALUE,),
        n_positional=sum(p.default is Parameter.empty for p in positional_only),
        positional_names=_names(p for p in parameters if p.kind in _BY_POSITION),
        any_name=Parameter.VAR_KEYWORD in kinds,
        any_position=Parameter.VAR_POSITIONAL in kinds,
    )


def _names(parameters: Iterable[Parameter]) -> tuple[str, ...]:
    return tuple(parameter.name for parameter in parameters)
