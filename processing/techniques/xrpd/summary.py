"""The card of a powder result: a pattern, patterns along a scan, or a cake; and how it was calibrated."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from pyFAI.units import hc

from processing.block_maxima import BlockMaxima
from processing.summary import HeatMap, Number, Series, Summary, decimate, rounded
from processing.techniques.xrpd.frame_statistics import cake_statistics, scan_statistics
from processing.techniques.xrpd.peaks import Pattern, find_pattern_peaks, peak_table
from processing.techniques.xrpd.stored_plot import Axis, StoredPlot, open_plot

__all__ = ["summarise"]


def summarise(path: Path) -> Summary:
    """Describe a stored powder result for a card.

    Of one pattern: its peaks, its curve, and the maximum over the background, which is the median
    of the pattern. Of a scan: a heat map of its patterns, the mean of them and its peaks, and how
    much changes along it. Of a cake: its heat map over the azimuth, and the mean over the azimuth.
    Frames are read a few at a time, so memory does not grow with their number.

    Raises
    ------
    InputError
        The file is not a powder result.
    """
    with open_plot(path) as plot:
        if plot.azimuth is not None:
            return _cake(plot, plot.azimuth)
        return _scan(plot) if plot.n_frames > 1 else _single(plot)


def _single(plot: StoredPlot) -> Summary:
    [(_, frames)] = plot.blocks()
    pattern = Pattern(plot.radial, frames[0], plot.wavelength)
    return _card(plot, pattern, label="Pattern")


def _scan(plot: StoredPlot) -> Summary:
    statistics = scan_statistics(plot)
    pattern = Pattern(plot.radial, statistics.mean, plot.wavelength)
    along = _frame_axis(plot)
    frames = [Number("n_frames", "Frames", float(plot.n_frames))]
    if not along.is_count:
        first, last = (rounded(float(along.values[place])) for place in (0, -1))
        frames.append(Number("scan_start", f"First {along.label}", first, along.unit_sign))
        frames.append(Number("scan_end", f"Last {along.label}", last, along.unit_sign))
    card = _card(plot, pattern, label="Mean pattern")
    levels = Series(
        "Mean intensity of each frame",
        *_thinned(along.values, statistics.levels),
        *(along.label, along.unit_sign, "Mean intensity", "arb. u."),
    )
    heat_map = _heat_map("Patterns along the scan", plot, statistics.maxima, along)
    series = [*card.series, levels] if len(levels.x) > 1 else card.series
    if np.isfinite(change := statistics.shape_change):
        frames.append(Number("shape_change", "Change of shape, first to last tenth", round(change, 3), "%"))
    return replace(card, numbers=[*frames, *card.numbers], series=series, maps=[heat_map])


def _cake(plot: StoredPlot, azimuth: Axis) -> Summary:
    statistics = cake_statistics(plot)
    pattern = Pattern(plot.radial, statistics.mean, plot.wavelength)
    card = _card(plot, pattern, label="Mean over the azimuth")
    frames = [Number("n_frames", "Frames", float(plot.n_frames))] if plot.n_frames > 1 else []
    sectors = Number("n_azimuths", "Sectors", float(azimuth.values.size))
    label = "Cake, mean of all frames" if frames else "Cake"
    heat_map = _heat_map(label, plot, statistics.maxima, azimuth)
    return Summary(
        "xrpd", [*frames, sectors, *card.numbers], card.series, card.tables, card.notes, [heat_map]
    )


def _card(plot: StoredPlot, pattern: Pattern, *, label: str) -> Summary:
    """Return what every card has: the numbers, peaks and curve of one pattern."""
    peaks = find_pattern_peaks(pattern)
    x, y = _thinned(pattern.x, pattern.y)
    curve = Series(label, x, y, plot.radial.label, plot.radial.unit_sign, "Intensity", "arb. u.")
    notes = [] if peaks else ["No peak rises clearly above the noise."]
    if note := plot.calibration.get("calibration_note"):
        notes.insert(0, str(note))
    tables = [peak_table(pattern, peaks)] if peaks else []
    numbers = [*_setup(plot), *_calibration(plot), Number("n_peaks", "Peaks", float(len(peaks)))]
    return Summary("xrpd", [*numbers, *_over_background(pattern.y)], [curve], tables, notes)


def _setup(plot: StoredPlot) -> Iterator[Number]:
    yield Number("n_points", "Points", float(plot.radial.values.size))
    if np.isfinite(plot.wavelength):
        yield Number("wavelength", "Wavelength", rounded(plot.wavelength), "Å")
        yield Number("energy", "Energy", rounded(hc / plot.wavelength), "keV")
    if np.isfinite(plot.distance):
        yield Number("distance", "Distance", rounded(plot.distance * 1e3), "mm")


def _calibration(plot: StoredPlot) -> Iterator[Number]:
    labels = {
        "calibrant": ("Calibrant", ""),
        "calibration_residual_deg": ("Residual of the calibration", "°"),
        "calibration_chi2": ("Sum of squares of the calibration", "rad²"),
    }
    for name, (label, unit) in labels.items():
        value = plot.calibration.get(name)
        if isinstance(value, str):
            yield Number(name, label, value)
        elif value is not None and np.isfinite(value):
            yield Number(name, label, rounded(value, 4), unit)


def _over_background(y: np.ndarray) -> Iterator[Number]:
    covered = y[np.isfinite(y) & (y != 0)]
    background = float(np.median(covered)) if covered.size else 0.0
    if background > 0:
        ratio = rounded(float(covered.max()) / background, 4)
        yield Number("max_over_background", "Maximum / background", ratio)


def _frame_axis(plot: StoredPlot) -> Axis:
    """Return the axis along the scan; the numbers of the frames where it has none that leads one way."""
    if plot.along is not None and plot.along.is_steady:
        return plot.along
    return Axis(np.arange(plot.n_frames, dtype=float), "frame", "")


def _heat_map(label: str, plot: StoredPlot, maxima: BlockMaxima, rows: Axis) -> HeatMap:
    radial = plot.radial
    return HeatMap(
        label,
        maxima.column_centres(radial.values),
        maxima.row_centres(rows.values),
        maxima.values(),
        *(radial.label, radial.unit_sign, rows.label, rows.unit_sign, "Intensity", "arb. u."),
    )


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    thin_x, thin_y = decimate(x, y)
    return [rounded(value) for value in thin_x], [rounded(value) for value in thin_y]
