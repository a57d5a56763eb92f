"""A curve with its axes as lines and labels on a small canvas, for a template to write as SVG."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.catalogue.axes import round_numbers

__all__ = ["Curve", "Tick", "drawn_curve"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 708.0, 14.0, 262.0


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
        numbers = round_numbers(self.low, self.high)
        return [Tick(round(self.place(number), 1), f"{number:.6g}") for number in numbers]
