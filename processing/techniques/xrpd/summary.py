"""The card of a powder pattern: its numbers, its strongest peaks and its curve."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from pyFAI.units import hc
from scipy.signal import find_peaks

from processing.nexus.guard import Node, open_h5
from processing.nexus.writer import axis_names, default_plot
from processing.summary import Column, Number, Series, Summary, Table, decimate, rounded
from workflows import InputError

N_PEAKS = 5
"""Peaks named on a card, the highest above their surroundings first."""

NOISE_FACTOR = 8.0
"""A peak rises over its surroundings by at least this many times the noise of the pattern.

Noise alone reaches 4 standard deviations up and 4 down in some ten thousand points."""

MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution / its median absolute deviation."""

UNIT_SIGNS = {"deg": "°", "1/nm": "nm⁻¹", "1/angstrom": "Å⁻¹", "1/angstrom^2": "Å⁻²"}
LABELS = {"2theta": "2θ"}


class Pattern(NamedTuple):
    """A pattern as it was stored; ``wavelength`` and ``distance`` are NaN where not known."""

    x: np.ndarray
    y: np.ndarray
    quantity: str
    unit: str
    wavelength: float  # angstrom
    distance: float  # m


class Peak(NamedTuple):
    """A peak: position in the unit of the pattern, d in angstrom (NaN if not known), height."""

    position: float
    d: float
    prominence: float


def summarise(path: Path) -> Summary:
    """Describe a stored powder pattern for a card.

    The peaks are the local maxima that rise over their surroundings (prominence, as
    ``scipy.signal.find_peaks`` defines it) by 8 times the noise, which is estimated from the
    median absolute second difference of the pattern and so knows nothing of smooth
    backgrounds; "peak to background" is the maximum over the median of the pattern.

    Raises
    ------
    InputError
        The file is not a powder pattern.
    """
    pattern = read_pattern(path)
    peaks = find_pattern_peaks(pattern)
    covered = pattern.y[pattern.y != 0]
    background = float(np.median(covered)) if covered.size else 0.0
    unit = UNIT_SIGNS.get(pattern.unit, pattern.unit)
    numbers = [Number("n_points", "Points", float(pattern.x.size))]
    if np.isfinite(pattern.wavelength):
        numbers.append(Number("wavelength", "Wavelength", rounded(pattern.wavelength), "Å"))
        numbers.append(Number("energy", "Energy", rounded(hc / pattern.wavelength), "keV"))
    if np.isfinite(pattern.distance):
        numbers.append(Number("distance", "Distance", rounded(pattern.distance * 1e3), "mm"))
    numbers.append(Number("n_peaks", "Peaks", float(len(peaks))))
    if background > 0:
        ratio = rounded(float(pattern.y.max()) / background, 4)
        numbers.append(Number("max_over_background", "Maximum / background", ratio))
    tables = [_peak_table(pattern, peaks[:N_PEAKS], unit)] if peaks else []
    notes = [] if peaks else ["No peak rises clearly above the noise."]
    return Summary("xrpd", numbers, [_series(pattern, unit)], tables, notes)


def read_pattern(path: Path) -> Pattern:
    """Read the default plot of a pattern file, with wavelength (angstrom) and distance (m)."""
    with open_h5(path) as file:
        data = default_plot(file["/"])
        if data is None:
            raise InputError(f"The file {Path(path).name} holds no pattern")
        signal = data[str(data.attribute("signal"))]
        names = axis_names(data)
        if not names or names[-1] == ".":
            raise InputError(f"The file {Path(path).name} holds no pattern, but values without an axis")
        axis = data[names[-1]]
        y, x = np.squeeze(signal.read()).astype(float), axis.read().astype(float)
        if y.ndim != 1 or x.shape != y.shape:
            raise InputError(f"The file {Path(path).name} holds no pattern, but values of shape {y.shape}")
        instrument = file["/"].get(f"{data.path.strip('/').split('/')[0]}/instrument")
        wavelength = _scalar(instrument, "monochromator/wavelength")
        distance = _scalar(instrument, "detector/distance")
        name = str(axis.attribute("long_name", "x"))
        return Pattern(x, y, name, str(axis.attribute("units", "")), wavelength, distance)


def find_pattern_peaks(pattern: Pattern) -> list[Peak]:
    """Find the peaks of a pattern, the most prominent first; `summarise` says how."""
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


def _vertex(pattern: Pattern, place: int) -> float:
    """Position of the top of the parabola through a maximum and its two neighbours."""
    left, top, right = pattern.y[place - 1 : place + 2]
    curvature = left - 2 * top + right
    shift = 0.5 * (left - right) / curvature if curvature else 0.0
    step = (pattern.x[place + 1] - pattern.x[place - 1]) / 2
    return float(pattern.x[place] + shift * step)


def _d_spacing(position: float, pattern: Pattern) -> float:
    """Lattice spacing in angstrom: Bragg's law, or d = 2 pi / q; NaN where it is not defined."""
    match pattern.quantity, pattern.unit:
        case "2theta", "deg" | "rad":
            two_theta = np.radians(position) if pattern.unit == "deg" else position
            d = pattern.wavelength / (2 * np.sin(two_theta / 2)) if two_theta > 0 else np.nan
        case "q", "1/nm" | "1/angstrom":
            per_angstrom = position / 10 if pattern.unit == "1/nm" else position
            d = 2 * np.pi / per_angstrom if per_angstrom > 0 else np.nan
        case "d*2", _:
            d = 1 / np.sqrt(position) if position > 0 else np.nan
        case _:
            d = np.nan
    return float(d)


def _peak_table(pattern: Pattern, peaks: list[Peak], unit: str) -> Table:
    columns = [
        Column("position", LABELS.get(pattern.quantity, pattern.quantity), unit),
        Column("d", "d", "Å"),
        Column("height", "Height", "arb. u."),
    ]
    rows = [
        [
            rounded(peak.position),
            rounded(peak.d) if np.isfinite(peak.d) else None,
            rounded(peak.prominence, 4),
        ]
        for peak in peaks
    ]
    return Table("Strongest peaks", columns, rows)


def _series(pattern: Pattern, unit: str) -> Series:
    x, y = decimate(pattern.x, pattern.y)
    label = LABELS.get(pattern.quantity, pattern.quantity)
    x, y = ([rounded(value) for value in values] for values in (x, y))
    return Series("Pattern", x, y, label, unit, "Intensity", "arb. u.")


def _scalar(node: Node | None, path: str) -> float:
    """Read one number below a group; NaN where there is none."""
    found = node.get(path) if node else None
    is_number = found is not None and found.is_dataset and found.found.dtype.kind in "iuf"
    return float(found.read()) if found and is_number and found.found.shape == () else float("nan")
