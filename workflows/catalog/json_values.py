"""Which values JSON knows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

_DEEPEST = 64
_MOST_PARTS = 100_000
_MOST_BITS = 1000


def as_json(value: Any) -> Any:
    """Return a value as JSON knows it: tuples as lists, numbers of numpy as plain ones.

    Raises
    ------
    ValueError
        Something in it is no JSON (an array, a path, NaN...), or it is too
        large or too deeply nested to be looked through.
    """
    return _Conversion().converted(value, 0)


class _Conversion:
    def __init__(self) -> None:
        self.n_parts = 0

    def converted(self, value: Any, depth: int) -> Any:
        self.n_parts += 1
        if self.n_parts > _MOST_PARTS or depth > _DEEPEST:
            raise ValueError("too large or too deeply nested")
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, Integral):
            return _moderate(value)
        if isinstance(value, Real):
            return _finite(value)
        if isinstance(value, list | tuple):
            return [self.converted(part, depth + 1) for part in value]
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return {key: self.converted(part, depth + 1) for key, part in value.items()}
        raise ValueError(f"{type(value).__name__} is not a type of JSON")


def _moderate(value: Integral) -> int:
    number = int(value)
    if number.bit_length() > _MOST_BITS:
        raise ValueError("too large for a float")
    return number


def _finite(value: Real) -> float:
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError("too large for a float") from error
    if not math.isfinite(number):
        raise ValueError("JSON has no NaN and no infinity")
    return number
