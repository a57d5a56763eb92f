"""What many frames have in common and how they differ, read a few at a time."""

from typing import NamedTuple

import numpy as np

from processing.block_maxima import BlockMaxima
from processing.techniques.xrpd.stored_plot import StoredPlot

__all__ = ["FrameStatistics", "cake_statistics", "scan_statistics"]

TENTH = 10


class FrameStatistics(NamedTuple):
    """Of all frames: ``mean`` (points,), ``levels`` (frames,), the mean of each frame.

    ``shape_change`` (%) is the share of the intensity that lies elsewhere in the last tenth of the
    frames than in the first: half of the sum of the absolute differences of the two patterns, each
    divided by its sum.  Brightness alone does not change it.  NaN where it is not defined.
    """

    mean: np.ndarray
    levels: np.ndarray
    maxima: BlockMaxima
    shape_change: float


def scan_statistics(plot: StoredPlot) -> FrameStatistics:
    """Read a scan of patterns once, from the first frame to the last."""
    n_frames, n_points = plot.n_frames, plot.radial.values.size
    maxima = BlockMaxima(n_frames, n_points)
    total, ends = _Mean(n_points), (_Mean(n_points), _Mean(n_points))
    levels = np.full(n_frames, np.nan)
    tenth = max(n_frames // TENTH, 1)
    for first, frames in plot.blocks():
        maxima.add(first, frames)
        total.add(frames)
        ends[0].add(frames[: max(tenth - first, 0)])
        ends[1].add(frames[max(n_frames - tenth - first, 0) :])
        levels[first : first + len(frames)] = _Mean.along(frames)
    change = _shape_change(*(end.value() for end in ends)) if n_frames > 1 else np.nan
    return FrameStatistics(total.value(), levels, maxima, change)


def cake_statistics(plot: StoredPlot) -> FrameStatistics:
    """Read cakes once: the heat map is that of their mean, ``mean`` is over the azimuth too.

    Bins that are zero are such that no pixel lies in, and do not count.
    """
    shape = plot.signal.found.shape[-2:]
    total = _Mean(shape)
    levels = np.full(plot.n_frames, np.nan)
    for first, cakes in plot.blocks():
        covered = np.where(cakes == 0, np.nan, cakes)
        total.add(covered)
        levels[first : first + len(cakes)] = _Mean.along(covered.reshape(len(cakes), -1))
    cake = total.value(missing=np.nan)
    maxima = BlockMaxima(*shape)
    maxima.add(0, cake)
    over_azimuth = _Mean(shape[1])
    over_azimuth.add(cake)
    return FrameStatistics(over_azimuth.value(), levels, maxima, np.nan)


class _Mean:
    """A mean of arrays that come a few at a time, over the values that are finite."""

    def __init__(self, shape: int | tuple[int, ...]) -> None:
        self._sum, self._count = np.zeros(shape), np.zeros(shape, dtype=int)

    def add(self, values: np.ndarray) -> None:
        is_finite = np.isfinite(values)
        self._sum += np.where(is_finite, values, 0).sum(axis=0)
        self._count += is_finite.sum(axis=0)

    def value(self, missing: float = 0.0) -> np.ndarray:
        return np.divide(self._sum, self._count, out=np.full(self._sum.shape, missing), where=self._count > 0)

    @staticmethod
    def along(frames: np.ndarray) -> np.ndarray:
        """Return the mean of each frame (n, points); NaN of those without any value."""
        mean = _Mean(len(frames))
        mean.add(frames.T)
        return mean.value(missing=np.nan)


def _shape_change(begin: np.ndarray, end: np.ndarray) -> float:
    if min(begin.min(), end.min()) < 0 or not begin.any() or not end.any():
        return float("nan")  # parts of a whole are positive
    return float(50 * np.abs(begin / begin.sum() - end / end.sum()).sum())
