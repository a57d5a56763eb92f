"""Small plots as inline SVG, so that they follow the page's colours and need no script.

The one on a card is drawn once, when a summary is stored. Only numbers reach the markup, so nothing
that a file says can become markup.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["curves_svg", "line_svg", "points_of"]

_CARD_WIDTH, _WIDTH, _HEIGHT, _MARGIN = 320, 640, 120, 4
# Of a card that is stored for every dataset: with 12 bytes a point it stays below 8 kB.
_CARD_POINTS = 600

Points = Sequence[tuple[float, float]]


def line_svg(series: Sequence[object]) -> str:
    """Return an SVG of the first series for a card, at most 8 kB; "" where there is nothing to draw.

    Parameters
    ----------
    series : sequence
        Its first as ``points_of`` takes it.
    """
    points = points_of(series[0]) if series else []
    if len(points) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    shown = _thinned(_scaled(points, _box([points]), width=_CARD_WIDTH), _CARD_POINTS)
    return _drawing([_polyline(shown, 'stroke="currentColor"')], width=_CARD_WIDTH)


def points_of(series: object) -> list[tuple[float, float]]:
    """Return the points of a series as it is stored, in its order.

    Parameters
    ----------
    series : mapping
        As of ``processing.summary.Series.as_dict()``: ``x`` and ``y`` lists of numbers, the same
        length. Points that are not finite are left out; what is no such mapping has none.
    """
    xs, ys = (series.get("x"), series.get("y")) if isinstance(series, Mapping) else (None, None)
    if not isinstance(xs, list) or not isinstance(ys, list):
        return []
    pairs = zip(xs, ys, strict=False)
    return [(float(x), float(y)) for x, y in pairs if _is_finite(x) and _is_finite(y)]


def curves_svg(curves: Sequence[tuple[Sequence[float], Sequence[float], int]]) -> str:
    """Return an SVG of several curves on common axes; "" where there is none.

    A curve of style 1 has the class ``curve-1`` and so on, by which the style sheet gives colours and
    dashes.

    Parameters
    ----------
    curves : sequence of (x, y, style)
        Finite numbers, of each curve as many x as y and at least one; and the number of its style.
    """
    lines = [(list(zip(xs, ys, strict=True)), style) for xs, ys, style in curves]
    if not lines:
        return ""
    box = _box([points for points, _ in lines])
    return _drawing(
        [
            _polyline(_thinned(_scaled(points, box, width=_WIDTH), 2 * _WIDTH), f'class="curve-{style:d}"')
            for points, style in lines
        ],
        width=_WIDTH,
    )


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _drawing(lines: Iterable[str], *, width: int) -> str:
    return (
        f'<svg class="card-plot" viewBox="0 0 {width} {_HEIGHT}" '
        f'preserveAspectRatio="none" aria-hidden="true">{"".join(lines)}</svg>'
    )


def _polyline(points: Points, attribute: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{path}" fill="none" {attribute} stroke-width="1.2" '
        'vector-effect="non-scaling-stroke" stroke-linejoin="round"/>'
    )


def _box(lines: Sequence[Points]) -> tuple[float, float, float, float]:
    """Return the least and the greatest x and y of all lines."""
    xs = [x for points in lines for x, _ in points]
    ys = [y for points in lines for _, y in points]
    return min(xs), max(xs), min(ys), max(ys)


def _scaled(
    points: Points, box: tuple[float, float, float, float], *, width: int
) -> list[tuple[float, float]]:
    left, right, bottom, top = box
    x_span, y_span = right - left or 1.0, top - bottom or 1.0
    x_room, y_room = width - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN
    return [
        (_MARGIN + (x - left) / x_span * x_room, _HEIGHT - _MARGIN - (y - bottom) / y_span * y_room)
        for x, y in points
    ]


def _thinned(points: Points, most: int) -> Points:
    """Return the lowest and the highest point of each of ``most / 2`` columns, so that no peak is lost."""
    if len(points) <= most:
        return points
    left, span = points[0][0], points[-1][0] - points[0][0] or 1.0
    columns: dict[int, list[int]] = {}
    for place, (x, _) in enumerate(points):
        columns.setdefault(int((x - left) / span * (most // 2 - 1)), []).append(place)
    kept = {
        end(places, key=lambda place: points[place][1]) for places in columns.values() for end in (min, max)
    }
    return [points[place] for place in sorted(kept)]
