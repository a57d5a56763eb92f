"""Reading jobs, their steps, and what may be asked of a dataset."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from portal.access.rules import Person, investigations_visible_to
from portal.catalogue.models import Dataset
from portal.jobs.models import Job, JobEvent, Output, Pipeline, Worker

__all__ = [
    "Step",
    "fits",
    "has_live_worker",
    "jobs_visible_to",
    "listed_jobs_visible_to",
    "pipelines_for",
    "results_of",
    "steps_of",
    "succeeded_twin",
]

# Workers tell that they live with each sweep; twice that and some, and they are gone.
_SILENT_FOR = timedelta(seconds=3 * settings.JOB_SWEEP_INTERVAL_S + 10)


@dataclass(frozen=True)
class Step:
    """One node of a job's workflow as of its latest attempt.

    ``state`` is waiting, running, or how it ended; ``progress`` is in percent.
    """

    node_id: str
    label: str
    state: str = "waiting"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: float | None = None
    message: str = ""

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


def pipelines_for(dataset: Dataset) -> list[Pipeline]:
    """Return the pipelines whose keywords fit the dataset: technique and instrument."""
    return [
        pipeline for pipeline in Pipeline.objects.filter(enabled=True) if fits(pipeline.keywords, dataset)
    ]


def steps_of(job: Job) -> list[Step]:
    """Return the steps of the latest attempt in the workflow's order, those still to come included."""
    steps = {
        str(node["id"]): Step(str(node["id"]), str(node.get("label") or node["id"]))
        for node in job.workflow["nodes"]
    }
    for event in job.events.filter(attempt=job.attempt).exclude(step="").order_by("id"):
        before = steps.get(event.step) or Step(event.step, event.step)
        steps[event.step] = _after(before, event)
    return list(steps.values())


def succeeded_twin(digest: str) -> Output | None:
    """Return an output that the same recipe has already given, the newest."""
    outputs = Output.objects.filter(job__recipe_digest=digest).select_related("dataset", "job")
    return outputs.order_by("-published_at").first()


def results_of(dataset: Dataset) -> QuerySet[Output]:
    """Return what has been made from a dataset here, newest first."""
    outputs = Output.objects.filter(job__dataset=dataset)
    return outputs.select_related("dataset__summary", "job__pipeline", "job__submitted_by").order_by(
        "-published_at"
    )


def has_live_worker(queue: str) -> bool:
    """Whether a worker that serves the queue has been heard of lately."""
    return Worker.objects.filter(queue=queue, seen_at__gt=timezone.now() - _SILENT_FOR).exists()


def fits(keywords: Mapping[str, Any], dataset: Dataset) -> bool:
    """Whether a pipeline with these keywords is made for the dataset."""
    technique = dataset.technique.acronym if dataset.technique else ""
    return _matches(keywords.get("definition"), technique) and _matches(
        keywords.get("instrumentName"), dataset.investigation.instrument.name
    )


def _matches(wanted: object, actual: str) -> bool:
    """``*`` or nothing said fits all; otherwise a name or a list of names, whatever their case."""
    if wanted in (None, "*") or wanted == ["*"]:
        return True
    names = wanted if isinstance(wanted, list) else [wanted]
    return actual.lower() in {str(name).lower() for name in names}


def _after(step: Step, event: JobEvent) -> Step:
    if event.kind == JobEvent.Kind.STEP_STARTED:
        return Step(step.node_id, step.label, "running", started_at=event.at)
    ended = event.kind == JobEvent.Kind.STEP_ENDED
    return Step(
        step.node_id,
        step.label,
        state=event.state if ended else step.state,
        started_at=step.started_at,
        ended_at=event.at if ended else None,
        progress=event.progress if event.progress is not None else step.progress,
        message=event.message,
    )
