"""Values as JSON, without loss: what JSON does not know is written with the name of its type.

Nothing but values can be read back: no class is imported and no code is run.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from workflows.errors import WorkflowError

_TYPE, _VALUE = "__reprise_type__", "value"
_PLAIN = (str, bool, int, float, type(None))


class JsonError(WorkflowError):
    """A value cannot be written as JSON, or what was read is not such a value."""

    code = "not_sendable"


def to_json(value: Any) -> Any:
    """Write a value: numbers, texts, bytes, times, lists, tuples, dicts and arrays of them.

    Raises
    ------
    JsonError
        The value, or a part of it, is of another type.

    Examples
    --------
    >>> from_json(to_json({"shape": (2, 3)}))
    {'shape': (2, 3)}
    """
    try:
        return _written(value)
    except RecursionError:
        raise JsonError("the value is nested too deeply") from None


def from_json(value: Any) -> Any:
    """Read what ``to_json`` has written.

    Raises
    ------
    JsonError
        It is not such a value.
    """
    try:
        return _read(value)
    except RecursionError:
        raise JsonError("the value is nested too deeply") from None
    except (KeyError, ValueError, TypeError) as error:
        raise JsonError(f"this is not a value: {error}") from error


def _written(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in _WRITERS:
        return _WRITERS[kind](value)
    dtype = getattr(value, "dtype", None)
    if kind.__module__ == "numpy" and dtype is not None and dtype.kind in "biufcSUmM?":
        data = base64.b64encode(value.tobytes()).decode()
        return _named("array", [dtype.str, list(value.shape), data, kind.__name__ == "ndarray"])
    raise JsonError(f"a {kind.__name__} cannot be sent as JSON")


def _written_dict(value: dict[Any, Any]) -> dict[str, Any]:
    if all(type(key) is str for key in value) and _TYPE not in value:
        return {key: _written(item) for key, item in value.items()}
    return _named("dict", [[_written(key), _written(item)] for key, item in value.items()])


_WRITERS: dict[type, Callable[[Any], Any]] = {
    list: lambda items: [_written(item) for item in items],
    dict: _written_dict,
    tuple: lambda items: _named("tuple", [_written(item) for item in items]),
    bytes: lambda content: _named("bytes", base64.b64encode(content).decode()),
    datetime: lambda time: _named("datetime", time.isoformat()),
}


def _named(name: str, value: Any) -> dict[str, Any]:
    return {_TYPE: name, _VALUE: value}


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    name = value.get(_TYPE)
    if name is None:
        return {key: _read(item) for key, item in value.items()}
    return _READERS[name](value[_VALUE])


def _read_array(parts: list[Any]) -> Any:
    import numpy as np  # noqa: PLC0415 -- optional

    dtype, shape, data, is_array = parts
    array = np.frombuffer(base64.b64decode(data), np.dtype(dtype)).reshape(shape).copy()
    return array if is_array else array[()]


_READERS: dict[str, Callable[[Any], Any]] = {
    "dict": lambda items: {_read(key): _read(item) for key, item in items},
    "tuple": lambda items: tuple(_read(item) for item in items),
    "bytes": base64.b64decode,
    "datetime": datetime.fromisoformat,
    "array": _read_array,
}
