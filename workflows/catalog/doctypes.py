"""From the words with which docstrings name types to JSON Schema."""

from __future__ import annotations

import ast
import math
import re
from typing import Any

from workflows.catalog.docstrings import split_outside_brackets

_WORDS = {
    "int": "integer",
    "integer": "integer",
    "float": "number",
    "number": "number",
    "real": "number",
    "bool": "boolean",
    "boolean": "boolean",
    "str": "string",
    "string": "string",
    "text": "string",
    "path": "string",
    "dict": "object",
    "mapping": "object",
    "list": "array",
    "tuple": "array",
    "sequence": "array",
    "none": "null",
    "null": "null",
}
_UNITS = (
    "eV|keV|MeV|GeV|m|cm|mm|um|µm|nm|pm|s|ms|us|ns|min|h|Hz|kHz|K|Pa|bar|mbar|A|mA|V|deg|degrees|rad|mrad"
)
_IN_UNIT = re.compile(rf"[^.;]*?\bin ({_UNITS}|%|1/nm|1/A|nm\^-1|A\^-1)(?![\w^/])")
_LONGEST = 500
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"(int|integer|float|number) (?:from|between) ({_NUMBER}) (?:to|and) ({_NUMBER})")
_LIST = re.compile(r"(?:list|tuple|sequence) of (\w+?)(?:e?s)?")


def type_schema(text: str) -> dict[str, Any]:
    """Write a documented type as JSON Schema; empty (anything) for words that are not known.

    Arrays are not described: a program may give them in many forms.

    Examples
    --------
    >>> type_schema("int from 10 to 100")
    {'type': 'integer', 'minimum': 10, 'maximum': 100}
    >>> type_schema("'linear' or 'log'")
    {'enum': ['linear', 'log']}
    >>> type_schema("str or None")
    {'anyOf': [{'type': 'string'}, {'type': 'null'}]}
    >>> type_schema("array (n, 3)")
    {}
    """
    words = text.strip().rstrip(".")[:_LONGEST]
    alternatives = [
        part.strip()
        for alternative in split_outside_brackets(words, " or ")
        for part in split_outside_brackets(alternative, "|")
    ]
    schemas = [_alternative(part) for part in alternatives]
    if not all(schemas):
        return {}
    if len(schemas) == 1:
        return schemas[0]
    if all(schema.keys() == {"enum"} for schema in schemas):
        return {"enum": [value for schema in schemas for value in schema["enum"]]}
    return {"anyOf": schemas}


def unit_in_prose(text: str, schema: dict[str, Any]) -> str | None:
    """Find the unit of a number in the first words of its description; None if they tell none.

    Examples
    --------
    >>> unit_in_prose("Photon energy in keV, wins over the wavelength.", {"type": "number"})
    'keV'
    """
    if schema.get("type") not in ("integer", "number"):
        return None
    found = _IN_UNIT.match(text[:_LONGEST])
    return found[1] if found else None


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Accept null as well: what an empty field of a form gives."""
    null = {"type": "null"}
    if not schema or null in schema.get("anyOf", ()) or schema == null:
        return schema
    if schema.keys() == {"anyOf"}:
        return {"anyOf": [*schema["anyOf"], null]}
    return {"anyOf": [schema, null]}


def default_value(text: str, schema: dict[str, Any]) -> Any:
    """Read a default as it is written: a Python literal, or a bare word for a text.

    Raises
    ------
    ValueError
        It is prose.
    """
    try:
        return _literal(text.strip().strip("`"))
    except ValueError:
        if schema.get("type") == "string" and text.isidentifier():
            return text
        raise


def _alternative(text: str) -> dict[str, Any]:
    if text.lower() in _WORDS:
        return {"type": _WORDS[text.lower()]}
    in_range = _RANGE.fullmatch(text)
    if in_range:
        low, high = (_literal(in_range[i]) for i in (2, 3))
        return {"type": _WORDS[in_range[1]], "minimum": low, "maximum": high}
    items = _LIST.fullmatch(text)
    if items and items[1].lower() in _WORDS:
        return {"type": "array", "items": {"type": _WORDS[items[1].lower()]}}
    if text.startswith(("'", '"', "{")):
        return _choices(text)
    return {}


def _choices(text: str) -> dict[str, Any]:
    try:
        inside = text.removeprefix("{").removesuffix("}") if text.startswith("{") else text
        return {"enum": [_literal(part.strip()) for part in split_outside_brackets(inside, ",")]}
    except ValueError:
        return {}


def _literal(text: str) -> Any:
    """Read a scalar; ``ValueError`` for anything else."""
    try:
        value = ast.literal_eval(text[:_LONGEST])
    except (SyntaxError, TypeError, ValueError, MemoryError, RecursionError) as error:
        raise ValueError(f"{text!r} is not a literal") from error
    is_scalar = value is None or isinstance(value, bool | int | float | str)
    if not is_scalar or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"{text!r} is not a number, a text, True, False or None")
    return value
