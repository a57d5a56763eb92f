"""Points on the rings of a powder image, in pixels and with the number of their ring.

Every ring is cut into azimuthal sectors, and each sector gives at most one point: the centre of
mass of the ring above its background, along 2 theta.  It averages over some ten to a hundred
pixels, so that it is better than a tenth of a pixel where a single brightest pixel is not better
than a half; and it gives the same points each time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

N_SECTORS = 180
"""Of two degrees: a ring of 500 pixels is then straight within 0.08 pixel inside one."""

MIN_BINS, MAX_BINS = 12, 64
"""Across the window in which a ring is looked for: a pixel wide where that is within these limits."""

HALF_WIDTH = 2.0
"""Pixels on each side of the top of a ring that belong to it."""

MIN_SIGNIFICANCE = 5.0
"""Height of a ring over its background in standard deviations of the latter, to be believed."""

MIN_SECTORS = 0.2
"""A ring is believed if it shows in this share of the sectors that it crosses."""

MIN_HALF_WINDOW = 4.0
"""Pixels; rings that are closer to each other are not told apart, and left out."""

MAD_TO_SIGMA = 1.4826


class TwoThetaModel(Protocol):
    """What is asked of a pyFAI geometry: 2 theta in rad at fractional pixels."""

    def tth(self, d1: np.ndarray, d2: np.ndarray) -> np.ndarray:
        """Return 2 theta at rows ``d1`` and columns ``d2``."""


@dataclass(frozen=True)
class RingPoints:
    """Points on rings: ``rows`` and ``columns`` (n,) in pixels, ``ring`` (n,) int.

    The middle of the first pixel is (0, 0), as for pyFAI.
    """

    rows: np.ndarray
    columns: np.ndarray
    ring: np.ndarray

    def __len__(self) -> int:
        return len(self.ring)

    def kept(self, chosen: np.ndarray) -> "RingPoints":
        """Return the points where ``chosen`` (n,) bool is true."""
        return RingPoints(self.rows[chosen], self.columns[chosen], self.ring[chosen])


@dataclass(frozen=True)
class RingMap:
    """An image as its rings see it: per usable pixel, what it counted and where it is.

    ``counts``, ``two_theta`` (rad), ``sector`` (int), ``rows`` and ``columns`` are (n,), in the
    order of rising 2 theta.  ``pixel_rad`` is the size of a pixel in 2 theta.
    """

    counts: np.ndarray
    two_theta: np.ndarray
    sector: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    pixel_rad: float

    @classmethod
    def of(
        cls,
        image: np.ndarray,
        is_used: np.ndarray,
        *,
        two_theta: np.ndarray,
        chi: np.ndarray,
        pixel_rad: float,
    ) -> "RingMap":
        """Sort the used pixels of an image (rows, columns); ``two_theta`` and ``chi`` in rad."""
        rows, columns = np.nonzero(is_used)
        order = np.argsort(two_theta[rows, columns], kind="stable")
        rows, columns = rows[order], columns[order]
        turn = (chi[rows, columns] / (2 * np.pi)) % 1
        return cls(
            image[rows, columns].astype(float),
            two_theta[rows, columns],
            (turn * N_SECTORS).astype(int) % N_SECTORS,
            rows,
            columns,
            pixel_rad,
        )


def visible_rings(expected: np.ndarray, ring_map: RingMap) -> np.ndarray:
    """Return the numbers of the rings of ``expected`` (2 theta in rad) that cross the image."""
    low, high = ring_map.two_theta[[0, -1]]
    return np.nonzero((expected > low) & (expected < high))[0]


def find_points(
    ring_map: RingMap,
    model: TwoThetaModel,
    *,
    expected: np.ndarray,
    rings: Iterable[int],
    max_half_window: float,
) -> RingPoints:
    """Find the points of some rings.

    Parameters
    ----------
    ring_map : RingMap
        Of the image, by ``model``.
    expected : array (n_rings,)
        2 theta in rad of all rings of the calibrant, rising.
    rings : numbers of the rings to look for
    max_half_window : float, rad
        How far from where it is expected a ring is looked for; never further than 0.45 of
        the way to the next one.
    """
    found = [
        _points_of_ring(ring_map, int(ring), float(expected[ring]), half)
        for ring in rings
        if (half := min(max_half_window, _reach(expected, int(ring)))) > MIN_HALF_WINDOW * ring_map.pixel_rad
    ]
    points = [columns for columns in found if columns is not None]
    if not points:
        return RingPoints(np.empty(0), np.empty(0), np.empty(0, int))
    rows, columns, ring, two_theta = (np.concatenate(parts) for parts in zip(*points, strict=True))
    rows, columns = _move_to(rows, columns, two_theta, model)
    return RingPoints(rows, columns, ring.astype(int))


def _reach(expected: np.ndarray, ring: int) -> float:
    gaps = np.diff(expected[max(ring - 1, 0) : ring + 2])
    return 0.45 * float(gaps.min()) if gaps.size else float(expected[ring]) / 2


def _points_of_ring(
    ring_map: RingMap, ring: int, centre: float, half: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
    """Return rows, columns, ring and 2 theta of the points of one ring; None if it is not there."""
    near = slice(*np.searchsorted(ring_map.two_theta, (centre - half, centre + half)))
    sector, two_theta = ring_map.sector[near], ring_map.two_theta[near]
    if two_theta.size == 0:
        return None
    n_bins = int(np.clip(2 * half / ring_map.pixel_rad, MIN_BINS, MAX_BINS))
    reach = max(2, round(HALF_WIDTH * ring_map.pixel_rad / (2 * half / n_bins)))
    place = np.clip((two_theta - (centre - half)) / (2 * half) * n_bins, 0, n_bins - 1).astype(int)
    cell = sector * n_bins + place
    counts = np.bincount(cell, ring_map.counts[near], N_SECTORS * n_bins).reshape(N_SECTORS, n_bins)
    pixels = np.bincount(cell, None, N_SECTORS * n_bins).reshape(N_SECTORS, n_bins)
    top, background, is_found = _ring_in_profiles(counts, pixels, reach)
    n_crossed = np.count_nonzero(np.count_nonzero(pixels, axis=1) > n_bins // 4)
    if np.count_nonzero(is_found) < max(3, MIN_SECTORS * n_crossed):
        return None
    belongs = np.abs(place - top[sector]) <= reach
    weight = np.where(belongs, np.maximum(ring_map.counts[near] - background[sector], 0), 0)
    total = np.bincount(sector, weight, N_SECTORS)
    chosen = is_found & (total > 0)

    def centred(values: np.ndarray) -> np.ndarray:
        return np.bincount(sector, weight * values, N_SECTORS)[chosen] / total[chosen]

    rows, columns = centred(ring_map.rows[near]), centred(ring_map.columns[near])
    return rows, columns, np.full(rows.size, ring), centred(two_theta)


def _ring_in_profiles(
    counts: np.ndarray, pixels: np.ndarray, reach: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the ring in the profile (sectors, bins) of each sector.

    Returns the bin of its top, the background in counts per pixel, and whether the ring is
    believed: significant, whole, and not at the edge of the window.
    """
    n_bins = counts.shape[1]
    profile = np.divide(counts, pixels, out=np.full(counts.shape, np.nan), where=pixels > 0)
    weight = _three_bin_sum(pixels)
    smooth = np.divide(_three_bin_sum(counts), weight, out=np.full(counts.shape, -np.inf), where=weight > 0)
    top = smooth.argmax(axis=1)
    is_ring = np.abs(np.arange(n_bins)[None] - top[:, None]) <= reach
    outside = np.where(is_ring, np.nan, profile)
    n_outside = np.count_nonzero(np.isfinite(outside), axis=1)
    outside[n_outside == 0] = 0
    background = np.nanmedian(outside, axis=1)
    spread = MAD_TO_SIGMA * np.nanmedian(np.abs(outside - background[:, None]), axis=1)
    height = smooth[np.arange(len(top)), top] - background
    is_whole = np.count_nonzero(is_ring & (pixels > 0), axis=1) > reach + 1
    is_inside = (top >= reach) & (top < n_bins - reach)
    is_high = (height > MIN_SIGNIFICANCE * spread) & (height > 0) & (n_outside >= n_bins // 4)
    return top, background, is_whole & is_inside & is_high


def _three_bin_sum(values: np.ndarray) -> np.ndarray:
    padded = np.pad(values, ((0, 0), (1, 1)))
    return padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]


def _move_to(
    rows: np.ndarray, columns: np.ndarray, two_theta: np.ndarray, model: TwoThetaModel
) -> tuple[np.ndarray, np.ndarray]:
    """Move points along the gradient of 2 theta until they have the given 2 theta (Newton's method)."""
    for _ in range(2):
        here = model.tth(rows, columns)
        along_rows = model.tth(rows + 0.5, columns) - model.tth(rows - 0.5, columns)
        along_columns = model.tth(rows, columns + 0.5) - model.tth(rows, columns - 0.5)
        step = (two_theta - here) / (along_rows**2 + along_columns**2)
        rows, columns = rows + step * along_rows, columns + step * along_columns
    return rows, columns
