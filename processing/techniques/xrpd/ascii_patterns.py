"""Patterns as text: columns of numbers under lines that begin with #.

What refinement programs make of such files was read in the importers of GSAS-II for ``.xye``:

- in the lines with #, a letter q means that x is q in 1/angstrom, and the second word of that line
  is the wavelength in angstrom; without it x is 2theta in degrees;
- a point with an error of zero ends the reading, as its weight would be infinite.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from processing.nexus.pattern_layout import flat
from processing.nexus.tree import write_whole
from processing.techniques.xrpd.saved_info import own_info
from workflows import InputError

__all__ = ["TextPattern", "write_text_pattern"]

NAMES = ["x", "intensity", "intensity_error"]

_UNITS = {"wavelength_m": "m", "energy_kev": "keV"} | {
    f"geometry_{name}": unit
    for names, unit in ((("dist", "poni1", "poni2"), "m"), (("rot1", "rot2", "rot3"), "rad"))
    for name in names
}
_M_TO_ANGSTROM = 1e10


class TextPattern(NamedTuple):
    """A pattern: ``x`` in the pyFAI unit ``unit``, ``y`` and, if known, its standard error, all (n,)."""

    x: np.ndarray
    y: np.ndarray
    unit: str
    errors: np.ndarray | None = None


def write_text_pattern(
    path: Path, pattern: TextPattern, *, info: Mapping[str, Any], metadata: Mapping[str, Any]
) -> None:
    """Write a pattern as text; the suffix says which columns.

    Parameters
    ----------
    path : path
        ``.xy``: x and y.  ``.xye``: x, y and error, without the points that have no error; x and y
        if no errors are known.  Any other, as ``.dat``: x, y and, if known, error.  Folders are
        made as needed.
    info, metadata : mapping
        Go into the lines above, one each; of files only the names.

    Raises
    ------
    InputError
        The arrays do not fit.
    OSError
        The disk is full (errno 28) or cannot be written; an older file stays.
    """
    given = (pattern.x, pattern.y, pattern.errors)
    columns = [np.asarray(values) for values in given if values is not None]
    if len({values.shape for values in columns}) > 1 or columns[0].ndim != 1 or not columns[0].size:
        shapes = [values.shape for values in columns]
        raise InputError(f"x, y and the errors must be curves of one length, not {shapes}")
    lines = list(_lines(pattern.unit, own_info(info), metadata))
    if path.suffix == ".xy":
        columns = columns[:2]
    elif path.suffix == ".xye":
        columns = _with_errors(columns)
        lines = _for_refinement(lines, pattern.unit, own_info(info))
    if len(columns) < len(NAMES):
        lines.append("without errors")
    lines.append(" ".join(NAMES[: len(columns)]))
    rows = zip(*(map(_digits, values) for values in columns), strict=True)
    text = "".join(f"# {line}\n" for line in lines) + "".join(" ".join(row) + "\n" for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())


def _digits(value: np.floating) -> str:
    """Write as few digits as give back the same number."""
    return str(value.item() if value.dtype == np.float64 else value)


def _lines(unit: str, info: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[str]:
    yield f"xunits = {unit}"
    yield "intensity in arbitrary units"
    for name, value in (*flat(info), *flat(metadata)):
        text = f"{name} = {value} {_UNITS.get(name, '')}"
        yield " ".join(text.split())


def _with_errors(columns: list[np.ndarray]) -> list[np.ndarray]:
    """Leave out the points without an error, if errors are known."""
    if len(columns) < len(NAMES):
        return columns
    known = np.isfinite(columns).all(axis=0) & (columns[-1] > 0)
    return [values[known] for values in columns] if known.any() else columns[:2]


def _for_refinement(lines: list[str], unit: str, info: Mapping[str, Any]) -> list[str]:
    """Let the lines say q only where x is q in 1/angstrom and its wavelength is known."""
    quiet = [line.replace("q", "Q") for line in lines]
    wavelength = info.get("wavelength_m")
    if unit == "q_A^-1" and isinstance(wavelength, int | float):
        return [f"{wavelength * _M_TO_ANGSTROM:.9g} q: wavelength in angstrom, x is q in 1/angstrom", *quiet]
    return quiet
