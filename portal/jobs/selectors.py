"""Reading jobs, their steps and their results, and who works."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F, Max, QuerySet
from django.utils import timezone

from portal.access.rules import Person, investigations_visible_to
from portal.jobs.models import Job, JobEvent, Worker
from portal.jobs.schema import as_mapping

__all__ = [
    "Step",
    "batch_counts",
    "count_live_workers",
    "has_live_worker",
    "jobs_visible_to",
    "listed_jobs_visible_to",
    "live_workers",
    "progress_of",
    "steps_of",
]

# Workers tell that they live with each sweep; twice that and some, and they are gone.
_SILENT_FOR = timedelta(seconds=3 * settings.JOB_SWEEP_INTERVAL_S + 10)


@dataclass(frozen=True)
class Step:
    """One node of a job's workflow as of its latest attempt.

    ``state`` is waiting, running, or how it ended; ``progress`` is in percent, where known of
    ``n_frames``.
    """

    node_id: str
    label: str
    state: str = "waiting"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: float | None = None
    message: str = ""
    n_frames: int | None = None

    @property
    def frame(self) -> int | None:
        """How many frames are done."""
        if self.n_frames is None or self.progress is None:
            return None
        return round(self.n_frames * self.progress / 100)

    @property
    def seconds(self) -> float | None:
        """How long the step took, or has taken so far; s."""
        if self.started_at is None:
            return None
        return ((self.ended_at or timezone.now()) - self.started_at).total_seconds()


def jobs_visible_to(person: Person) -> QuerySet[Job]:
    """Return the jobs on datasets that the person sees, newest first."""
    jobs = Job.objects.filter(investigation__in=investigations_visible_to(person))
    return jobs.select_related(
        "pipeline", "dataset__investigation__instrument", "dataset__sample", "submitted_by", "output__dataset"
    ).order_by("-created_at", "-id")


def listed_jobs_visible_to(person: Person) -> QuerySet[Job]:
    """Return the same jobs without the long documents that no list shows."""
    return jobs_visible_to(person).defer(
        "workflow",
        "parameters",
        "pipeline__graph",
        "dataset__parameters",
        "output__record",
        "output__dataset__parameters",
    )


def steps_of(job: Job) -> list[Step]:
    """Return the steps of the latest attempt in the workflow's order, those still to come included."""
    frames = _frames_of(job)
    steps = {
        str(node["id"]): Step(
            str(node["id"]), str(node.get("label") or node["id"]), n_frames=frames.get(str(node["id"]))
        )
        for node in job.workflow["nodes"]
    }
    for event in job.events.filter(attempt=job.attempt).exclude(step="").order_by("id"):
        before = steps.get(event.step) or Step(event.step, event.step)
        steps[event.step] = _after(before, event)
    return list(steps.values())


def progress_of(jobs: Iterable[Job]) -> dict[UUID, float]:
    """Return how far the running ones among these jobs are, in percent; two queries for all of them."""
    running = [job.pk for job in jobs if job.state == Job.State.RUNNING]
    if not running:
        return {}
    n_nodes = {pk: len(nodes or ()) for pk, nodes in _nodes_of(running)}
    told = JobEvent.objects.filter(job__in=running, attempt=F("job__attempt")).exclude(step="")
    steps: dict[tuple[UUID, str], float] = {}
    for pk, step, kind, percent in told.values_list("job_id", "step", "kind").annotate(Max("progress")):
        done = 100.0 if kind == JobEvent.Kind.STEP_ENDED else percent or 0.0
        steps[pk, step] = max(done, steps.get((pk, step), 0.0))
    return {
        pk: min(sum(done for (job_id, _), done in steps.items() if job_id == pk) / max(n_nodes[pk], 1), 100.0)
        for pk in running
    }


def batch_counts(person: Person, batch: UUID) -> dict[str, int]:
    """Return how many jobs of a batch that the person sees are in which state."""
    jobs = jobs_visible_to(person).filter(batch=batch).order_by()
    return dict(jobs.values_list("state").annotate(Count("pk")))


def has_live_worker(queue: str) -> bool:
    """Whether a worker that serves the queue has been heard of lately."""
    return count_live_workers(queue) > 0


def live_workers() -> QuerySet[Worker]:
    """Return the workers that have been heard of lately, once for each queue they serve."""
    return Worker.objects.filter(seen_at__gt=timezone.now() - _SILENT_FOR)


def count_live_workers(queue: str) -> int:
    """Return how many workers that serve the queue have been heard of lately."""
    return live_workers().filter(queue=queue).count()


def _frames_of(job: Job) -> dict[str, int]:
    """Return how many frames a node works through, for those of which the pipeline says so."""
    told = as_mapping(job.workflow["graph"].get("progress"))
    counts = {str(node): job.dataset.parameters.get(str(name)) for node, name in told.items()}
    return {node: count for node, count in counts.items() if isinstance(count, int) and count > 1}


def _nodes_of(jobs: Iterable[UUID]) -> QuerySet[Job, tuple[UUID, Any]]:
    return Job.objects.filter(pk__in=jobs).values_list("pk", "workflow__nodes")


def _after(step: Step, event: JobEvent) -> Step:
    if event.kind == JobEvent.Kind.STEP_STARTED:
        return Step(step.node_id, step.label, "running", started_at=event.at, n_frames=step.n_frames)
    ended = event.kind == JobEvent.Kind.STEP_ENDED
    return replace(
        step,
        state=event.state if ended else step.state,
        ended_at=event.at if ended else None,
        progress=event.progress if event.progress is not None else step.progress,
        message=event.message,
    )
