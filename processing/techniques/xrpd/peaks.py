"""The peaks of a powder pattern: where they are, which lattice spacing that is, how high they stand."""

from typing import NamedTuple

import numpy as np
from scipy.signal import find_peaks

from processing.summary import Column, Table, rounded
from processing.techniques.xrpd.stored_plot import Axis

__all__ = ["Pattern", "Peak", "find_pattern_peaks", "peak_table"]

N_PEAKS = 5
"""Peaks named on a card, the highest above their surroundings first."""

NOISE_FACTOR = 8.0
"""A peak rises over its surroundings by at least this many times the noise of the pattern.

Noise alone reaches 4 standard deviations up and 4 down in some ten thousand points."""

MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution / its median absolute deviation."""


class Pattern(NamedTuple):
    """A curve over a radial axis; ``wavelength`` (angstrom) is NaN where not known."""

    axis: Axis
    y: np.ndarray
    wavelength: float

    @property
    def x(self) -> np.ndarray:
        """The positions, in the unit of the axis."""
        return self.axis.values


class Peak(NamedTuple):
    """A peak: position in the unit of the pattern, d in angstrom (NaN if not known), height."""

    position: float
    d: float
    prominence: float


def find_pattern_peaks(pattern: Pattern) -> list[Peak]:
    """Find the peaks of a pattern, the most prominent first.

    They are the local maxima that rise over their surroundings (prominence, as
    ``scipy.signal.find_peaks`` defines it) by 8 times the noise, which is estimated from the
    median absolute second difference of the pattern and so knows nothing of smooth backgrounds.
    """
    y = pattern.y
    second_difference = np.diff(y[y != 0], 2)
    if second_difference.size == 0:
        return []
    noise = MAD_TO_SIGMA * float(np.median(np.abs(second_difference))) / np.sqrt(6)
    places, found = find_peaks(y, prominence=max(NOISE_FACTOR * noise, np.finfo(np.float32).eps * np.ptp(y)))
    order = np.argsort(found["prominences"])[::-1]
    positions = [_vertex(pattern, int(place)) for place in places]
    return [
        Peak(positions[i], _d_spacing(positions[i], pattern), float(found["prominences"][i])) for i in order
    ]


def peak_table(pattern: Pattern, peaks: list[Peak]) -> Table:
    """Return the strongest peaks as a table of position, d and height."""
    columns = [
        Column("position", pattern.axis.label, pattern.axis.unit_sign),
        Column("d", "d", "Å"),
        Column("height", "Height", "arb. u."),
    ]
    rows = [
        [
            rounded(peak.position),
            rounded(peak.d) if np.isfinite(peak.d) else None,
            rounded(peak.prominence, 4),
        ]
        for peak in peaks[:N_PEAKS]
    ]
    return Table("Strongest peaks", columns, rows)


def _vertex(pattern: Pattern, place: int) -> float:
    """Position of the top of the parabola through a maximum and its two neighbours."""
    left, top, right = pattern.y[place - 1 : place + 2]
    curvature = left - 2 * top + right
    shift = 0.5 * (left - right) / curvature if curvature else 0.0
    step = (pattern.x[place + 1] - pattern.x[place - 1]) / 2
    return float(pattern.x[place] + shift * step)


def _d_spacing(position: float, pattern: Pattern) -> float:
    """Lattice spacing in angstrom: Bragg's law, or d = 2 pi / q; NaN where it is not defined."""
    match pattern.axis.quantity, pattern.axis.unit:
        case "2theta", "deg" | "rad":
            two_theta = np.radians(position) if pattern.axis.unit == "deg" else position
            d = pattern.wavelength / (2 * np.sin(two_theta / 2)) if two_theta > 0 else np.nan
        case "q", "1/nm" | "1/angstrom":
            per_angstrom = position / 10 if pattern.axis.unit == "1/nm" else position
            d = 2 * np.pi / per_angstrom if per_angstrom > 0 else np.nan
        case "d*2", _:
            d = 1 / np.sqrt(position) if position > 0 else np.nan
        case _:
            d = np.nan
    return float(d)
