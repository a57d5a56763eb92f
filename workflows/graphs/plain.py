"""Values as JSON and YAML know them; what would come back as something else is refused."""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError
from workflows.graphs.ids import raw_key
from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Mapping


class _UnwritableError(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[object] = []


def plain_document(document: Mapping[str, Any], *, with_nan: bool) -> dict[str, Any]:
    """Copy a document with plain values only.

    A tuple becomes a list and a path its text, as tasks take both alike; a
    number of numpy becomes one of Python.

    Parameters
    ----------
    with_nan
        Whether the format has numbers that are infinite or not a number: YAML
        does, JSON does not.

    Raises
    ------
    GraphError
        A value, such as an array or a date, has no place in the format.
    """
    try:
        plain: dict[str, Any] = _plain(document, with_nan)
    except RecursionError:
        raise GraphError("the graph is nested too deeply") from None
    except _UnwritableError as error:
        raise GraphError(f"{_place(error.path, document)}: {error.reason}") from None
    return plain


def _plain(value: Any, with_nan: bool) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return {_plain_key(key): _plain_part(part, key, with_nan) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_part(part, position, with_nan) for position, part in enumerate(value)]
    if isinstance(value, str | PurePath):
        return _plain_text(str.__str__(value) if isinstance(value, str) else str(value))
    return _plain_number(value, with_nan)


def _plain_number(value: Any, with_nan: bool) -> bool | int | float:
    number = value.item() if getattr(value, "ndim", None) == 0 else value  # numpy has numbers of its own
    if isinstance(number, bool):
        return number
    if isinstance(number, int):
        return int(number)
    if not isinstance(number, float):
        name = f"{type(value).__module__}.{type(value).__name__}"
        raise _UnwritableError(f"a {name} cannot be written: give it as text or numbers")
    if not with_nan and not math.isfinite(number):
        raise _UnwritableError(f"JSON has no number {shown(float(number))}: write YAML, or leave it out")
    return float(number)


def _plain_part(value: Any, key: object, with_nan: bool) -> Any:
    try:
        return _plain(value, with_nan)
    except _UnwritableError as error:
        error.path.insert(0, key)
        raise


def _plain_key(key: object) -> str:
    if not isinstance(key, str):
        raise _UnwritableError(f"the key {shown(key)} is no text")
    return _plain_text(str.__str__(key))


def _plain_text(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _UnwritableError(f"the text {shown(text)} is not valid Unicode") from None
    return text


def _place(path: list[object], document: Mapping[str, Any]) -> str:
    """Name the part of a document: ``node 'save': default_inputs.0.value``."""
    part, *inside = path or ["graph"]
    if part in ("nodes", "links") and inside:
        position, *inside = inside
        raw = document[str(part)][position]
        name = f"link from {shown(raw.get('source'))} to {shown(raw.get('target'))}"
        part = name if part == "links" else f"node {shown(raw_key(raw.get('id')))}"
    return ": ".join(filter(None, (str(part), ".".join(map(str, inside)))))
