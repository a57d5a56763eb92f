"""Bar charts made on the server: inline SVG that follows the page's colours and needs no script.

Only numbers and escaped text reach the markup. Series differ by their filling as well as by colour:
the first is solid, the second striped, the third hollow.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

__all__ = ["Series", "bar_chart"]

# In units of the drawing, which is shown at about one to one.
_WIDTH, _LEFT, _RIGHT, _TOP, _PLOT, _BOTTOM = 480, 44, 8, 26, 120, 26
_WIDEST_BAR, _NARROWEST_SLOT = 40, 5
_LABEL_SLOT, _TOTAL_SLOT, _STRIPES = 60, 30, 4
_MOST_TICKS = 4


@dataclass(frozen=True)
class Series:
    """One number for each label; they are stacked. ``kind`` chooses the colour of good or bad news."""

    name: str
    values: Sequence[float]
    kind: Literal["", "good", "bad"] = ""


def bar_chart(*, title: str, labels: Sequence[str], series: Sequence[Series], unit: str = "") -> SafeString:
    """Draw one bar for each label, the series stacked in it.

    Parameters
    ----------
    title
        What the chart shows: its caption, and its name for those who do not see it.
    labels
        Below the bars; where they do not all fit, every second, third ... is written.
    series
        Up to three, as long as ``labels``. What is not a finite number above 0 counts as 0.
    unit
        Of the values, as "jobs" or "GB".

    Returns
    -------
    SafeString
        A ``<figure class="chart">``, which scrolls sideways inside itself when it is long. Each bar names
        its values under the pointer, and the description of the drawing lists those that are not 0.
    """
    rows = [[_size(value) for value in each.values] for each in series]
    totals = [sum(column) for column in zip(*rows, strict=True)] or [0.0] * len(labels)
    slot = max((_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1), _NARROWEST_SLOT)
    width = _LEFT + slot * len(labels) + _RIGHT if labels else _WIDTH
    ticks = _ticks(max(totals, default=0), is_whole=all(value.is_integer() for value in totals))
    words = [f"{label}: {_words(series, rows, place, unit)}" for place, label in enumerate(labels)]
    parts = [_grid(ticks, width, unit)]
    for place, word in enumerate(words):
        column = [row[place] for row in rows]
        parts.append(_bar(_LEFT + slot * place, slot, column, series, top=ticks[-1], title=word))
    parts += _texts(labels, totals, slot, ticks[-1])
    return format_html(
        '<figure class="chart{}"><figcaption>{}{}</figcaption>'
        '<div class="chart-scroll" tabindex="0" role="group" aria-label="{}">'
        '<svg role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">'
        "<desc>{}</desc>{}</svg></div></figure>",
        " chart-long" if width > _WIDTH else "",
        title,
        _legend(series),
        title,
        title,
        *(round(width), _TOP + _PLOT + _BOTTOM) * 2,
        "; ".join(word for word, total in zip(words, totals, strict=True) if total) or "Nothing yet.",
        _joined(parts),
    )


def _size(value: float) -> float:
    return float(value) if math.isfinite(value) and value > 0 else 0.0


def _ticks(most: float, *, is_whole: bool) -> list[float]:
    """Return round numbers from 0 to at least ``most``."""
    rough = max(most, 1 if is_whole else 1e-9) / _MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    step = max(step, 1.0) if is_whole else step
    return [step * number for number in range(max(math.ceil(most / step - 1e-9), 1) + 1)]


def _words(series: Sequence[Series], rows: Sequence[Sequence[float]], place: int, unit: str) -> str:
    shown = [
        f"{_number(row[place])} {each.name}".strip()
        for each, row in zip(series, rows, strict=True)
        if row[place]
    ]
    return f"{', '.join(shown) or '0'} {unit}".strip()


def _grid(ticks: Sequence[float], width: float, unit: str) -> SafeString:
    lines = format_html_join(
        "",
        '<line x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (_LEFT, round(width - _RIGHT), y, y, _LEFT - 6, round(y + 4, 1), _number(tick))
            for tick in ticks
            for y in [_y(tick, ticks[-1])]
        ),
    )
    return format_html('<g class="chart-grid">{}<text x="0" y="11">{}</text></g>', lines, unit)


def _bar(
    x: float, slot: float, column: Sequence[float], series: Sequence[Series], *, top: float, title: str
) -> SafeString:
    width = min(slot * 0.78, _WIDEST_BAR)
    left, below = x + (slot - width) / 2, 0.0
    pieces = []
    for number, (value, each) in enumerate(zip(column, series, strict=True)):
        if value:
            y, height = _y(below + value, top), _y(below, top) - _y(below + value, top)
            pieces.append(_piece(number, each.kind, (round(left, 1), y, round(width, 1), round(height, 1))))
        below += value
    area = (round(x, 1), _TOP, round(slot, 1), _PLOT)
    return format_html(
        '<g class="chart-bar"><title>{}</title>'
        '<rect class="chart-area" x="{}" y="{}" width="{}" height="{}"/>{}</g>',
        title,
        *area,
        _joined(pieces),
    )


def _piece(number: int, kind: str, place: tuple[float, float, float, float]) -> SafeString:
    """Draw one value at ``place``: x, y, width, height."""
    x, y, width, height = place
    stripes = ""
    if number == 1:
        rows = range(1, int(height // _STRIPES) + 1)
        stripes = "".join(f"M{x} {round(y + _STRIPES * row - 1, 1)}h{width}" for row in rows)
    return format_html(
        '<g class="piece piece-{}{}"><rect x="{}" y="{}" width="{}" height="{}"/>{}</g>',
        number,
        f" piece-{kind}" if kind else "",
        *place,
        format_html('<path d="{}"/>', stripes) if stripes else "",
    )


def _texts(labels: Sequence[str], totals: Sequence[float], slot: float, top: float) -> list[SafeString]:
    every = max(math.ceil(_LABEL_SLOT / slot), 1)
    texts = []
    for place, (label, total) in enumerate(zip(labels, totals, strict=True)):
        middle = round(_LEFT + slot * (place + 0.5), 1)
        if place % every == 0:
            texts.append(_text(middle, _TOP + _PLOT + 19, label))
        if total and slot >= _TOTAL_SLOT:
            texts.append(_text(middle, round(_y(total, top) - 4, 1), _number(total)))
    return texts


def _text(x: float, y: float, words: str) -> SafeString:
    return format_html('<text x="{}" y="{}" text-anchor="middle">{}</text>', x, y, words)


def _legend(series: Sequence[Series]) -> SafeString:
    if len(series) < 2:  # noqa: PLR2004 - one needs no telling apart
        return SafeString("")
    items = ((_piece(number, each.kind, (0.5, 0.5, 11, 11)), each.name) for number, each in enumerate(series))
    return format_html(
        '<span class="chart-legend">{}</span>',
        format_html_join(
            "",
            '<span><svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">{}</svg> {}</span>',
            items,
        ),
    )


def _joined(parts: Sequence[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def _y(value: float, top: float) -> float:
    return round(_TOP + _PLOT * (1 - value / top), 1)


def _number(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() else f"{value:.3g}"
