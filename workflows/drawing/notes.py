"""The notes of a drawing: what a link hands over, shown beside it while it is pointed at or focused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workflows.drawing.markup import short

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_WIDTH: Final = 340
"""A drawing with notes is at least so wide, so that each fits into it."""

_MOST_LINES = 9
_MOST_ON_A_LINE = 44
_LINE_HEIGHT = 15
_PADDING = 8
_CHARACTER = 6.6
_EDGE = 2


def note(lines: Sequence[str], *, x: float, y: float, left: float, right: float, bottom: float) -> str:
    """Write lines of text into a box on the right of (x, y), hidden until a style sheet shows it.

    The box stays between ``left``, ``right``, 0 and ``bottom``.
    """
    shown = [line.replace(" -> ", " \N{RIGHTWARDS ARROW} ") for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown[-1] = f"and {len(lines) - _MOST_LINES + 1} more"
    width = min(max(map(len, shown)), _MOST_ON_A_LINE) * _CHARACTER + 2 * _PADDING
    height = len(shown) * _LINE_HEIGHT + 2 * _PADDING - 4
    box_x = max(left + _EDGE, min(x + _PADDING, right - width - _EDGE))
    box_y = max(_EDGE, min(y - height / 2, bottom - height - _EDGE))
    texts = "".join(
        f'<text x="{_PADDING}" y="{_PADDING + 9 + number * _LINE_HEIGHT}"'
        f' font-weight="{400 if number else 600}">{short(line, _MOST_ON_A_LINE)}</text>'
        for number, line in enumerate(shown)
    )
    return (
        f'<g class="link-note" visibility="hidden" transform="translate({box_x:.1f} {box_y:.1f})"'
        f' font-size="11" fill="currentColor" stroke="none">'
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="5" stroke="currentColor"/>{texts}</g>'
    )
