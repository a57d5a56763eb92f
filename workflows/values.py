"""Values as they pass from node to node."""

from __future__ import annotations

from typing import Any, Final


class MissingData:
    """The type of ``MISSING_DATA``: no value was given. It is false, and a copy of it is itself."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "<MISSING_DATA>"

    def __reduce__(self) -> str:
        return "MISSING_DATA"


MISSING_DATA: Final = MissingData()


def is_missing_data(value: object) -> bool:
    """Tell whether no value was given (``None`` is a value)."""
    return value is MISSING_DATA


def own_copy(value: Any) -> Any:
    """Copy the dicts and lists that a value is made of; everything else is shared.

    A task may change what it is given without changing what others see, and
    large arrays are never copied. Nesting of any depth is fine.
    """
    copies: dict[int, Any] = {}
    pending: list[Any] = []

    def copy_of(item: Any) -> Any:
        if type(item) not in (dict, list):
            return item
        if id(item) not in copies:
            copies[id(item)] = type(item)()
            pending.append(item)
        return copies[id(item)]

    result = copy_of(value)
    while pending:
        item = pending.pop()
        if type(item) is dict:
            copies[id(item)].update((key, copy_of(part)) for key, part in item.items())
        else:
            copies[id(item)].extend(copy_of(part) for part in item)
    return result
