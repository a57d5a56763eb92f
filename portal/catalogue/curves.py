"""The curves of summaries, as plots show them: which belong into one figure, and what they say in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.catalogue.plots import curves_svg, points_of

__all__ = ["Curve", "Figure", "curves_of", "figures_of"]

_DIGITS = 4


@dataclass(frozen=True)
class Curve:
    """One curve: finite numbers along rising ``x``, never empty.

    ``note`` is said beside its name; ``style`` is the number of its colour and dashes, from 1.
    """

    name: str
    x: list[float]
    y: list[float]
    x_label: str
    x_unit: str
    y_label: str
    y_unit: str
    note: str = ""
    style: int = 1

    @property
    def quantities(self) -> tuple[str, str, str, str]:
        """What is drawn against what; only curves that agree in it may share axes."""
        return (self.x_label, self.x_unit, self.y_label, self.y_unit)

    @property
    def extent(self) -> str:
        """Its lowest and highest value in words, and where the highest is."""
        highest = max(self.y)
        at = self.x[self.y.index(highest)]
        return (
            f"{_short(min(self.y))} to {_short(highest)} {self.y_unit}".rstrip()
            + f", highest at {_short(at)} {self.x_unit}".rstrip()
        )


@dataclass(frozen=True)
class Figure:
    """Curves of the same quantities on common axes; ``id`` is the element of the page with the numbers."""

    id: str
    curves: list[Curve]

    @property
    def svg(self) -> str:
        """The curves as drawn by the server: numbers alone, no text of anybody."""
        return curves_svg([(curve.x, curve.y, curve.style) for curve in self.curves])

    @property
    def x_axis(self) -> str:
        """What runs along the horizontal axis, with its unit."""
        return _with_unit(self.curves[0].x_label, self.curves[0].x_unit)

    @property
    def y_axis(self) -> str:
        """What runs along the vertical axis, with its unit."""
        return _with_unit(self.curves[0].y_label, self.curves[0].y_unit)

    @property
    def x_ends(self) -> tuple[str, str]:
        """The lowest and the highest x, in words."""
        return _short(min(curve.x[0] for curve in self.curves)), _short(
            max(curve.x[-1] for curve in self.curves)
        )

    @property
    def y_ends(self) -> tuple[str, str]:
        """The lowest and the highest y, in words."""
        return _short(min(min(curve.y) for curve in self.curves)), _short(
            max(max(curve.y) for curve in self.curves)
        )

    @property
    def words(self) -> str:
        """What the figure shows, for those who do not see it."""
        what = f"{self.y_axis} against {self.x_axis}, from {self.x_ends[0]} to {self.x_ends[1]}"
        if len(self.curves) == 1:
            return f"{what}. {self.curves[0].name}: {self.curves[0].extent}."
        return f"{what}. {len(self.curves)} curves: " + "; ".join(curve.name for curve in self.curves) + "."

    @property
    def document(self) -> dict[str, Any]:
        """The numbers for the script that makes the plot interactive."""
        first = self.curves[0]
        return {
            "x_label": first.x_label,
            "x_unit": first.x_unit,
            "y_label": first.y_label,
            "y_unit": first.y_unit,
            "curves": [{"name": curve.name, "x": curve.x, "y": curve.y} for curve in self.curves],
        }


def curves_of(content: Mapping[str, Any]) -> list[Curve]:
    """Return the curves of a summary's content; what is not a curve is left out."""
    series = content.get("series")
    rows = series if isinstance(series, list) else []
    curves = (_curve(row, style) for style, row in enumerate(rows, 1) if isinstance(row, Mapping))
    return [curve for curve in curves if len(curve.x) > 1]


def figures_of(curves: Sequence[Curve], *, prefix: str) -> list[Figure]:
    """Return the curves in as many figures as there are pairs of quantities, in the order they come."""
    groups: dict[tuple[str, ...], list[Curve]] = {}
    for curve in curves:
        groups.setdefault(curve.quantities, []).append(curve)
    return [Figure(f"{prefix}-{number}", group) for number, group in enumerate(groups.values())]


def _curve(row: Mapping[str, Any], style: int) -> Curve:
    points = sorted(points_of(row))
    return Curve(
        name=str(row.get("label") or "Curve"),
        x=[x for x, _ in points],
        y=[y for _, y in points],
        x_label=str(row.get("x_label") or "x"),
        x_unit=str(row.get("x_unit") or ""),
        y_label=str(row.get("y_label") or "y"),
        y_unit=str(row.get("y_unit") or ""),
        style=style,
    )


def _short(value: float) -> str:
    return f"{value:.{_DIGITS}g}"


def _with_unit(label: str, unit: str) -> str:
    return f"{label} ({unit})" if unit else label
