"""Workers, queues and failures as the staff looks at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from portal.jobs.models import Job, Pipeline, Worker
from portal.jobs.selectors import live_workers

__all__ = ["FAILURE_DAYS", "Failures", "Queue", "WorkerState", "failures_lately", "queues", "worker_states"]

FAILURE_DAYS = 7
_MOST_FAILURES = 50


@dataclass(frozen=True)
class WorkerState:
    """A worker that was heard of in the last day, and whether it still lives."""

    name: str
    queues: Sequence[str]
    seen_at: datetime
    is_alive: bool


@dataclass(frozen=True)
class Queue:
    """What waits and runs in a queue, and the living workers that serve it."""

    name: str
    n_waiting: int
    n_running: int
    oldest_waiting: datetime | None
    workers: Sequence[str]


@dataclass(frozen=True)
class Failures:
    """Jobs of one pipeline that failed for one reason; ``example`` is what one of them was told."""

    pipeline: str
    label: str
    error_code: str
    example: str
    n_jobs: int
    latest: datetime


def worker_states() -> list[WorkerState]:
    """Return the workers by name, those that fell silent too."""
    rows: dict[str, list[Worker]] = {}
    for row in Worker.objects.order_by("name", "queue"):
        rows.setdefault(row.name, []).append(row)
    alive = set(live_workers().values_list("name", flat=True))
    return [
        WorkerState(
            name, [row.queue for row in served], max(row.seen_at for row in served), is_alive=name in alive
        )
        for name, served in rows.items()
    ]


def queues(workers: Sequence[WorkerState]) -> list[Queue]:
    """Return the queues that a pipeline, a worker or an open job names."""
    is_waiting = Q(state=Job.State.QUEUED)
    rows = (
        Job.objects.filter(state__in=Job.OPEN_STATES)
        .order_by()
        .values("pipeline__queue")
        .annotate(
            waiting=Count("pk", filter=is_waiting),
            running=Count("pk", filter=~is_waiting),
            oldest=Min("created_at", filter=is_waiting),
        )
        .values_list("pipeline__queue", "waiting", "running", "oldest")
    )
    counts = {name: (waiting, running, oldest) for name, waiting, running, oldest in rows}
    names = set(Pipeline.objects.order_by().values_list("queue", flat=True)).union(
        counts, *(worker.queues for worker in workers)
    )
    return [_queue(name, counts.get(name, (0, 0, None)), workers) for name in sorted(names)]


def _queue(name: str, counts: tuple[int, int, datetime | None], workers: Sequence[WorkerState]) -> Queue:
    serving = [worker.name for worker in workers if worker.is_alive and name in worker.queues]
    return Queue(name, *counts, workers=serving)


def failures_lately() -> list[Failures]:
    """Return the failures of the last days by pipeline and reason, the most frequent first."""
    # Naming the pipelines lets the database start in its index of (pipeline, state, end).
    pipelines = list(Pipeline.objects.order_by().values_list("pk", flat=True))
    rows = (
        Job.objects.filter(
            pipeline__in=pipelines,
            state=Job.State.FAILED,
            finished_at__gte=timezone.now() - timedelta(days=FAILURE_DAYS),
        )
        .order_by()
        .values("pipeline__identifier", "pipeline__label", "error_code")
        .annotate(n=Count("pk"), latest=Max("finished_at"), example=Max("error_message"))
        .order_by("-n", "pipeline__identifier", "error_code")[:_MOST_FAILURES]
    )
    return [
        Failures(
            pipeline=row["pipeline__identifier"],
            label=row["pipeline__label"],
            error_code=row["error_code"],
            example=row["example"],
            n_jobs=row["n"],
            latest=row["latest"],
        )
        for row in rows
    ]
