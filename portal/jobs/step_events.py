"""What a run tells of its steps becomes rows."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from portal.jobs.models import Job, JobEvent
from processing.progress import ThinnedProgress

__all__ = ["step_writer"]

# How often the progress of a step is stored at most, whatever its run tells; a little less than the
# second that a run itself keeps, so that all of an honest one arrives; s.
_PROGRESS_EVERY_S = 0.9


def step_writer(job: Job) -> ThinnedProgress:
    """Return what stores the event lines of the kind ``step`` of a job's present attempt."""
    return ThinnedProgress(partial(_store, job), every_s=_PROGRESS_EVERY_S)


def _store(job: Job, told: Mapping[str, Any]) -> None:
    kinds = {
        "start": JobEvent.Kind.STEP_STARTED,
        "progress": JobEvent.Kind.STEP_PROGRESS,
        "end": JobEvent.Kind.STEP_ENDED,
    }
    JobEvent.objects.create(
        job=job,
        attempt=job.attempt,
        kind=kinds[told["type"]],
        step=told["step"],
        state=told.get("state") or "",
        progress=told.get("progress"),
        message=told.get("message") or "",
    )
