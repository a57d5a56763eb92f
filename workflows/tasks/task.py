"""The base class of all tasks."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from workflows.errors import Cancelled, InputError, InputWarning, TaskError, describe_exception
from workflows.keys import input_key
from workflows.tasks.access import ValueAccess
from workflows.tasks.interface import extend_interface
from workflows.tasks.place import Placed
from workflows.tasks.registration import Registered
from workflows.tasks.validation import validated_inputs, validated_outputs
from workflows.values import MISSING_DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflows.cancellation import CancelToken
    from workflows.keys import InputKey, NodeId

_CALLER_OF_CONSTRUCTOR = 4


class ProgressDisplay(Protocol):
    """An object that shows progress, such as the progress bars of ewoks."""

    progress: float


class Task(Registered, ValueAccess, Placed, register=False):
    """One step of a workflow: named inputs, named outputs and a method ``run``.

    The class line is the interface; a subclass adds names to those it inherits:
    ``input_names``, ``optional_input_names``, ``output_names``,
    ``n_required_positional_inputs``, ``version``; ``registry_name`` is another
    identifier than the dotted name, and ``register=False`` is for a class that
    no graph refers to. Instead of names, pydantic models may be given as
    ``input_model`` and ``output_model``: they are checked when the task is
    executed, and the inputs are then the validated values.

    An input that the class does not declare is kept, with an ``InputWarning``.
    ``varinfo`` is ignored: storing results is up to the engine.

    Examples
    --------
    >>> class Add(Task, input_names=["a"], optional_input_names=["b"], output_names=["total"]):
    ...     def run(self) -> None:
    ...         self.outputs.total = self.inputs.a + self.get_input_value("b", 0)
    >>> task = Add(inputs={"a": 1, "b": 2})
    >>> task.execute()
    >>> task.outputs.total
    3

    Raises
    ------
    InputError
        A required input is missing.
    """

    registered: ClassVar[dict[str, type[Task]]] = {}
    """The imported task classes by their identifiers."""
    done: bool = False
    exception: BaseException | None = None
    _progress = 0.0
    _cancelled = False

    def __init_subclass__(
        cls, *, register: bool = True, registry_name: str | None = None, **declared: Any
    ) -> None:
        super().__init_subclass__(register=register, registry_name=registry_name)
        if declared:
            cls.interface = extend_interface(cls.interface, **declared)

    def __init__(
        self,
        inputs: Mapping[InputKey, Any] | None = None,
        varinfo: Mapping[str, Any] | None = None,  # noqa: ARG002 -- ewoks tasks hand it to super().__init__
        *,
        node_id: NodeId | None = None,
        label: str | None = None,
        execinfo: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        cancel: CancelToken | None = None,
        progress: ProgressDisplay | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        self.node_id = node_id
        self.options = dict(options) if options else {}
        self._label = label
        self._execinfo = execinfo
        self._display = progress
        self._on_progress = on_progress
        self._run_token = cancel
        values = {key: value for key, value in inputs.items() if value is not MISSING_DATA} if inputs else {}
        self._input_values = values if self.interface.knows_complete(values) else self._checked(values)
        self._output_values = {}

    def _checked(self, given: dict[InputKey, Any]) -> dict[InputKey, Any]:
        values = {input_key(key): value for key, value in given.items()}
        unexpected = self.interface.unexpected(values)
        try:
            if unexpected and self.interface.lenient:
                self._warn(unexpected)
            else:
                self.interface.check_accepted(values)
            self.interface.check_complete(values)
        except InputError as error:
            raise self._located(error) from None
        if not unexpected and values.keys() == given.keys():
            self.interface.note_complete(values)
        return values

    def _warn(self, unexpected: list[InputKey]) -> None:
        for key in unexpected:
            error = self._located(self.interface.unexpected_error(key))
            warnings.warn(error.message, InputWarning, stacklevel=_CALLER_OF_CONSTRUCTOR)

    @property
    def succeeded(self) -> bool:
        """Whether the task ran to its end."""
        return self.done and self.exception is None

    @property
    def failed(self) -> bool:
        """Whether the task raised, or was cancelled."""
        return self.done and self.exception is not None

    @property
    def progress(self) -> float:
        """How much is done, from 0 to 100; values outside are moved to the nearest end.

        Setting it is cheap enough for an inner loop: steps below 0.1 are not reported.
        """
        return self._progress

    @progress.setter
    def progress(self, value: float) -> None:
        value = round(min(max(float(value), 0.0), 100.0), 1)
        if value != self._progress:
            self._progress = value
            if self._display is not None:
                self._display.progress = value
            if self._on_progress is not None:
                self._on_progress(value)

    def cancel(self) -> None:
        """Ask the task to stop; the engine calls it, from another thread.

        A task that waits for something else (a process, a socket) extends this
        method to end it; other tasks look at ``cancelled`` in their loops.
        """
        self._cancelled = True

    @property
    def cancelled(self) -> bool:
        """Whether the task, or the run that it belongs to, was asked to stop."""
        return self._cancelled or (self._run_token is not None and self._run_token.cancelled)

    @cancelled.setter
    def cancelled(self, value: bool) -> None:
        self._cancelled = value

    def check_cancelled(self) -> None:
        """Stop here if that was asked for: long loops call it.

        Raises
        ------
        Cancelled
            The task, or the run that it belongs to, was cancelled.
        """
        if self._cancelled:
            raise Cancelled
        if self._run_token is not None:
            self._run_token.check()

    def reset_state(self) -> None:
        """Forget how the task ended, its outputs, and that it was asked to stop."""
        self._start_over()
        self._cancelled = False

    def run(self) -> None:
        """Compute the outputs from the inputs: what a subclass implements."""
        raise NotImplementedError(f"{type(self).__name__} does not implement run()")

    def execute(
        self,
        *,
        force_rerun: bool = False,  # noqa: ARG002 -- ewoks' word; here a task always runs
        raise_on_error: bool = True,
        cleanup_references: bool = False,
    ) -> None:
        """Run the task once, with its inputs and outputs checked.

        With ``raise_on_error=False`` an error is only noted, as ``exception``;
        with ``cleanup_references`` the inputs are let go afterwards.

        Raises
        ------
        InputError
            An input is refused by the input model, or by the task itself.
        TaskError
            Anything else went wrong; the original exception is chained.
        Cancelled
            The task was asked to stop.
        """
        self._start_over()
        try:
            self._execute()
        except BaseException as error:
            self.exception = error
            if raise_on_error or not isinstance(error, Exception):
                raise
        finally:
            self.done = True
            if cleanup_references:
                self._input_values.clear()

    def _start_over(self) -> None:
        self.done, self.exception, self._progress = False, None, 0.0
        self._output_values.clear()

    def _execute(self) -> None:
        try:
            self.check_cancelled()
            self._run_checked()
        except InputError as error:
            self._located(error)
            raise
        except Cancelled:
            raise
        except (Exception, SystemExit) as error:
            if self.cancelled:
                raise Cancelled from error
            raise self._located(TaskError(describe_exception(error))) from error

    def _run_checked(self) -> None:
        if self.interface.input_model is not None:
            self._input_values.update(validated_inputs(self.interface, self.get_named_input_values()))
        self.run()
        if self.interface.output_model is not None:
            self._output_values.update(validated_outputs(self.interface, self._output_values))


TaskWithProgress = Task
"""The name that ewoks has for tasks with a ``progress``; here every task has one."""
