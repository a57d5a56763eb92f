"""Stretches of time to count by: fine enough to see something, few enough to draw and to group by."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import DateTimeField
from django.db.models.functions import Trunc
from django.utils import timezone

__all__ = ["Periods", "periods_between"]

_DAY = timedelta(days=1)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Periods:
    """All periods of one ``kind`` (hour, day, month, year) from the first to the last, in local time."""

    kind: str
    starts: list[datetime]

    def of(self, field: str) -> Trunc:
        """Return the start of the period that a field with a time lies in, for a query."""
        return Trunc(field, self.kind, output_field=DateTimeField())

    @property
    def end(self) -> datetime:
        """When the last period ends."""
        return _next(self.starts[-1], self.kind)

    @property
    def labels(self) -> list[str]:
        """A short name of each period, to be written below a bar."""
        form = {"hour": "%d %b %H h", "day": "%d %b", "month": "%b %Y", "year": "%Y"}[self.kind]
        return [start.strftime(form).lstrip("0") for start in self.starts]


def periods_between(first: datetime, last: datetime, *, finest: str = "day") -> Periods:
    """Return the periods that cover both moments; never more than about two hundred.

    ``finest`` is "hour" or "day". What is before 1970 or after next year (some clock was wrong) is left
    out.
    """
    latest = timezone.now() + 365 * _DAY
    first, last = (timezone.localtime(min(max(moment, _EARLIEST), latest)) for moment in (first, last))
    kind = _kind(last - first, finest)
    start, starts = _start(first, kind), []
    while start <= last:
        starts.append(start)
        start = _next(start, kind)
    return Periods(kind, starts)


def _kind(span: timedelta, finest: str) -> str:
    if finest == "hour" and span <= 5 * _DAY:
        return "hour"
    if span <= 62 * _DAY:
        return "day"
    return "month" if span <= 6000 * _DAY else "year"


def _start(moment: datetime, kind: str) -> datetime:
    start = moment.replace(minute=0, second=0, microsecond=0)
    if kind == "hour":
        return start
    start = start.replace(hour=0)
    if kind == "day":
        return start
    return start.replace(day=1) if kind == "month" else start.replace(day=1, month=1)


def _next(start: datetime, kind: str) -> datetime:
    if kind == "hour":
        return start + timedelta(hours=1)
    if kind == "day":
        return start + _DAY
    if kind == "month":
        return (start.replace(day=28) + timedelta(days=4)).replace(day=1)
    return start.replace(year=start.year + 1)
