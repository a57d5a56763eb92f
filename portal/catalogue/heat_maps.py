"""Heat maps as summaries hold them: patterns along a scan, or around a cake."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Any

import numpy as np

__all__ = ["HeatMap", "maps_of"]

_MOST_ROWS, _MOST_COLUMNS = 256, 1024


@dataclass(frozen=True)
class HeatMap:
    """The numbers of a map: ``values`` (rows, columns), NaN where nothing was measured, row 0 at ``y[0]``."""

    label: str
    x: list[float]
    y: list[float]
    values: np.ndarray
    x_label: str
    x_unit: str
    y_label: str
    y_unit: str
    z_label: str
    z_unit: str

    @property
    def quantities(self) -> tuple[str, str]:
        """What the colours stand for; only maps that agree in it may share a scale."""
        return (self.z_label, self.z_unit)


def maps_of(content: Mapping[str, Any]) -> list[HeatMap]:
    """Return the heat maps of a summary's content; what is none, or has no number, is left out."""
    maps = content.get("maps")
    rows = maps if isinstance(maps, list) else []
    found = (_map(row) for row in rows if isinstance(row, Mapping))
    return [heat_map for heat_map in found if heat_map is not None]


def _map(row: Mapping[str, Any]) -> HeatMap | None:
    values = _numbers(row.get("values"))
    x, y = row.get("x"), row.get("y")
    if values is None or not _is_axis(x, values.shape[1]) or not _is_axis(y, values.shape[0]):
        return None
    texts = {
        name: str(row.get(name) or "")
        for name in ("label", "x_label", "x_unit", "y_label", "y_unit", "z_label", "z_unit")
    }
    return HeatMap(x=[float(at) for at in x], y=[float(at) for at in y], values=values, **texts)  # type: ignore[union-attr]


def _numbers(values: object) -> np.ndarray | None:
    """Return a list of equally long lists of numbers and None as an array."""
    try:
        numbers = np.array(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return None
    is_table = numbers.ndim == 2  # noqa: PLR2004 - rows and columns
    if not is_table or not 0 < numbers.shape[0] <= _MOST_ROWS or not 0 < numbers.shape[1] <= _MOST_COLUMNS:
        return None
    numbers[~np.isfinite(numbers)] = np.nan
    return None if np.isnan(numbers).all() else numbers


def _is_axis(axis: object, length: int) -> bool:
    """Whether these are numbers, as many as wanted, that rise or fall all along."""
    if not isinstance(axis, list) or len(axis) != length:
        return False
    if not all(isinstance(at, int | float) and isfinite(at) for at in axis):
        return False
    steps = [after - before for before, after in pairwise(axis)]
    return all(step > 0 for step in steps) or all(step < 0 for step in steps)
