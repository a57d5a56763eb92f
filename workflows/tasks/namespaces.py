"""How a task sees its inputs and outputs: ``self.inputs.x``, ``self.outputs.y = ...``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from workflows.suggestions import did_you_mean
from workflows.values import MISSING_DATA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.keys import InputKey
    from workflows.tasks.interface import Interface


class Inputs:
    """Read-only access by attribute, by name and by position.

    An input that exists but was not given reads as ``MISSING_DATA``.
    """

    __slots__ = ("__interface", "__values")

    def __init__(self, values: Mapping[InputKey, Any], interface: Interface) -> None:
        _set_input_values(self, values)
        _set_input_interface(self, interface)

    def __getitem__(self, key: InputKey) -> Any:
        if key in self.__values:
            return self.__values[key]
        if isinstance(key, int) and not self.__interface.accepts(key):
            raise IndexError(f"there is no input at position {key}")
        if not self.__interface.accepts(key):
            raise KeyError(f"there is no input {key!r}{did_you_mean(key, self.__interface.input_names)}")
        return MISSING_DATA

    def __getattr__(self, name: str) -> Any:
        if name in self.__values:
            return self.__values[name]
        return _attribute_of(self, name)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"input {name!r} cannot be changed: inputs are read only")


class Outputs:
    """The declared outputs of a task, to be set by ``run``.

    An output that was not set reads as ``MISSING_DATA``; any other name raises
    ``AttributeError``, or ``KeyError`` as an item.
    """

    __slots__ = ("__names", "__values")

    def __init__(self, values: dict[str, Any], names: tuple[str, ...]) -> None:
        _set_output_values(self, values)
        _set_output_names(self, names)

    def __getitem__(self, name: str) -> Any:
        self.__check(name)
        return self.__values.get(name, MISSING_DATA)

    def __setitem__(self, name: str, value: Any) -> None:
        self.__check(name)
        self.__values[name] = value

    def __getattr__(self, name: str) -> Any:
        return _attribute_of(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        try:
            self[name] = value
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __check(self, name: str) -> None:
        if name not in self.__names:
            raise KeyError(f"there is no output {name!r}{did_you_mean(name, self.__names)}")


class Missing:
    """Tells for each input or output, by attribute or item, whether it was not given."""

    __slots__ = ("__values",)

    def __init__(self, values: Inputs | Outputs) -> None:
        self.__values = values

    def __getitem__(self, key: Any) -> bool:
        return self.__values[key] is MISSING_DATA

    def __getattr__(self, name: str) -> bool:
        return getattr(self.__values, name) is MISSING_DATA


def _attribute_of(values: Inputs | Outputs, name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        return values[name]
    except KeyError as error:
        raise AttributeError(error.args[0]) from None


# Both classes turn attributes into values, so their own two are set past that.
_set_input_values = Inputs.__dict__["_Inputs__values"].__set__
_set_input_interface = Inputs.__dict__["_Inputs__interface"].__set__
_set_output_values = Outputs.__dict__["_Outputs__values"].__set__
_set_output_names = Outputs.__dict__["_Outputs__names"].__set__
