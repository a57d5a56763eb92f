"""Values as JSON that gives back exactly the same values, and arrays beside it.

What JSON holds exactly is written as it is: ``None``, booleans, numbers, texts,
lists, and dicts whose keys are texts. Everything else is a dict with one key
that begins with ``$``:

====================================  ======================================================
``$tuple`` ``$set`` ``$frozenset``    list of elements
``$dict``                             list of pairs, for other keys or a single key with ``$``
``$float``                            16 hexadecimal digits (IEEE 754), for NaN and infinities
``$int``                              hexadecimal, for very large ones
``$complex``                          two floats
``$bytes`` ``$bytearray``             base64
``$date`` ``$time`` ``$datetime``     ISO 8601 without zone; then ``fold`` and the time zone
``$timedelta``                        days, seconds, microseconds
``$path``                             text
``$numpy``                            dtype and base64 of a numpy scalar
``$array``                            content digest of an array, which is kept in a file
``$missing``                          ``MISSING_DATA``
====================================  ======================================================
"""

from __future__ import annotations

import base64
import struct
from datetime import date, datetime, time, timedelta
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.store.arrays import is_plain_array, is_plain_scalar
from workflows.store.content import content_digest
from workflows.store.errors import NotStorable
from workflows.store.parts import class_name
from workflows.store.zones import zone_from, zone_of
from workflows.values import MISSING_DATA

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

_DEEPEST = 100
_MOST_ELEMENTS = 5_000_000
_LARGEST_INT_BITS = 10_000
_AS_THEY_ARE = (type(None), bool, str)


class Encoder:
    """Encodes one value, whose digest may be known; ``arrays`` are those met, by their content digests."""

    def __init__(self, digest: str | None = None) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._digest = digest
        self._n_elements = 0

    def encode(self, value: Any, *, depth: int = 0) -> Any:
        """Return what JSON holds.

        Raises
        ------
        NotStorable
            The value, or something in it, would not come back the same; or it
            is nested more than 100 levels deep or has more than 5 million elements.
        """
        self._n_elements += 1
        if depth > _DEEPEST or self._n_elements > _MOST_ELEMENTS:
            raise NotStorable("the value is too deep or has too many elements to be stored")
        kind = type(value)
        if kind in _AS_THEY_ARE or (kind is float and isfinite(value)):
            return value
        if kind in _ENCODERS:
            return _ENCODERS[kind](value)
        if kind is dict:
            return self._dict(value, depth + 1)
        if kind in _SEQUENCES:
            items = [self.encode(item, depth=depth + 1) for item in value]
            return items if kind is list else {_SEQUENCES[kind]: items}
        if is_plain_array(value):
            digest = (self._digest if depth == 0 else None) or content_digest(value)
            self.arrays[digest] = value
            return {"$array": digest}
        if is_plain_scalar(value):
            return {"$numpy": [value.dtype.str, base64.b64encode(value.tobytes()).decode()]}
        raise NotStorable(f"a value of the type {class_name(value)} would not come back the same")

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        is_plain = all(type(key) is str for key in value)
        if is_plain and not (len(value) == 1 and next(iter(value)).startswith("$")):
            return {key: self.encode(item, depth=depth) for key, item in value.items()}
        pairs = value.items()
        return {"$dict": [[self.encode(part, depth=depth) for part in pair] for pair in pairs]}


def decode(encoded: Any, load_array: Callable[[str], Any]) -> Any:
    """Return the value; arrays come from ``load_array``, which is given their digests.

    Hostile documents give errors of any kind, or other values; nothing is
    executed or imported. Compare the content digest before use.
    """
    if isinstance(encoded, list):
        return [decode(item, load_array) for item in encoded]
    if not isinstance(encoded, dict):
        return encoded
    tag = next(iter(encoded)) if len(encoded) == 1 else ""
    if not tag.startswith("$"):
        return {key: decode(item, load_array) for key, item in encoded.items()}
    content = encoded[tag]
    if tag == "$dict":
        return {decode(key, load_array): decode(item, load_array) for key, item in content}
    if tag in _COLLECTIONS:
        return _COLLECTIONS[tag](decode(item, load_array) for item in content)
    return load_array(content) if tag == "$array" else _DECODERS[tag](content)


def _bits(value: float) -> str:
    return struct.pack(">d", value).hex()


def _from_bits(text: str) -> float:
    number: float = struct.unpack(">d", bytes.fromhex(text))[0]
    return number


def _moment(tag: str) -> Callable[[Any], Any]:
    def encode(value: datetime | time) -> Any:
        return {tag: [value.replace(tzinfo=None, fold=0).isoformat(), value.fold, zone_of(value)]}

    return encode


def _read_moment(kind: Any) -> Callable[[Any], Any]:
    def read(content: Any) -> Any:
        text, fold, zone = content
        return kind.fromisoformat(text).replace(fold=fold, tzinfo=None if zone is None else zone_from(zone))

    return read


def _numpy_scalar(content: Any) -> Any:
    import numpy as np  # noqa: PLC0415 -- numpy is optional

    code, data = content
    return np.frombuffer(base64.b64decode(data), dtype=np.dtype(code))[0]


_SEQUENCES: dict[type, str] = {list: "", tuple: "$tuple", set: "$set", frozenset: "$frozenset"}
_COLLECTIONS: dict[str, Callable[..., Any]] = {"$tuple": tuple, "$set": set, "$frozenset": frozenset}
_ENCODERS: dict[type, Callable[[Any], Any]] = {
    int: lambda value: value if value.bit_length() < _LARGEST_INT_BITS else {"$int": hex(value)},
    float: lambda value: {"$float": _bits(value)},
    complex: lambda value: {"$complex": [_bits(value.real), _bits(value.imag)]},
    bytes: lambda value: {"$bytes": base64.b64encode(value).decode()},
    bytearray: lambda value: {"$bytearray": base64.b64encode(value).decode()},
    date: lambda value: {"$date": value.isoformat()},
    datetime: _moment("$datetime"),
    time: _moment("$time"),
    timedelta: lambda value: {"$timedelta": [value.days, value.seconds, value.microseconds]},
    type(Path()): lambda value: {"$path": str(value)},
    type(MISSING_DATA): lambda _: {"$missing": None},
}
_DECODERS: dict[str, Callable[[Any], Any]] = {
    "$int": lambda content: int(content, 16),
    "$float": _from_bits,
    "$complex": lambda content: complex(_from_bits(content[0]), _from_bits(content[1])),
    "$bytes": base64.b64decode,
    "$bytearray": lambda content: bytearray(base64.b64decode(content)),
    "$date": date.fromisoformat,
    "$datetime": _read_moment(datetime),
    "$time": _read_moment(time),
    "$timedelta": lambda content: timedelta(*content),
    "$path": Path,
    "$numpy": _numpy_scalar,
    "$missing": lambda _: MISSING_DATA,
}
