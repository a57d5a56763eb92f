"""A detector image as a small PNG: false colours, logarithmic, without a plotting library."""

import numpy as np

from processing.false_colours import N_COLOURS, palette_png

__all__ = ["picture_of"]

MAX_SIDE = 640
"""Larger images are shown by the largest value of each block, so that single spots stay visible."""

CLIPPED_PERCENTILES = (1.0, 99.9)


def picture_of(image: np.ndarray) -> tuple[bytes, float | None, float | None]:
    """Draw an image.

    Parameters
    ----------
    image : array (rows, columns), real numbers

    Returns
    -------
    png : bytes
        At most 640 pixels a side, the first row at the bottom, as h5web shows it; what is not finite is
        grey.
    low, high : float
        The values that the first and the last colour stand for, and all beyond; None where no value
        is finite.
    """
    shown = _reduced(image)[::-1]
    is_finite = np.isfinite(shown)
    if not is_finite.any():
        return palette_png(np.zeros(shown.shape, np.uint8)), None, None
    low, high = (float(limit) for limit in np.percentile(shown[is_finite], CLIPPED_PERCENTILES))
    place = np.log1p(np.clip(np.where(is_finite, shown, low), low, high) - low)
    place /= np.log1p(high - low) or 1.0
    return palette_png(np.where(is_finite, 1 + place * (N_COLOURS - 2), 0).astype(np.uint8)), low, high


def _reduced(image: np.ndarray) -> np.ndarray:
    """Return the largest value of each block of pixels, in floats."""
    factors = [-(-side // MAX_SIDE) for side in image.shape]
    starts = [np.arange(0, side, factor) for side, factor in zip(image.shape, factors, strict=True)]
    reduced = np.fmax.reduceat(image.astype(np.float32), starts[0], axis=0)
    return np.fmax.reduceat(reduced, starts[1], axis=1).astype(float)
