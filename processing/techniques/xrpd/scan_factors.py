"""By what the patterns of a scan are divided: monitors over references, numbers or counters of the scan."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from processing.nexus.images import split_url
from processing.nexus.scans import Scan
from processing.techniques.xrpd.monitors import read_factor
from workflows import InputError

__all__ = ["Counters", "ScanFactors"]


class Counters:
    """Counters of a scan, read again only when frames came that they were not read for."""

    def __init__(self, scan: Scan) -> None:
        self._scan, self._known = scan, dict[str, np.ndarray]()

    def read(self, name: str, first: int, last: int) -> np.ndarray:
        """Return the values for frames ``first`` to ``last`` (not included).

        Raises
        ------
        InputError
            The scan has no such counter, or fewer values than frames.
        """
        values = self._known.get(name)
        if values is None or len(values) < last:
            values = self._scan.counter(name)
            if values is None:
                known = ", ".join(self._scan.counters()) or "none"
                raise InputError(f"The scan has no counter {name!r}; it has: {known}")
            self._known[name] = values
        return values[first:last]


class ScanFactors:
    """Divisors of the frames of a scan, as `integrate_scan` wants them.

    Parameters
    ----------
    monitors, references : lists of the same length
        Each a number, the URL of one, or the name of a counter; None counts as 1.
    scale : float
        Every factor is multiplied by it.

    Raises
    ------
    InputError
        The lists differ in length, or a number is not positive.
    """

    def __init__(
        self, counters: Counters, monitors: Sequence[Any], references: Sequence[Any], *, scale: float = 1.0
    ) -> None:
        if len(monitors) != len(references):
            raise InputError(
                f"There are {len(monitors)} monitors, but {len(references)} references: give one for each"
            )
        self._counters = counters
        self._upper = [value for value in monitors if _is_counter(value)]
        self._lower = [value for value in references if _is_counter(value)]
        numbers = [value for value in monitors if not _is_counter(value)]
        below = [value for value in references if not _is_counter(value)]
        length = max(len(numbers), len(below))
        self._constant = scale * read_factor(
            monitors=[*numbers, *[None] * (length - len(numbers))],
            references=[*below, *[None] * (length - len(below))],
        )

    @property
    def names(self) -> list[str]:
        """The counters that are used."""
        return [*self._upper, *self._lower]

    def __call__(self, first: int, last: int) -> list[float]:
        """Return the factors of some frames; NaN where a counter is not positive, as without beam."""
        factors = np.full(last - first, self._constant)
        for name in self._upper:
            factors *= self._positive(name, first, last)
        for name in self._lower:
            factors /= self._positive(name, first, last)
        return [float(factor) for factor in factors]

    def _positive(self, name: str, first: int, last: int) -> np.ndarray:
        values = np.asarray(self._counters.read(name, first, last), dtype=float)
        return np.where(np.isfinite(values) & (values > 0), values, np.nan)


def _is_counter(value: Any) -> bool:
    """Whether a value is the name of a counter: a text that names no file."""
    return isinstance(value, str) and bool(value) and split_url(value)[1] is None
