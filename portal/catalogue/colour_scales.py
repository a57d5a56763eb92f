"""Which colour stands for which value: linear, and logarithmic where a linear scale would hide most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from portal.catalogue.axes import round_numbers

__all__ = ["ColourScale", "Tick", "ValueRange", "colour_scales", "common_range"]

_LOGARITHMIC_FROM = 5
"""A maximum of so many times the median leaves half of a map in the darkest fifth of a linear scale."""
_FLOOR_PERCENTILE = 1
_DEEPEST = 30
"""A logarithm begins so many times below the median: darker is shadow, and would take most of the colours."""
_MANTISSAS = (1, 2, 5)
_MOST_TICKS = 7


class Tick(NamedTuple):
    """A place in percent, and the number there."""

    at: float
    label: str


class ValueRange(NamedTuple):
    """The least and the greatest value, the least that is worth a colour of a logarithm, the median."""

    low: float
    high: float
    floor: float
    median: float


@dataclass(frozen=True)
class ColourScale:
    """From the value of the first colour to that of the last."""

    kind: Literal["linear", "logarithmic"]
    low: float
    high: float

    def shares(self, values: np.ndarray) -> np.ndarray:
        """Return how far along the colours each value is, from 0 to 1; NaN stays."""
        clipped = np.clip(values, self.low, self.high)
        if self.kind == "logarithmic":
            return np.log(clipped / self.low) / np.log(self.high / self.low)
        # Halved first: the span of the largest floats is beyond them.
        span = self.high / 2 - self.low / 2
        return (clipped / 2 - self.low / 2) / span if span else np.where(np.isnan(values), np.nan, 0.5)

    @property
    def ticks(self) -> list[Tick]:
        """Values beside the colours and their places in percent."""
        numbers = self._decades() if self.kind == "logarithmic" else []
        numbers = numbers or round_numbers(self.low, self.high) or [self.low]
        shares = self.shares(np.array(numbers)) * 100
        return [
            Tick(round(share, 2), f"{number:.4g}")
            for share, number in zip(shares.tolist(), numbers, strict=True)
        ]

    def _decades(self) -> list[float]:
        """Return 1, 2 and 5 times the powers of ten in the range, fewer where these are many."""
        powers = range(int(np.floor(np.log10(self.low))), int(np.ceil(np.log10(self.high))) + 1)
        for mantissas in (_MANTISSAS, (1, 3), (1,)):
            numbers = [mantissa * 10.0**power for power in powers for mantissa in mantissas]
            inside = [number for number in numbers if self.low <= number <= self.high]
            if len(inside) <= _MOST_TICKS:
                return inside
        return inside


def common_range(several: Sequence[np.ndarray]) -> ValueRange:
    """Return the range of several arrays together; each has at least one number, beside NaN."""
    values = np.concatenate([array[np.isfinite(array)] for array in several])
    low, high = float(values.min()), float(values.max())
    positive = values[values > 0]
    floor = float(np.percentile(positive, _FLOOR_PERCENTILE)) if positive.size else 0.0
    deepest = float(np.median(positive)) / _DEEPEST if positive.size else 0.0
    return ValueRange(low, high, max(floor, deepest), float(np.median(values)))


def colour_scales(over: ValueRange) -> list[ColourScale]:
    """Return the scales that are worth a choice, the one that shows most first."""
    linear = ColourScale("linear", over.low, over.high)
    is_hidden = over.high > 0 and over.high > _LOGARITHMIC_FROM * max(over.median, 0)
    if is_hidden and 0 < over.floor < over.high / 2:
        return [ColourScale("logarithmic", over.floor, over.high), linear]
    return [linear]
