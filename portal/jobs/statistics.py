"""An investigation in numbers: what was measured when, and how its jobs went."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Max, Min, Sum

from portal.catalogue.models import Dataset, Investigation
from portal.catalogue.periods import Periods, periods_between
from portal.jobs.models import Job

__all__ = ["Measured", "PipelineHealth", "jobs_by_pipeline", "measured_by_day"]


@dataclass(frozen=True)
class Measured:
    """Numbers of datasets and their bytes for each period, a day unless the visit was long."""

    periods: Periods
    n_datasets: list[int]
    size_bytes: list[int]


@dataclass
class PipelineHealth:
    """How the jobs of one pipeline went. Times are means in s, of those that succeeded."""

    label: str
    n_succeeded: int = 0
    n_failed: int = 0
    n_cancelled: int = 0
    n_open: int = 0
    waiting_s: float | None = None
    running_s: float | None = None


def measured_by_day(investigation: Investigation) -> Measured | None:
    """Return what was measured day by day; None when nothing was."""
    rows = Dataset.objects.filter(investigation=investigation, type=Dataset.Type.ACQUISITION)
    span = rows.aggregate(first=Min("sorted_at"), last=Max("sorted_at"))
    if span["first"] is None:
        return None
    periods = periods_between(span["first"], span["last"])
    within = rows.filter(sorted_at__gte=periods.starts[0], sorted_at__lt=periods.end)
    groups = within.order_by().values(period=periods.of("sorted_at"))
    found = {row["period"]: row for row in groups.annotate(n=Count("pk"), size=Sum("size_bytes"))}
    return Measured(
        periods,
        n_datasets=[found[start]["n"] if start in found else 0 for start in periods.starts],
        size_bytes=[found[start]["size"] if start in found else 0 for start in periods.starts],
    )


def jobs_by_pipeline(investigation: Investigation) -> Sequence[PipelineHealth]:
    """Return how the investigation's jobs went, one row for each pipeline, by its label."""
    groups = (
        Job.objects.filter(investigation=investigation)
        .values("pipeline", "pipeline__label", "state")
        .annotate(
            n=Count("pk"),
            waited=Avg(_between("created_at", "started_at")),
            ran=Avg(_between("started_at", "finished_at")),
        )
        .order_by("pipeline__label")
    )
    found: dict[int, PipelineHealth] = {}
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for group in groups:
        health = found.setdefault(group["pipeline"], PipelineHealth(group["pipeline__label"]))
        counts[group["pipeline"]][group["state"]] = group["n"]
        if group["state"] == Job.State.SUCCEEDED:
            health.waiting_s, health.running_s = _seconds(group["waited"]), _seconds(group["ran"])
    for pipeline, health in found.items():
        of = counts[pipeline]
        health.n_succeeded, health.n_failed = of.get(Job.State.SUCCEEDED, 0), of.get(Job.State.FAILED, 0)
        health.n_cancelled = of.get(Job.State.CANCELLED, 0)
        health.n_open = sum(of.get(state, 0) for state in Job.OPEN_STATES)
    return list(found.values())


def _between(start: str, end: str) -> ExpressionWrapper:
    return ExpressionWrapper(F(end) - F(start), output_field=DurationField())


def _seconds(time: timedelta | None) -> float | None:
    return time.total_seconds() if time is not None else None
