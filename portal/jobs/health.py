"""How jobs fared lately, of what a person may see. Every look is bounded, however many jobs there are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from django.db.models import Count, Min, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from portal.access.rules import Person, investigations_visible_to
from portal.catalogue.models import Instrument
from portal.jobs.models import Job, Pipeline

__all__ = [
    "DAYS",
    "LATEST",
    "Day",
    "Health",
    "InstrumentHealth",
    "health_by_pipeline",
    "instrument_health",
    "pipeline_health",
]

DAYS = 30
# Of so many jobs at most, the newest, durations and rates are computed.
LATEST = 2000

_Ended = tuple[str, datetime | None, datetime | None]


@dataclass(frozen=True)
class Health:
    """Jobs that ended; ``median_s`` is how long those that succeeded ran in their last attempt."""

    n_succeeded: int = 0
    n_failed: int = 0
    median_s: float | None = None

    @property
    def n_ended(self) -> int:
        """How many succeeded or failed; a job that somebody cancelled says nothing."""
        return self.n_succeeded + self.n_failed

    @property
    def success_percent(self) -> float | None:
        """None while nothing has ended."""
        return 100 * self.n_succeeded / self.n_ended if self.n_ended else None


@dataclass(frozen=True)
class Day:
    """The jobs asked for on one day, by how they ended."""

    date: date
    n_succeeded: int
    n_failed: int


@dataclass(frozen=True)
class InstrumentHealth:
    """The jobs of an instrument: lately, each day, and what waits and runs now."""

    lately: Health
    days: Sequence[Day]
    n_waiting: int
    n_running: int
    oldest_waiting: datetime | None


def health_by_pipeline(person: Person) -> Mapping[int, Health]:
    """Return the health of each pipeline that ran lately, by its key; in one query."""
    rows: dict[int, list[_Ended]] = {}
    latest = _latest(Job.objects.all(), person)
    for pipeline, state, started, finished in latest.values_list(
        "pipeline_id", "state", "started_at", "finished_at"
    ):
        rows.setdefault(pipeline, []).append((state, started, finished))
    return {pipeline: _health(ended) for pipeline, ended in rows.items()}


def pipeline_health(person: Person, pipeline: Pipeline) -> Health:
    """Return the health of one pipeline."""
    return _health(_ended(_latest(Job.objects.filter(pipeline=pipeline), person)))


def instrument_health(person: Person, instrument: Instrument) -> InstrumentHealth:
    """Return the health of an instrument; ask ``may_see_health`` before."""
    visible = investigations_visible_to(person).filter(instrument=instrument)
    jobs = Job.objects.filter(investigation__in=visible)
    is_waiting = Q(state=Job.State.QUEUED)
    now = jobs.filter(state__in=Job.OPEN_STATES).aggregate(
        waiting=Count("pk", filter=is_waiting),
        running=Count("pk", filter=~is_waiting),
        oldest=Min("created_at", filter=is_waiting),
    )
    newest = jobs.filter(created_at__gte=_beginning()).order_by("-created_at", "-id")[:LATEST]
    return InstrumentHealth(
        lately=_health(_ended(newest)),
        days=_days(jobs),
        n_waiting=now["waiting"],
        n_running=now["running"],
        oldest_waiting=now["oldest"],
    )


def _latest(jobs: QuerySet[Job], person: Person) -> QuerySet[Job]:
    """Return what a person sees among the newest of these jobs.

    The newest are taken first, so that a person who sees few of a million jobs does not read them all.
    """
    newest = jobs.filter(created_at__gte=_beginning()).order_by("-created_at", "-id").values("pk")[:LATEST]
    return Job.objects.filter(pk__in=newest, investigation__in=investigations_visible_to(person)).order_by()


def _ended(jobs: QuerySet[Job]) -> Iterable[_Ended]:
    return jobs.values_list("state", "started_at", "finished_at")


def _health(rows: Iterable[_Ended]) -> Health:
    states, seconds = [], []
    for state, started, finished in rows:
        states.append(state)
        if state == Job.State.SUCCEEDED and started and finished:
            seconds.append((finished - started).total_seconds())
    return Health(
        n_succeeded=states.count(Job.State.SUCCEEDED),
        n_failed=states.count(Job.State.FAILED),
        median_s=median(seconds) if seconds else None,
    )


def _days(jobs: QuerySet[Job]) -> list[Day]:
    """Return the last days, the empty ones too, oldest first."""
    counts: dict[tuple[date, str], int] = {
        (row["day"], row["state"]): row["n"]
        for row in jobs.filter(
            created_at__gte=_beginning(), state__in=(Job.State.SUCCEEDED, Job.State.FAILED)
        )
        .order_by()
        .annotate(day=TruncDate("created_at"))
        .values("day", "state")
        .annotate(n=Count("pk"))
    }
    today = timezone.localdate()
    return [
        Day(day, counts.get((day, Job.State.SUCCEEDED), 0), counts.get((day, Job.State.FAILED), 0))
        for day in (today - timedelta(days=ago) for ago in reversed(range(DAYS)))
    ]


def _beginning() -> datetime:
    """Return the first moment of the first of the days."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=DAYS - 1)
