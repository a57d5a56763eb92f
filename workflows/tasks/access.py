"""The inputs and outputs of a task, as its author and its caller reach them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from workflows.tasks.interface import Interface
from workflows.tasks.names import Names
from workflows.tasks.namespaces import Inputs, Missing, Outputs
from workflows.values import MISSING_DATA

if TYPE_CHECKING:
    from pydantic import BaseModel

    from workflows.keys import InputKey


class ValueAccess:
    """Reads what was given and what was computed; a namespace is made at each use, since few are used."""

    interface: ClassVar[Interface] = Interface(lenient=True)
    _input_values: dict[InputKey, Any]
    _output_values: dict[str, Any]

    @classmethod
    def required_input_names(cls) -> Names:
        """Return the names of the inputs that must be given."""
        return Names(cls.interface.required)

    @classmethod
    def optional_input_names(cls) -> Names:
        """Return the names of the inputs that may be given."""
        return Names(cls.interface.optional)

    @classmethod
    def input_names(cls) -> Names:
        """Return the names of all inputs."""
        return Names(cls.interface.input_names)

    @classmethod
    def output_names(cls) -> Names:
        """Return the names of all outputs."""
        return Names(cls.interface.outputs)

    @classmethod
    def n_required_positional_inputs(cls) -> int:
        """Return how many positions must be given."""
        return cls.interface.n_positional

    @classmethod
    def input_model(cls) -> type[BaseModel] | None:
        """Return the model that checks the inputs."""
        return cls.interface.input_model

    @classmethod
    def output_model(cls) -> type[BaseModel] | None:
        """Return the model that checks the outputs."""
        return cls.interface.output_model

    @property
    def inputs(self) -> Inputs:
        """The inputs by attribute, name and position."""
        return Inputs(self._input_values, self.interface)

    @property
    def outputs(self) -> Outputs:
        """The outputs by attribute and name; ``run`` sets them."""
        return Outputs(self._output_values, self.interface.outputs)

    @property
    def missing_inputs(self) -> Missing:
        """Whether an input was not given, by attribute, name and position."""
        return Missing(self.inputs)

    @property
    def missing_outputs(self) -> Missing:
        """Whether an output was not set, by attribute and name."""
        return Missing(self.outputs)

    def get_input_value(self, name: InputKey, default: Any = MISSING_DATA) -> Any:
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
        positions = [key for key in self._input_values if isinstance(key, int)]
        return tuple([self._input_values[position] for position in sorted(positions)])

    def get_output_value(self, name: str, default: Any = MISSING_DATA) -> Any:
        """Return an output, or ``default`` when it was not set.

        Raises
        ------
        KeyError
            The task has no output of that name.
        """
        value = self.outputs[name]
        return default if value is MISSING_DATA else value

    def get_output_values(self) -> dict[str, Any]:
        """Return the outputs that were set."""
        return dict(self._output_values)

    @property
    def is_ready_to_execute(self) -> bool:
        """Whether all required inputs are there."""
        return not self.interface.missing(self._input_values)

    @property
    def n_positional_inputs(self) -> int:
        """How many inputs were given by position."""
        return sum(isinstance(key, int) for key in self._input_values)

    @property
    def input_values(self) -> dict[InputKey, Any]:
        """The inputs that were given; an old spelling of ``get_input_values``."""
        return self.get_input_values()

    @property
    def output_values(self) -> dict[str, Any]:
        """The outputs that were set; an old spelling of ``get_output_values``."""
        return self.get_output_values()
