"""The small plot of a card: one inline SVG that follows the page's colours.

Drawn once, when a summary is stored. Only numbers reach the markup, so nothing that a file says can
become markup.
"""

import math
from collections.abc import Mapping, Sequence

__all__ = ["line_svg"]

_WIDTH, _HEIGHT, _MARGIN = 320, 120, 4


def line_svg(series: Sequence[Mapping[str, object]]) -> str:
    """Return an SVG of the first series, or "" where there is nothing to draw.

    Parameters
    ----------
    series : sequence of mappings
        As of ``processing.summary.Series.as_dict()``: ``x`` and ``y`` lists of numbers, the same
        length (points that are not finite are left out).
    """
    points = _points(series[0]) if series else []
    if len(points) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in _scaled(points))
    return (
        f'<svg class="card-plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'preserveAspectRatio="none" aria-hidden="true">'
        f'<polyline points="{path}" fill="none" stroke="currentColor" stroke-width="1.2" '
        'vector-effect="non-scaling-stroke" stroke-linejoin="round"/></svg>'
    )


def _points(series: Mapping[str, object]) -> list[tuple[float, float]]:
    xs, ys = series.get("x"), series.get("y")
    if not isinstance(xs, list) or not isinstance(ys, list):
        return []
    pairs = zip(xs, ys, strict=False)
    return [(float(x), float(y)) for x, y in pairs if _is_finite(x) and _is_finite(y)]


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _scaled(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x_span, y_span = max(xs) - min(xs) or 1.0, max(ys) - min(ys) or 1.0
    width, height = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN
    return [
        (_MARGIN + (x - min(xs)) / x_span * width, _HEIGHT - _MARGIN - (y - min(ys)) / y_span * height)
        for x, y in points
    ]
