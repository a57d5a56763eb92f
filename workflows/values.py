"""Values as they pass from node to node."""

from __future__ import annotations

from typing import Any, Final

_LONGEST_SHOWN = 200


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
    """Copy the dicts, lists and sets that a value is made of; everything else is shared.

    A task may change what it is given without changing what others see, and
    large arrays are never copied. Nesting of any depth is fine.
    """
    kind = type(value)
    if kind is not dict and kind is not list:
        return value.copy() if kind is set else value
    result = value.copy()
    copies: dict[int, Any] = {id(value): result}
    pending: list[Any] = [result]
    while pending:
        container = pending.pop()
        for key, item in container.items() if type(container) is dict else enumerate(container):
            kind = type(item)
            if kind is dict or kind is list or kind is set:
                known = copies.get(id(item))
                if known is None:
                    known = copies[id(item)] = item.copy()
                    if kind is not set:
                        pending.append(known)
                container[key] = known
    return result


def shown(value: object) -> str:
    """Write any value for a sentence: on one line, not long, whatever a stranger may have sent."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 -- it is nested too deeply, a number of too many digits, code of others
        return f"a value of the type {type(value).__name__!r}"
    text = " ".join(text.splitlines())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def equal_values(first: Any, second: Any) -> bool:
    """Compare any two values; those that do not compare to one truth value, as arrays, are unequal."""
    try:
        return bool(first == second)
    except Exception:  # noqa: BLE001 -- the comparison is code of the values
        return False
