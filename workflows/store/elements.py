"""What each type of value consists of, for its content digest."""

from __future__ import annotations

import os
import struct
import sys
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from workflows.store.arrays import array_element
from workflows.store.errors import NotStorable
from workflows.store.files import LONGEST_NAME
from workflows.store.parts import class_name, part
from workflows.store.zones import zone_of
from workflows.values import MISSING_DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_BUILTINS = (str, bytes, bytearray, int, float, complex, list, tuple, dict, set, frozenset)


@dataclass(frozen=True)
class Element:
    """A container: what it is, its elements, and how many of them make a group that is sorted (0: none)."""

    head: bytes
    children: Iterable[Any]
    group: int = 0


def scalar_part(value: Any, texts: set[str]) -> bytes | None:
    """Return the part of a value without elements, or None; texts and paths are added to ``texts``."""
    kind = type(value)
    if kind in _NAMES and len(name := os.fsdecode(value)) <= LONGEST_NAME:
        texts.add(name)
    encode = _SCALARS.get(kind)
    return None if encode is None else encode(value)


def element_of(value: Any, texts: set[str]) -> Element | bytes:
    """Return what a container consists of; or, for a plain array, at once its part.

    Raises
    ------
    NotStorable
        The content of values of this type is not known.
    """
    head = _COLLECTIONS.get(type(value))
    if head is not None:
        return _collection(head, value)
    if isinstance(value, Enum):
        return Element(part(b"E", _text(f"{class_name(value)} {value.name}")), [value.value])
    if isinstance(value, BaseModel):
        return _model(value)
    if _is_namedtuple(value):
        return Element(part(b"N", _text(repr((class_name(value), value._fields)))), value)
    if is_dataclass(value) and not isinstance(value, (type, *_BUILTINS)):
        return _dataclass(value)
    array = array_element(value, texts) if "numpy" in sys.modules else None
    if array is None:
        raise NotStorable(f"the content of a value of the type {class_name(value)} is not known")
    return array if isinstance(array, bytes) else Element(*array)


def _text(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _moment(tag: bytes) -> Callable[[Any], bytes]:
    def encode(value: datetime | time) -> bytes:
        naive = value.replace(tzinfo=None, fold=0).isoformat()
        return part(tag, _text(repr((naive, value.fold, zone_of(value)))))

    return encode


def _duration(value: timedelta) -> bytes:
    return part(b"-", f"{value.days} {value.seconds} {value.microseconds}".encode())


_SCALARS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: part(b"0", b""),
    type(MISSING_DATA): lambda _: part(b"?", b""),
    bool: lambda value: part(b"b", b"1" if value else b"0"),
    int: lambda value: part(b"i", value.to_bytes((value.bit_length() + 8) // 8, "big", signed=True)),
    float: lambda value: part(b"f", struct.pack(">d", value)),
    complex: lambda value: part(b"c", struct.pack(">dd", value.real, value.imag)),
    bytes: lambda value: part(b"y", value),
    bytearray: lambda value: part(b"Y", bytes(value)),
    date: lambda value: part(b"d", value.isoformat().encode()),
    datetime: _moment(b"D"),
    time: _moment(b"T"),
    timedelta: _duration,
    str: lambda value: part(b"s", _text(value)),
    type(Path()): lambda value: part(b"P", _text(str(value))),
}

_NAMES = (str, bytes, type(Path()))

_COLLECTIONS: dict[type, bytes] = {list: b"l", tuple: b"t", set: b"S", frozenset: b"F", dict: b"M"}


def _collection(tag: bytes, value: Any) -> Element:
    head = part(tag, b"")
    if type(value) is dict:
        return Element(head, (item for pair in value.items() for item in pair), group=2)
    return Element(head, value, group=0 if type(value) in (list, tuple) else 1)


def _model(value: BaseModel) -> Element:
    """Read a pydantic model: fields, extra and private attributes, and which fields were given."""
    stores = (vars(value), value.__pydantic_extra__ or {}, value.__pydantic_private__ or {})
    names = [sorted(store) for store in stores]
    head = repr((class_name(value), *names, sorted(value.model_fields_set)))
    children = [store[name] for store, group in zip(stores, names, strict=True) for name in group]
    return Element(part(b"B", _text(head)), children)


def _is_namedtuple(value: Any) -> bool:
    is_plain = type(value).__mro__[1:] == (tuple, object) and not hasattr(value, "__dict__")
    return is_plain and hasattr(value, "_fields")


def _dataclass(value: Any) -> Element:
    names = [field.name for field in fields(value)]
    hidden = sorted(set(getattr(value, "__dict__", ())) - set(names))
    if hidden:
        raise NotStorable(f"a {class_name(value)} has content beside its fields ({', '.join(hidden)})")
    children = [getattr(value, name, MISSING_DATA) for name in names]
    return Element(part(b"@", _text(repr((class_name(value), names)))), children)
