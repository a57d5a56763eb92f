"""A curve with its axes as lines and labels on a small canvas, for a template to write as SVG."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Curve", "Tick", "drawn_curve"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 708.0, 14.0, 262.0
_N_TICKS = 6
_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in pixels of the canvas, and the number there."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """The points of a line as SVG writes them, and the ticks of both axes; canvas of 720 x 310 pixels."""

    points: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    left: float = _LEFT
    right: float = _RIGHT
    top: float = _TOP
    bottom: float = _BOTTOM


def drawn_curve(plot: Mapping[str, Any]) -> Curve | None:
    """Draw the curve of a plot as of ``processing.nexus.preview.plot_of``; None for any other plot."""
    if plot["kind"] != "curve":
        return None
    points = plot["points"]
    xs, ys = _Axis([x for x, _ in points], _LEFT, _RIGHT), _Axis([y for _, y in points], _BOTTOM, _TOP)
    line = " ".join(f"{xs.place(x):.1f},{ys.place(y):.1f}" for x, y in points)
    return Curve(line, xs.ticks(), ys.ticks())


class _Axis:
    """Places values between two ends of the canvas."""

    def __init__(self, values: list[float], start: float, end: float) -> None:
        self.low, self.high = min(values), max(values)
        if self.low == self.high:
            self.low, self.high = self.low - 0.5, self.high + 0.5
        self.start, self.end = start, end

    def place(self, value: float) -> float:
        # Halved first: the span of the largest floats is beyond them.
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2 or math.inf)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[Tick]:
        """Return ticks at round numbers, four to seven of them."""
        step = _round_step((self.high / 2 - self.low / 2) / _N_TICKS * 2)
        if step == 0 or not math.isfinite(step):
            return []
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        if last - first > 2 * _N_TICKS:  # numbers so close together that floats cannot tell them apart
            return []
        return [Tick(round(self.place(n * step), 1), f"{n * step:.6g}") for n in range(first, last + 1)]


def _round_step(step: float) -> float:
    """Return the next number of the form 1, 2 or 5 times a power of ten."""
    if step <= 0 or not math.isfinite(step):
        return 0.0
    power = 10.0 ** math.floor(math.log10(step))
    return next((factor * power for factor in _STEPS if factor * power >= step * 0.999999), 10 * power)
