"""Task classes of ewokscore, run as they are.

That package is never imported here: who has none of its classes does not need it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from workflows.errors import InputError
from workflows.tasks.interface import Interface
from workflows.tasks.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel


class ForeignTask(Task, register=False):
    """A task that makes and executes a task of ewokscore.

    The wrapped task checks its values and warns of unexpected inputs itself; it
    stores nothing and sends no events, since that is up to the engine here.
    """

    wrapped: ClassVar[type[Any]]
    _inner: Any = None

    def run(self) -> None:
        """Execute the wrapped task; its original exception goes through.

        Raises
        ------
        InputError
            The wrapped task refuses its inputs.
        """
        arguments = dict(self.options)
        if _is_subclass(self.wrapped, "ewokscore.taskwithprogress", "TaskWithProgress"):
            arguments["progress"] = _ProgressRelay(self)
        try:
            self._inner = self.wrapped(
                inputs=self.get_input_values(),
                varinfo=None,
                node_id=self.node_id,
                node_attrs={"label": self._label, "task_identifier": self.task_identifier},
                execinfo=None,
                **arguments,
            )
            self._execute_inner()
        except Exception as error:
            if _is_subclass(type(error), "ewoksutils.exceptions", "TaskInputError"):
                raise InputError(" ".join(str(error).split())) from error
            raise
        self._output_values.update(self._inner.get_output_values())

    def cancel(self) -> None:
        """Ask the wrapped task to stop, in the ways that it may know."""
        super().cancel()
        inner = self._inner
        if inner is None:
            return
        inner.cancelled = True
        try:
            inner.cancel()
        except NotImplementedError:
            return  # what ewokscore raises where the author wrote no cancel()

    def _execute_inner(self) -> None:
        self.check_cancelled()
        self._inner.execute(raise_on_error=False)
        if self._inner.exception is not None:
            raise self._inner.exception

    def _run_checked(self) -> None:
        self.run()


class _ProgressRelay:
    """The progress object of a wrapped task: what is set goes to the task around it."""

    def __init__(self, task: Task) -> None:
        self._task = task

    @property
    def progress(self) -> float:
        return self._task.progress

    @progress.setter
    def progress(self, value: float) -> None:
        self._task.progress = value


def foreign_base() -> type[Any] | None:
    """Return the ``Task`` of ewokscore if it is imported; before that nobody can have made a subclass."""
    return _class_in("ewokscore.task", "Task")


def is_foreign(found: object) -> bool:
    """Tell whether this is a task class of ewokscore."""
    return isinstance(found, type) and _is_subclass(found, "ewokscore.task", "Task")


def imported_foreign() -> dict[str, type[Any]]:
    """Return the task classes of ewokscore that are imported, by their identifiers."""
    base = foreign_base()
    return {} if base is None else {name: base.get_subclass(name) for name in base.get_subclass_names()}


def foreign_task(wrapped: type[Any], identifier: str | None = None) -> type[ForeignTask]:
    """Make a task class that runs a task class of ewokscore."""
    return ForeignTask.derived(
        wrapped.__name__,
        identifier=identifier,
        wrapped=wrapped,
        interface=foreign_interface(wrapped),
        __module__=wrapped.__module__,
        __qualname__=wrapped.__qualname__,
        __doc__=wrapped.__doc__,
    )


def foreign_interface(wrapped: type[Any]) -> Interface:
    """Read the inputs and outputs of a task class of ewokscore, which takes anything and warns by itself."""
    input_model, output_model = wrapped.input_model(), wrapped.output_model()
    return Interface(
        required=_ordered(wrapped.required_input_names(), input_model),
        optional=_ordered(wrapped.optional_input_names(), input_model),
        outputs=_ordered(wrapped.output_names(), output_model),
        n_positional=wrapped.n_required_positional_inputs(),
        any_name=True,
        any_position=True,
        any_gap=True,
        lenient=True,
        input_model=input_model,
        output_model=output_model,
        version=str(wrapped.class_nonce()),
    )


def _ordered(names: Iterable[str], model: type[BaseModel] | None) -> tuple[str, ...]:
    """Order names, which ewokscore keeps in sets, in the same way in every process."""
    fields = list(model.model_fields) if model is not None else []
    return tuple(sorted(names, key=lambda name: (fields.index(name) if name in fields else -1, name)))


def _is_subclass(found: type, module: str, name: str) -> bool:
    base = _class_in(module, name)
    return base is not None and issubclass(found, base)


def _class_in(module: str, name: str) -> type[Any] | None:
    return getattr(sys.modules.get(module), name, None)
