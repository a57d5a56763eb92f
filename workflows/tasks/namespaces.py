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
        object.__setattr__(self, "_Inputs__values", values)
        object.__setattr__(self, "_Inputs__interface", interface)

    def __getitem__(self, key: InputKey) -> Any:
        if key in self.__values:
            return self.__values[key]
        if isinstance(key, int) and not self.__interface.accepts(key):
            raise IndexError(f"there is no input at position {key}")
        if not self.__interface.accepts(key):
            raise KeyError(f"there is no input {key!r}{did_you_mean(key, self.__interface.input_names)}")
        return MISSING_DATA

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"input {name!r} cannot be changed: inputs are read only")


class Outputs:
    """The declared outputs of a task, to be set by ``run``.

    An output that was not set reads as ``MISSING_DATA``; any other name raises
    ``AttributeError``, or ``KeyError`` as an item.
    """

    __slots__ = ("__names", "__values")

    def __init__(self, values: dict[str, Any], names: tuple[str, ...]) -> None:
        object.__setattr__(self, "_Outputs__values", values)
        object.__setattr__(self, "_Outputs__names", names)

    def __getitem__(self, name: str) -> Any:
        self.__check(name)
        return self.__values.get(name, MISSING_DATA)

    def __setitem__(self, name: str, value: Any) -> None:
        self.__check(name)
        self.__values[name] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __setattr__(self, name: str, value: Any) -> None:
        try:
            self[name] = value
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __check(self, name: str) -> None:
        if name not in self.__names:
            raise KeyError(f"there is no output {name!r}{did_you_mean(name, self.__names)}")


class Missing:
    """Tells for each input, by attribute or item, whether it was not given."""

    __slots__ = ("__inputs",)

    def __init__(self, inputs: Inputs | Outputs) -> None:
        self.__inputs = inputs

    def __getitem__(self, key: Any) -> bool:
        return self.__inputs[key] is MISSING_DATA

    def __getattr__(self, name: str) -> bool:
        return getattr(self.__inputs, name) is MISSING_DATA
