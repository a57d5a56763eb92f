"""What docstrings in the numpydoc form say of inputs and outputs.

A reader of our own: ``docstring-parser`` and ``numpydoc`` know neither a
section "Inputs" without being told nor units, and every environment that tasks
are discovered in would need them.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_INPUT_SECTIONS = ("inputs", "optional inputs", "parameters", "other parameters")
_OUTPUT_SECTIONS = ("outputs", "returns")
_LONGEST_DOCSTRING = 100_000

_UNDERLINE = re.compile(r"-{3,}\s*")
_NAMED = re.compile(r"((?:\*{0,2}\w+)(?:\s*,\s*\*{0,2}\w+)*)\s*:(?:\s+(.*))?")
_NAMES_ALONE = re.compile(r"\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*")
_DEFAULT = re.compile(r"defaults?\b\s*(?:is\b|to\b|:|=)?\s*(\S.*)", re.IGNORECASE)
_UNIT = re.compile(r"in ([^\s`]{1,16})")
_TYPE_IN_UNIT = re.compile(r"(.*\S)\s+in\s+([^\s`]{1,16})")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a section says of an input or output (or of several, that share a line)."""

    names: tuple[str, ...] = ()
    """Empty where the section "Returns" gives a type alone."""
    type: str = ""
    default: str | None = None
    """As it is written."""
    unit: str | None = None
    description: str = ""


@dataclass(frozen=True)
class Docstring:
    """The parts of a docstring that describe a task."""

    summary: str
    """The first paragraph on one line."""
    inputs: tuple[Entry, ...] = ()
    outputs: tuple[Entry, ...] = ()


def read_docstring(text: str | None) -> Docstring:
    """Read the sections "Inputs" (or "Parameters") and "Outputs" (or "Returns").

    Anything else is passed over: no docstring is wrong.

    Examples
    --------
    >>> text = '''Shift the beam.
    ...
    ... Inputs
    ... ------
    ... energy : float, in keV, default 12.5
    ...     Of the photons.
    ... '''
    >>> entry, = read_docstring(text).inputs
    >>> entry.names, entry.type, entry.unit, entry.default, entry.description
    (('energy',), 'float', 'keV', '12.5', 'Of the photons.')
    """
    lines = inspect.cleandoc((text or "")[:_LONGEST_DOCSTRING]).splitlines()
    starts = [i for i in range(len(lines) - 1) if _UNDERLINE.fullmatch(lines[i + 1]) and lines[i].strip()]
    opening = lines[: starts[0]] if starts else lines
    inputs: list[Entry] = []
    outputs: list[Entry] = []
    for start, end in pairwise([*starts, len(lines)]):
        title = lines[start].strip().lower()
        if title in _INPUT_SECTIONS:
            inputs += _entries(lines[start + 2 : end])
        elif title in _OUTPUT_SECTIONS:
            outputs += _entries(lines[start + 2 : end], may_lack_name=title == "returns")
    return Docstring(_first_paragraph(opening), tuple(inputs), tuple(outputs))


def _first_paragraph(lines: list[str]) -> str:
    blank = next((i for i, line in enumerate(lines) if not line.strip()), len(lines))
    return _joined(lines[:blank])


def _entries(lines: list[str], *, may_lack_name: bool = False) -> Iterator[Entry]:
    """Read the entries of a section: a line at the margin, then indented lines."""
    heads = [i for i, line in enumerate(lines) if line.strip() and not line[0].isspace()]
    for head, end in pairwise([*heads, len(lines)]):
        line, text = lines[head].strip(), _joined(lines[head + 1 : end])
        named = _NAMED.fullmatch(line)
        if named:
            names = tuple(name.strip(" *") for name in named[1].split(","))
            yield _entry(names, named[2] or "", text)
        elif may_lack_name:
            yield _entry((), line, text)
        elif _NAMES_ALONE.fullmatch(line):
            yield _entry(tuple(name.strip(" *") for name in line.split(",")), "", text)


def _entry(names: tuple[str, ...], line: str, text: str) -> Entry:
    """Take a line such as ``int, in mm, optional, default 3`` apart."""
    type_text, *parts = [part.strip() for part in split_outside_brackets(line, ",")] or [""]
    default = unit = None
    remarks: list[str] = []
    for part in parts:
        as_default, as_unit = _DEFAULT.fullmatch(part), _UNIT.fullmatch(part)
        if as_default:
            default = as_default[1]
        elif as_unit:
            unit = as_unit[1]
        elif part.startswith("or ") and not remarks:
            type_text = f"{type_text} {part}"
        elif part and part.lower() != "optional":  # the class line or the signature says so
            remarks.append(part)
    in_unit = _TYPE_IN_UNIT.fullmatch(type_text)
    if in_unit and unit is None:
        type_text, unit = in_unit[1], in_unit[2]
    return Entry(
        names=names,
        type=type_text,
        default=default,
        unit=unit,
        description=" ".join(filter(None, (", ".join(remarks), text))),
    )


def split_outside_brackets(text: str, separator: str) -> list[str]:
    """Split a text, but not inside brackets or quotes.

    Examples
    --------
    >>> split_outside_brackets("array (n, 3), optional", ",")
    ['array (n, 3)', ' optional']
    """
    parts, start, depth, quote = [], 0, 0, ""
    for position, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'" and not text[position - 1 : position].isalnum():
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth = max(depth - 1, 0)
        elif depth == 0 and position >= start and text.startswith(separator, position):
            parts.append(text[start:position])
            start = position + len(separator)
    return [*parts, text[start:]]


def _joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())
