"""A detector image as a small PNG: false colours, logarithmic, without a plotting library."""

import struct
import zlib

import numpy as np

__all__ = ["picture_of"]

MAX_SIDE = 640
"""Larger images are shown by the largest value of each block, so that single spots stay visible."""

CLIPPED_PERCENTILES = (1.0, 99.9)
_N_COLOURS = 256
# Where the colours pass through on their way from dark to bright (those of matplotlib's viridis).
_STOPS = np.array(
    [
        *((68, 1, 84), (70, 50, 127), (54, 92, 141), (39, 127, 142)),
        *((31, 161, 135), (74, 194, 109), (159, 218, 58), (253, 231, 37)),
    ],
    dtype=float,
)
_MISSING = (128, 128, 128)


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
        return _png(np.zeros(shown.shape, np.uint8)), None, None
    low, high = (float(limit) for limit in np.percentile(shown[is_finite], CLIPPED_PERCENTILES))
    place = np.log1p(np.clip(np.where(is_finite, shown, low), low, high) - low)
    place /= np.log1p(high - low) or 1.0
    return _png(np.where(is_finite, 1 + place * (_N_COLOURS - 2), 0).astype(np.uint8)), low, high


def _reduced(image: np.ndarray) -> np.ndarray:
    """Return the largest value of each block of pixels, in floats."""
    factors = [-(-side // MAX_SIDE) for side in image.shape]
    starts = [np.arange(0, side, factor) for side, factor in zip(image.shape, factors, strict=True)]
    reduced = np.fmax.reduceat(image.astype(np.float32), starts[0], axis=0)
    return np.fmax.reduceat(reduced, starts[1], axis=1).astype(float)


def _png(indices: np.ndarray) -> bytes:
    """Write a palette image (PNG specification, colour type 3); colour 0 is for what is missing."""
    at = np.linspace(0, len(_STOPS) - 1, _N_COLOURS - 1)
    colours = np.stack([np.interp(at, range(len(_STOPS)), channel) for channel in _STOPS.T], axis=1)
    palette = bytes(_MISSING) + colours.round().astype(np.uint8).tobytes()
    rows, columns = indices.shape
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    lines = np.zeros((rows, columns + 1), np.uint8)  # each line begins with the number of its filter
    lines[:, 1:] = indices
    chunks = {b"IHDR": header, b"PLTE": palette, b"IDAT": zlib.compress(lines.tobytes(), 6), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks.items())


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
