"""When an investigation was busy: datasets measured, jobs asked for, entries noted."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Max, Min, Model, QuerySet

from portal.catalogue.models import Dataset, Investigation, LogbookEvent
from portal.catalogue.periods import Periods, periods_between
from portal.jobs.models import Job

__all__ = ["Activity", "activity_of"]


@dataclass(frozen=True)
class Activity:
    """Counts for each of the periods of the visit. ``has_later_jobs``: some were asked for afterwards."""

    periods: Periods
    datasets: list[int]
    jobs: list[int]
    entries: list[int]
    has_later_jobs: bool


def activity_of(investigation: Investigation) -> Activity | None:
    """Return what happened during the visit, hour by hour or day by day; None when nothing is known.

    The visit lasts from its first to its last dataset or entry, and as long as its own dates say.
    """
    datasets = Dataset.objects.filter(investigation=investigation, type=Dataset.Type.ACQUISITION)
    entries = LogbookEvent.objects.filter(investigation=investigation)
    spans = (
        datasets.aggregate(first=Min("sorted_at"), last=Max("sorted_at")),
        entries.aggregate(first=Min("at"), last=Max("at")),
        {"first": investigation.start_date, "last": investigation.end_date},
    )
    moments = [moment for span in spans for moment in span.values() if moment]
    if not moments:
        return None
    periods = periods_between(min(moments), max(moments), finest="hour")
    jobs = Job.objects.filter(investigation=investigation)
    return Activity(
        periods,
        datasets=_counted(datasets, "sorted_at", periods),
        jobs=_counted(jobs, "created_at", periods),
        entries=_counted(entries, "at", periods),
        has_later_jobs=jobs.filter(created_at__gte=periods.end).exists(),
    )


def _counted(rows: QuerySet[Model], field: str, periods: Periods) -> list[int]:
    within = rows.filter(**{f"{field}__gte": periods.starts[0], f"{field}__lt": periods.end})
    groups = within.order_by().values(period=periods.of(field)).annotate(n=Count("pk"))
    counts = Counter[object]()
    for group in groups:
        counts[group["period"]] += group["n"]
    return [counts[start] for start in periods.starts]
