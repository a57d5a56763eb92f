"""When something happened during a visit: inline SVG made from numbers, three rows above one axis of time.

Each row has its own scale, so that a few entries show beside many datasets.
"""

from collections.abc import Iterator, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.catalogue.periods import Periods
from portal.jobs.visit import Activity

__all__ = ["timeline"]

# In units of the drawing, which is shown at about one to one.
_WIDTH, _LEFT, _RIGHT, _ROW, _BAR, _AXIS = 960, 120, 10, 46, 30, 24
_FEWEST_BETWEEN_TICKS = 70


def timeline(activity: Activity) -> SafeString:
    """Draw datasets, jobs and logbook entries over the periods of a visit."""
    rows = (("Datasets", activity.datasets), ("Jobs", activity.jobs), ("Logbook entries", activity.entries))
    labels = activity.periods.labels
    height = _ROW * len(rows) + _AXIS
    told = ", ".join(f"{sum(counts)} {name.lower()}" for name, counts in rows)
    name = f"Timeline by {activity.periods.kind} from {labels[0]} to {labels[-1]}: {told}"
    return format_html(
        '<svg class="timeline" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">'
        "{}{}</svg>",
        name,
        *(_WIDTH, height) * 2,
        format_html_join("", "{}", ((_row(place, *row, labels),) for place, row in enumerate(rows))),
        format_html_join("", "{}", ((tick,) for tick in _ticks(activity.periods, height))),
    )


def _row(place: int, name: str, counts: Sequence[int], labels: Sequence[str]) -> SafeString:
    base = _ROW * (place + 1)
    return format_html(
        '<g class="timeline-row timeline-row-{}"><text x="0" y="{}">{}</text>'
        '<text class="timeline-total" x="0" y="{}">{}</text><line x1="{}" x2="{}" y1="{}" y2="{}"/>{}</g>',
        place,
        base - 18,
        name,
        base - 3,
        sum(counts),
        *(_LEFT, _WIDTH - _RIGHT, base, base),
        format_html_join(
            "",
            '<rect x="{}" y="{}" width="{}" height="{}"><title>{}: {} {}</title></rect>',
            ((*bar, label, count, name.lower()) for bar, label, count in _bars(base, counts, labels)),
        ),
    )


def _bars(
    base: int, counts: Sequence[int], labels: Sequence[str]
) -> Iterator[tuple[tuple[float, float, float, float], str, int]]:
    """Yield x, y, width and height of each bar, with the label of its period and its count."""
    slot, most = _slot(len(counts)), max(counts)
    for place, (label, count) in enumerate(zip(labels, counts, strict=True)):
        if count:
            height = max(_BAR * count / most, 3)
            left, width = _LEFT + slot * place + slot * 0.1, max(min(slot * 0.8, 24), 1.5)
            yield (round(left, 1), round(base - height, 1), round(width, 1), round(height, 1)), label, count


def _ticks(periods: Periods, height: int) -> Iterator[SafeString]:
    """Yield the marks of the axis: each day where hours are counted, else as many as fit."""
    slot, written = _slot(len(periods.starts)), -1.0 * _FEWEST_BETWEEN_TICKS
    for place, (start, label) in enumerate(zip(periods.starts, periods.labels, strict=True)):
        x = _LEFT + slot * place
        is_mark = periods.kind != "hour" or start.hour == 0 or place == 0
        if not is_mark or x - written < _FEWEST_BETWEEN_TICKS:
            continue
        written = x
        yield format_html(
            '<g class="timeline-tick"><line x1="{}" x2="{}" y1="6" y2="{}"/>'
            '<text x="{}" y="{}">{}</text></g>',
            *(round(x, 1), round(x, 1)),
            height - _AXIS + 5,
            *(round(x + 3, 1), height - 6),
            start.strftime("%d %b").lstrip("0") if periods.kind == "hour" and start.hour == 0 else label,
        )


def _slot(n_periods: int) -> float:
    return (_WIDTH - _LEFT - _RIGHT) / n_periods
