"""How long jobs take and wait, from what has been: told before the click and while a batch runs."""

from dataclasses import dataclass
from statistics import median

from portal.jobs.models import Job, Pipeline
from portal.jobs.selectors import count_live_workers

__all__ = ["Estimate", "estimate_for", "typical_duration_s"]

_LOOKED_AT = 20
_COUNTED_TO = 1000


@dataclass(frozen=True)
class Estimate:
    """What to expect of a pipeline's next job.

    ``n_waiting`` is counted to 1000. ``duration_s`` is None where none has succeeded yet, and then
    nothing is known of the waiting.
    """

    n_workers: int
    n_waiting: int
    n_running: int
    duration_s: float | None

    @property
    def has_worker(self) -> bool:
        """Whether anybody serves the pipeline's queue."""
        return self.n_workers > 0

    @property
    def wait_s(self) -> float | None:
        """How long the next job waits, in s."""
        return self.seconds_for(self.n_waiting)

    def seconds_for(self, n_jobs: int) -> float | None:
        """Return how long so many jobs take one queue, in s: as if all were of this pipeline."""
        if self.duration_s is None or not self.has_worker:
            return None
        # A worker may run several at once; as many as run now is what is known of that.
        return n_jobs * self.duration_s / max(self.n_workers, self.n_running)


def estimate_for(pipeline: Pipeline) -> Estimate:
    """Return what to expect of the pipeline's next job; four queries."""
    jobs = Job.objects.filter(pipeline__queue=pipeline.queue)
    return Estimate(
        n_workers=count_live_workers(pipeline.queue),
        n_waiting=jobs.filter(state=Job.State.QUEUED)[:_COUNTED_TO].count(),
        n_running=jobs.filter(state=Job.State.RUNNING)[:_COUNTED_TO].count(),
        duration_s=typical_duration_s(pipeline),
    )


def typical_duration_s(pipeline: Pipeline) -> float | None:
    """Return the median of the latest runs that succeeded, in s; None before the first."""
    done = Job.objects.filter(pipeline=pipeline, state=Job.State.SUCCEEDED, started_at__isnull=False)
    times = done.order_by("-finished_at").values_list("started_at", "finished_at")[:_LOOKED_AT]
    durations = [(finished - started).total_seconds() for started, finished in times if started and finished]
    return median(durations) if durations else None
