"""Jobs: mine, of an investigation, instrument, pipeline or batch, and how they go on."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.access.rules import Person
from portal.jobs.estimates import Estimate, estimate_for
from portal.jobs.models import Job
from portal.jobs.selectors import batch_counts, progress_of
from portal.pages.jobs_filter import STATES, JobsFilter, jobs_filter
from portal.pages.paging import page_after, page_size

__all__ = ["BatchSummary", "jobs", "progress"]

# Young jobs are looked at often, because most end within seconds; s.
_POLL = ((60, 1), (600, 3))
_POLL_LATER = 10


@dataclass(frozen=True)
class BatchSummary:
    """How far jobs that were started together are."""

    counts: dict[str, int]
    estimate: Estimate | None

    @property
    def n_jobs(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def n_done(self) -> int:
        """Those that have ended, however."""
        return self.n_jobs - self.n_open

    @property
    def n_open(self) -> int:
        """Those that wait or run."""
        return sum(self.counts.get(state, 0) for state in Job.OPEN_STATES)

    @property
    def remaining_s(self) -> float | None:
        """How long it takes until all have ended, in s, behind all others that wait; None: not known."""
        if self.estimate is None or not self.n_open:
            return None
        before = self.estimate.n_waiting + self.estimate.n_running
        return self.estimate.seconds_for(max(self.n_open, before))


@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """List jobs with what narrows them down."""
    wanted = jobs_filter(request)
    context = {"wanted": wanted, "states": STATES, **_list(request, wanted)}
    return render(request, "jobs.html", context)


@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """Return the moving part of the list; it asks for itself again until nothing on it is open."""
    wanted = jobs_filter(request)
    return render(request, "jobs_list.html", {"wanted": wanted, **_list(request, wanted)})


def _list(request: HttpRequest, wanted: JobsFilter) -> dict[str, object]:
    page = page_after(
        wanted.jobs(),
        order=("-created_at", "-id"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    percent = progress_of(page.rows)
    for job in page.rows:
        job.percent = percent.get(job.pk)
    batch = _batch(request.user, wanted, page.rows)
    is_moving = any(job.is_open for job in page.rows) or bool(batch and batch.n_open)
    return {"page": page, "batch": batch, "poll_s": _poll_s(page.rows) if is_moving else None}


def _batch(person: Person, wanted: JobsFilter, rows: Sequence[Job]) -> BatchSummary | None:
    if wanted.batch is None or not rows:
        return None
    counts = batch_counts(person, wanted.batch)
    is_open = any(counts.get(state) for state in Job.OPEN_STATES)
    return BatchSummary(counts, estimate_for(rows[0].pipeline) if is_open else None)


def _poll_s(rows: Sequence[Job]) -> float:
    """Return when to look again, by the age of the youngest open job, in s."""
    ages = [(timezone.now() - job.created_at).total_seconds() for job in rows if job.is_open]
    return next((pause for limit, pause in _POLL if ages and min(ages) < limit), _POLL_LATER)
