"""The base class of all tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from workflows.cancellation import CancelToken
from workflows.errors import Cancelled, InputError, TaskError, describe_exception
from workflows.keys import input_key
from workflows.tasks.interface import Interface, extend_interface
from workflows.tasks.namespaces import Inputs, Missing, Outputs
from workflows.tasks.validation import validated_inputs, validated_outputs
from workflows.values import MISSING_DATA, is_missing_data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflows.keys import InputKey, NodeId

_Error = TypeVar("_Error", InputError, TaskError)


class Task:
    """One step of a workflow: named inputs, named outputs and a method ``run``.

    The class line is the interface; a subclass adds names to those it inherits:
    ``input_names``, ``optional_input_names``, ``output_names``,
    ``n_required_positional_inputs``, ``version``, and ``register=False`` for a
    class that no graph refers to. Instead of names, pydantic models may be given
    as ``input_model`` and ``output_model``: they are checked when the task is
    executed, and the inputs are then the validated values.

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
        A required input is missing, or there is no input of that name.
    """

    interface: ClassVar[Interface] = Interface()
    registered: ClassVar[dict[str, type[Task]]] = {}
    """The imported task classes by their dotted names."""

    def __init_subclass__(cls, *, register: bool = True, **declared: Any) -> None:
        super().__init_subclass__()
        if declared:
            cls.interface = extend_interface(cls.interface, **declared)
        if register:
            Task.registered[cls.identifier()] = cls

    def __init__(
        self,
        inputs: Mapping[InputKey, Any] | None = None,
        *,
        node_id: NodeId | None = None,
        label: str | None = None,
        options: Mapping[str, Any] | None = None,
        cancel: CancelToken | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        self.node_id = node_id
        self.label = label or (None if node_id is None else str(node_id))
        self.options = dict(options or {})
        self.done = False
        self.exception: BaseException | None = None
        self._on_progress = on_progress
        self._progress = 0.0
        self._token = CancelToken(parent=cancel)
        given = {input_key(key): value for key, value in (inputs or {}).items()}
        self._input_values = {key: value for key, value in given.items() if not is_missing_data(value)}
        self._output_values: dict[str, Any] = {}
        self.inputs = Inputs(self._input_values, self.interface)
        self.missing_inputs = Missing(self.inputs)
        self.outputs = Outputs(self._output_values, self.interface.outputs)
        self.missing_outputs = Missing(self.outputs)
        try:
            self.interface.check_accepted(given)
            self.interface.check_complete(self._input_values)
        except InputError as error:
            raise self._located(error) from None

    @classmethod
    def identifier(cls) -> str:
        """Return the dotted name by which a graph refers to this class."""
        return f"{cls.__module__}.{cls.__qualname__}"

    @classmethod
    def required_input_names(cls) -> tuple[str, ...]:
        """Return the names of the inputs that must be given."""
        return cls.interface.required

    @classmethod
    def optional_input_names(cls) -> tuple[str, ...]:
        """Return the names of the inputs that may be given."""
        return cls.interface.optional

    @classmethod
    def input_names(cls) -> tuple[str, ...]:
        """Return the names of all inputs."""
        return cls.interface.input_names

    @classmethod
    def output_names(cls) -> tuple[str, ...]:
        """Return the names of all outputs."""
        return cls.interface.outputs

    def get_input_value(self, name: InputKey, default: Any = None) -> Any:
        """Return an input, or ``default`` when it was not given.

        Raises
        ------
        KeyError
            The task has no input of that name.
        """
        value = self.inputs[name]
        return default if value is MISSING_DATA else value

    def get_input_values(self) -> dict[InputKey, Any]:
        """Return the inputs that were given, by name or position."""
        return dict(self._input_values)

    def get_named_input_values(self) -> dict[str, Any]:
        """Return the inputs that were given by name."""
        return {key: value for key, value in self._input_values.items() if isinstance(key, str)}

    def get_positional_input_values(self) -> tuple[Any, ...]:
        """Return the inputs that were given by position, in order."""
        positions = sorted(key for key in self._input_values if isinstance(key, int))
        return tuple(self._input_values[position] for position in positions)

    def get_output_values(self) -> dict[str, Any]:
        """Return the outputs that were set."""
        return dict(self._output_values)

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
            if self._on_progress is not None:
                self._on_progress(value)

    def cancel(self) -> None:
        """Ask the task to stop; the engine calls it, from another thread.

        A task that waits for something else (a process, a socket) extends this
        method to end it; other tasks look at ``cancelled`` in their loops.
        """
        self._token.cancel()

    @property
    def cancelled(self) -> bool:
        """Whether the task was asked to stop."""
        return self._token.cancelled

    def check_cancelled(self) -> None:
        """Stop here if that was asked for: long loops call it.

        Raises
        ------
        Cancelled
            The task, or the run that it belongs to, was cancelled.
        """
        self._token.check()

    def run(self) -> None:
        """Compute the outputs from the inputs: what a subclass implements."""
        raise NotImplementedError(f"{type(self).__name__} does not implement run()")

    def execute(self) -> None:
        """Run the task once, with its inputs and outputs checked.

        Raises
        ------
        InputError
            An input is refused by the input model, or by the task itself.
        TaskError
            Anything else went wrong; the original exception is chained.
        Cancelled
            The task was asked to stop.
        """
        self.done, self.exception, self._progress = False, None, 0.0
        self._output_values.clear()
        try:
            self._execute()
        except BaseException as error:
            self.exception = error
            raise
        finally:
            self.done = True

    def _execute(self) -> None:
        try:
            self.check_cancelled()
            self._input_values.update(validated_inputs(self.interface, self.get_named_input_values()))
            self.run()
            self._output_values.update(validated_outputs(self.interface, self._output_values))
        except InputError as error:
            self._located(error)
            raise
        except Cancelled:
            raise
        except (Exception, SystemExit) as error:
            if self.cancelled:
                raise Cancelled from error
            raise self._located(TaskError(describe_exception(error))) from error

    def _located(self, error: _Error) -> _Error:
        error.locate(node_id=self.node_id, label=self.label, task_name=type(self).__name__)
        return error
