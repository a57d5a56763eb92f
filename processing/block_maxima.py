"""Thinning a large array to the few numbers of a heat map, block of rows by block of rows."""

import numpy as np

from processing.summary import rounded

__all__ = ["MAX_COLUMNS", "MAX_ROWS", "BlockMaxima"]

MAX_ROWS, MAX_COLUMNS = 64, 256
"""The largest heat map of a summary, which is stored in one database row."""

DIGITS = 4
"""Significant digits of a value: more than colours can tell."""


class BlockMaxima:
    """The highest value of each block of an array that comes a few rows at a time.

    The array is cut into blocks as equal as can be, at most 64 by 256.  Each is told by its
    maximum, not by its mean: one number stands for hundreds, in which a ring of one bin, or a spot
    in one frame, would vanish.  The price is that the level between peaks lies higher, by about
    three standard deviations of the noise, everywhere alike.  Values that are not finite count as
    not measured.
    """

    def __init__(self, n_rows: int, n_columns: int) -> None:
        self.shape = (min(n_rows, MAX_ROWS), min(n_columns, MAX_COLUMNS))
        self._n_rows, self._n_columns = n_rows, n_columns
        self._values = np.full(self.shape, np.nan)
        self._starts = _starts(n_columns, self.shape[1])

    def add(self, first: int, block: np.ndarray) -> None:
        """Take the rows from number ``first`` on: array (any number of rows, n_columns)."""
        measured = np.where(np.isfinite(block), block, np.nan)
        narrowed = np.fmax.reduceat(measured, self._starts, axis=1)
        rows = np.arange(first, first + len(block)) * self.shape[0] // self._n_rows
        np.fmax.at(self._values, rows, narrowed)

    def values(self) -> list[list[float | None]]:
        """Return the maxima, row by row; None where nothing was measured."""
        return [
            [rounded(value, DIGITS) if np.isfinite(value) else None for value in row]
            for row in self._values.tolist()
        ]

    def row_centres(self, axis: np.ndarray) -> list[float]:
        """Return the mean of an axis (n_rows,) in each row of blocks."""
        return _centres(axis, self.shape[0])

    def column_centres(self, axis: np.ndarray) -> list[float]:
        """Return the mean of an axis (n_columns,) in each column of blocks."""
        return _centres(axis, self.shape[1])


def _starts(n_values: int, n_blocks: int) -> np.ndarray:
    """Return the first of the values in each block: value i is in block i * n_blocks // n_values."""
    return -(-np.arange(n_blocks) * n_values // n_blocks)


def _centres(axis: np.ndarray, n_blocks: int) -> list[float]:
    starts = _starts(len(axis), n_blocks)
    sums = np.add.reduceat(np.asarray(axis, dtype=float), starts)
    return [rounded(centre) for centre in (sums / np.diff([*starts, len(axis)])).tolist()]
