"""What a result looks like on a card: named numbers with units, small curves and heat maps."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any, Self

import numpy as np

MAX_POINTS = 500
"""Longest series kept in a summary; a summary is stored in one database row."""


@dataclass(frozen=True)
class Number:
    """One value of a card.

    ``name`` is stable and for machines, ``label`` is for people; ``value`` is a number
    or a short text (a space group); ``unit`` is empty for counts and texts.
    """

    name: str
    label: str
    value: float | str
    unit: str = ""


@dataclass(frozen=True)
class Series:
    """One curve of a card: at most 500 points, finite numbers only."""

    label: str
    x: list[float]
    y: list[float]
    x_label: str
    x_unit: str
    y_label: str
    y_unit: str


@dataclass(frozen=True)
class HeatMap:
    """A surface of a card, as patterns along a scan: at most 64 rows of 256 numbers.

    ``x`` are the centres of the columns and ``y`` those of the rows, the first of ``values``
    first; each rises or falls steadily.  None is where nothing was measured.
    """

    label: str
    x: list[float]
    y: list[float]
    values: list[list[float | None]]
    x_label: str
    x_unit: str
    y_label: str
    y_unit: str
    z_label: str
    z_unit: str


@dataclass(frozen=True)
class Column:
    """One column of a table; ``name`` is for machines, ``label`` for people."""

    name: str
    label: str
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """A few rows of numbers that belong together, as the strongest peaks do."""

    title: str
    columns: list[Column]
    rows: list[list[float | None]]


@dataclass(frozen=True)
class Summary:
    """The card of one output: numbers in the order of their importance, curves, tables, remarks, maps."""

    technique: str
    numbers: list[Number] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    maps: list[HeatMap] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, texts and numbers, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Build the inverse of `as_dict`; summaries that were stored before there were maps have none."""
        return cls(
            technique=stored["technique"],
            numbers=[Number(**number) for number in stored["numbers"]],
            series=[Series(**series) for series in stored["series"]],
            tables=[
                Table(**{**table, "columns": [Column(**column) for column in table["columns"]]})
                for table in stored["tables"]
            ],
            notes=list(stored["notes"]),
            maps=[HeatMap(**heat_map) for heat_map in stored.get("maps", ())],
        )


def decimate(x: np.ndarray, y: np.ndarray, max_points: int = MAX_POINTS) -> tuple[list[float], list[float]]:
    """Thin a curve without losing a peak.

    The points are cut into ``max_points // 2`` runs of equal length, and of each run the
    lowest and the highest point are kept, in their order along x.  Points that are not
    finite are left out.

    Parameters
    ----------
    x, y : array (n,)
    max_points : int
        At least 2.

    Returns
    -------
    x, y : lists of at most ``max_points`` floats, untouched values of the input
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite], y[finite]
    if x.size > max_points:
        runs = np.array_split(np.arange(x.size), max_points // 2)
        extremes = [(run[y[run].argmin()], run[y[run].argmax()]) for run in runs]
        kept = np.unique(extremes)
        x, y = x[kept], y[kept]
    return x.tolist(), y.tolist()


def rounded(value: float, digits: int = 6) -> float:
    """Give a number to so many significant digits, as a card needs no more."""
    return float(f"{value:.{digits}g}") if isfinite(value) else float(value)
