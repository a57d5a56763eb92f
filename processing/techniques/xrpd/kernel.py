"""The one loop of azimuthal integration, for several frames in one pass over the matrix.

pyFAI's sparse matrix says how much of each pixel falls into each bin. Stored by columns
(CSC), it is read in the order of the pixels, as the image is, instead of jumping about in
it. The matrix is larger than any cache and its transport is what the loop waits for, so each
coefficient that has come is used for eight frames. The arithmetic is that of pyFAI: pixels in
single precision, sums in double.

The indices of the matrix are not checked here: they come from pyFAI, or from the store of
engines, which verifies what it loads.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, cast

import numba
import numpy as np

__all__ = [
    "DTYPES",
    "WIDTH",
    "Corrections",
    "Matrix",
    "add_frames",
    "add_frames_with_variance",
    "load",
    "total",
]

WIDTH = 8
"""How many frames are summed in one pass."""

DTYPES = ("u2", "u4", "i4", "f4")
"""Types of frames that there are loops for."""


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function when it is called first, and keep what was compiled for other processes.

    It is kept in ``__pycache__`` beside this file, else in the user's cache or in ``NUMBA_CACHE_DIR``, by the
    time and size of this file, the version of numba and the kind of processor.
    """
    try:
        return cast("Callable[..., Any]", numba.njit(nogil=True, cache=True, error_model="numpy")(function))
    except RuntimeError:  # none of the folders can be written: each process compiles for itself
        return cast("Callable[..., Any]", numba.njit(nogil=True, error_model="numpy")(function))


# Part of the loop itself: as a call it would cost a third of the time.
_inlined = numba.njit(inline="always", error_model="numpy")


