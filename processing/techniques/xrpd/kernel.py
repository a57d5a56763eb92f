"""The one loop of azimuthal integration, for several frames in one pass over the matrix.

pyFAI's sparse matrix says how much of each pixel falls into each bin. Stored by columns
(CSC), it is read in the order of the pixels, as the image is, instead of jumping about in
it. The matrix is larger than any cache and its transport is what the loop waits for, so each
coefficient that has come is used for eight frames. The arithmetic is that of pyFAI: pixels in
single precision, sums in double.
"""

from typing import NamedTuple

import numba
import numpy as np

__all__ = ["WIDTH", "Matrix", "add_frames", "add_frames_with_variance"]

WIDTH = 8
"""How many frames are summed in one pass."""

_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


class Matrix(NamedTuple):
    """A sparse matrix of shape (bins, pixels), by columns.

    ``data`` float32 (n,): the part of the pixel that falls into the bin; ``indices`` int32
    (n,): the bin; ``indptr`` int32 (pixels + 1,): where each pixel begins. The indices are
    not checked by the loop: they come from pyFAI, or from the store, which checks them.
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray


@_compiled
def add_frames(frames, dark, matrix, norm, dummy, delta, sums, lost):  # type: ignore[no-untyped-def]
    """Add the signal of eight frames to the sums of the bins.

    Parameters
    ----------
    frames : array (8, pixels), any real dtype
    dark : float32 (pixels,), subtracted; or (0,): nothing
    matrix : Matrix
    norm : float32 (pixels,)
        What each pixel counts for: solid angle, flat field, polarisation.
    dummy, delta : float32
        A value within ``delta`` of ``dummy`` says nothing (a dead or overflown pixel); ``delta`` below
        zero: there is no such value. A value that is not finite never says anything.
    sums : float64 (bins, 8), added to
    lost : float64 (bins, 16), added to
        Of the pixels that said nothing: ``norm`` (first eight) and part of a pixel (last eight).
    """
    values = np.empty(WIDTH, np.float64)
    for pixel in range(matrix.indptr.size - 1):
        first, end = matrix.indptr[pixel], matrix.indptr[pixel + 1]
        if first == end:
            continue
        all_valid = True
        for k in range(WIDTH):
            value = np.float32(frames[k, pixel])
            values[k] = value
            all_valid &= (abs(value - dummy) > delta) & (value - value == 0)
        if dark.size:
            for k in range(WIDTH):
                values[k] = np.float32(values[k]) - dark[pixel]
        if not all_valid:
            for k in range(WIDTH):
                value = np.float32(frames[k, pixel])
                if not (abs(value - dummy) > delta) or value - value != 0:
                    values[k] = 0.0
                    for j in range(first, end):
                        lost[matrix.indices[j], k] += np.float64(matrix.data[j]) * norm[pixel]
                        lost[matrix.indices[j], WIDTH + k] += matrix.data[j]
        for j in range(first, end):
            part, row = np.float64(matrix.data[j]), matrix.indices[j]
            for k in range(WIDTH):
                sums[row, k] += part * values[k]


@_compiled
def add_frames_with_variance(frames, dark, matrix, norm, dummy, delta, sums, lost):  # type: ignore[no-untyped-def]
    """Do the same with the Poisson variance: a count is its own variance, at least 1.

    ``sums`` is float64 (bins, 16), signal (first eight) and variance (last eight).
    """
    values, variances = np.empty(WIDTH, np.float64), np.empty(WIDTH, np.float64)
    for pixel in range(matrix.indptr.size - 1):
        first, end = matrix.indptr[pixel], matrix.indptr[pixel + 1]
        if first == end:
            continue
        all_valid = True
        for k in range(WIDTH):
            value = np.float32(frames[k, pixel])
            values[k] = value
            variances[k] = max(value, np.float32(1))
            all_valid &= (abs(value - dummy) > delta) & (value - value == 0)
        if dark.size:
            for k in range(WIDTH):
                values[k] = np.float32(values[k]) - dark[pixel]
        if not all_valid:
            for k in range(WIDTH):
                value = np.float32(frames[k, pixel])
                if not (abs(value - dummy) > delta) or value - value != 0:
                    values[k] = variances[k] = 0.0
                    for j in range(first, end):
                        lost[matrix.indices[j], k] += np.float64(matrix.data[j]) * norm[pixel]
                        lost[matrix.indices[j], WIDTH + k] += matrix.data[j]
        for j in range(first, end):
            part, row = np.float64(matrix.data[j]), matrix.indices[j]
            square = part * part
            for k in range(WIDTH):
                sums[row, k] += part * values[k]
            for k in range(WIDTH):
                sums[row, WIDTH + k] += square * variances[k]