class Matrix(NamedTuple):
    """A sparse matrix of shape (bins, pixels), by columns.

    ``data`` float32 (n,): the part of the pixel that falls into the bin; ``indices`` int32
    (n,): the bin; ``indptr`` int32 (pixels + 1,): where each pixel begins.
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray


class Corrections(NamedTuple):
    """What is done to each pixel.

    ``dark`` float32 (pixels,) is subtracted, or (0,): nothing is; ``norm`` float32 (pixels,)
    is what the pixel counts for (solid angle, flat field, polarisation), 0 where it is to be left
    out. A value within ``delta`` of ``dummy`` says nothing (a dead or overflown pixel); a ``delta``
    below zero: there is no such value. A value that is not finite never says anything.
    """

    dark: np.ndarray
    norm: np.ndarray
    dummy: np.float32
    delta: np.float32


@_inlined
def _says_nothing(value: np.float32, corrections: Corrections) -> bool:
    return not (abs(value - corrections.dummy) > corrections.delta) or value - value != 0


@_inlined
def _take(frames: np.ndarray, pixel: int, corrections: Corrections, values: np.ndarray) -> bool:
    """Fetch one pixel of all frames as it was counted; return whether each value says something."""
    all_valid = True
    for k in range(WIDTH):
        value = np.float32(frames[k, pixel])
        values[k] = value
        all_valid &= (abs(value - corrections.dummy) > corrections.delta) & (value - value == 0)
    return all_valid


@_inlined
def _subtract_dark(pixel: int, corrections: Corrections, values: np.ndarray) -> None:
    if corrections.dark.size:
        for k in range(WIDTH):
            values[k] = np.float32(values[k]) - corrections.dark[pixel]


@_inlined
def _each(values: np.ndarray) -> tuple[float, ...]:
    """Give eight values as a tuple, which stays in registers: the compiler reads an array again and again."""
    return (
        values[0],
        values[1],
        values[2],
        values[3],
        values[4],
        values[5],
        values[6],
        values[7],
    )


@_inlined
def _add_times(sums: np.ndarray, row: int, first: int, part: float, values: tuple[float, ...]) -> None:
    """Add the part of each value to eight columns; written out, which is a quarter faster than a loop."""
    sums[row, first] += part * values[0]
    sums[row, first + 1] += part * values[1]
    sums[row, first + 2] += part * values[2]
    sums[row, first + 3] += part * values[3]
    sums[row, first + 4] += part * values[4]
    sums[row, first + 5] += part * values[5]
    sums[row, first + 6] += part * values[6]
    sums[row, first + 7] += part * values[7]


@_compiled
def _lose(matrix: Matrix, pixel: int, norm: np.float32, k: int, lost: np.ndarray) -> None:
    """Note what the bins lack of a pixel that says nothing in frame ``k``."""
    for j in range(matrix.indptr[pixel], matrix.indptr[pixel + 1]):
        lost[matrix.indices[j], k] += np.float64(matrix.data[j]) * norm
        lost[matrix.indices[j], WIDTH + k] += matrix.data[j]


@_compiled
def add_frames(
    frames: np.ndarray, matrix: Matrix, corrections: Corrections, sums: np.ndarray, lost: np.ndarray
) -> None:
    """Add the signal of eight frames to the sums of the bins.

    Parameters
    ----------
    frames : array (8, pixels) of one of `DTYPES`
    matrix, corrections
    sums : float64 (bins, 8), added to
    lost : float64 (bins, 16), added to
        Of the pixels that said nothing: ``norm`` (first eight) and part of a pixel (last eight).
    """
    data, indices, indptr = matrix
    values = np.empty(WIDTH, np.float64)
    for pixel in range(indptr.size - 1):
        first, end = indptr[pixel], indptr[pixel + 1]
        if first == end or corrections.norm[pixel] == 0:
            continue
        all_valid = _take(frames, pixel, corrections, values)
        _subtract_dark(pixel, corrections, values)
        if not all_valid:
            for k in range(WIDTH):
                if _says_nothing(np.float32(frames[k, pixel]), corrections):
                    values[k] = 0.0
                    _lose(matrix, pixel, corrections.norm[pixel], k, lost)
        signal = _each(values)
        for j in range(first, end):
            _add_times(sums, indices[j], 0, np.float64(data[j]), signal)


@_compiled
def add_frames_with_variance(
    frames: np.ndarray, matrix: Matrix, corrections: Corrections, sums: np.ndarray, lost: np.ndarray
) -> None:
    """Do the same with the Poisson variance: a count is its own variance, at least 1.

    ``sums`` is float64 (bins, 16), signal (first eight) and variance (last eight).
    """
    data, indices, indptr = matrix
    values, variances = np.empty(WIDTH, np.float64), np.empty(WIDTH, np.float64)
    for pixel in range(indptr.size - 1):
        first, end = indptr[pixel], indptr[pixel + 1]
        if first == end or corrections.norm[pixel] == 0:
            continue
        all_valid = _take(frames, pixel, corrections, values)
        for k in range(WIDTH):
            variances[k] = max(values[k], 1.0)
        _subtract_dark(pixel, corrections, values)
        if not all_valid:
            for k in range(WIDTH):
                if _says_nothing(np.float32(frames[k, pixel]), corrections):
                    values[k] = variances[k] = 0.0
                    _lose(matrix, pixel, corrections.norm[pixel], k, lost)
        signal, variance = _each(values), _each(variances)
        for j in range(first, end):
            part = np.float64(data[j])
            _add_times(sums, indices[j], 0, part, signal)
            _add_times(sums, indices[j], WIDTH, part * part, variance)


@_compiled
def total(matrix: Matrix, norm: np.ndarray, sums: np.ndarray) -> None:
    """Add what the bins get of ``norm`` (first column) and of pixels (second) to float64 (bins, 2)."""
    data, indices, indptr = matrix
    for pixel in range(indptr.size - 1):
        if norm[pixel] == 0:
            continue
        for j in range(indptr[pixel], indptr[pixel + 1]):
            sums[indices[j], 0] += np.float64(data[j]) * norm[pixel]
            sums[indices[j], 1] += data[j]


def load(dtypes: Iterable[Any] = DTYPES) -> None:
    """Compile the loops, or load what was compiled before, so that this process and its forks have them."""
    matrix = Matrix(np.ones(1, np.float32), np.zeros(1, np.int32), np.array([0, 1], np.int32))
    norm = np.ones(1, np.float32)
    corrections = Corrections(norm, norm, np.float32(0), np.float32(-1))
    lost = np.zeros((1, 2 * WIDTH))
    for dtype in dtypes:
        frames = np.ones((WIDTH, 1), dtype)
        add_frames(frames, matrix, corrections, np.zeros((1, WIDTH)), lost)
        add_frames_with_variance(frames, matrix, corrections, np.zeros((1, 2 * WIDTH)), lost)
    total(matrix, norm, np.zeros((1, 2)))
