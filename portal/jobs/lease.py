"""Taking, keeping and giving up a job. Every change is one conditional update.

Two callers can therefore never both succeed, on SQLite as on PostgreSQL. A worker holds a job by a
lease that it renews; the attempt number says which holder is meant.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from portal.jobs.models import Job, JobEvent

__all__ = [
    "claim_job",
    "end_job",
    "free_expired_jobs",
    "is_still_ours",
    "release_job",
    "renew_lease",
    "retry_job",
]

WORKER_DIED = "worker_died"
WORKER_DIED_TEXT = "The worker that ran the job stopped answering."


def claim_job(job_id: UUID | str, *, worker: str) -> Job | None:
    """Take a queued job that is due; None if another has it, it has ended, or it must wait."""
    now = timezone.now()
    due = Job.objects.filter(pk=job_id, state=Job.State.QUEUED, not_before__lte=now)
    with transaction.atomic():
        taken = due.update(
            state=Job.State.RUNNING,
            attempt=F("attempt") + 1,
            lease_expires_at=_lease_end(now),
            worker=worker,
            started_at=now,
        )
        if not taken:
            return None
        job = Job.objects.select_related("pipeline", "dataset").get(pk=job_id)
        JobEvent.objects.create(job=job, attempt=job.attempt, kind=JobEvent.Kind.STARTED)
    return job


def renew_lease(job: Job) -> bool:
    """Keep the job for another lease; False if it was cancelled or given to another."""
    return bool(_held(job).update(lease_expires_at=_lease_end(timezone.now())))


def is_still_ours(job: Job) -> bool:
    """Whether this attempt still holds the job; cheaper than renewing, so asked more often."""
    return _held(job).exists()


def end_job(job: Job, state: Job.State, *, code: str = "", message: str = "") -> bool:
    """End the attempt's job for good; False if the attempt no longer holds it.

    Call it in the transaction that stores what the end goes with.
    """
    now = timezone.now()
    ended = _held(job).update(
        state=state, error_code=code, error_message=message, finished_at=now, lease_expires_at=None
    )
    if ended:
        JobEvent.objects.create(job=job, attempt=job.attempt, kind=state, message=message)
    return bool(ended)


@transaction.atomic
def retry_job(job: Job, *, code: str, message: str) -> Job.State | None:
    """Queue the job again after a fault that may heal, or fail it when it failed too often.

    Returns the new state, or None if the attempt no longer holds the job.
    """
    failures = job.failures + 1
    if failures >= settings.JOB_MAX_ATTEMPTS:
        text = f"{message} It was tried {failures} times."
        return Job.State.FAILED if end_job(job, Job.State.FAILED, code=code, message=text) else None
    pauses = settings.JOB_RETRY_PAUSES_S
    pause = timedelta(seconds=pauses[min(failures, len(pauses)) - 1])
    queued = _held(job).update(
        state=Job.State.QUEUED,
        lease_expires_at=None,
        failures=failures,
        not_before=timezone.now() + pause,
        announced_at=None,
    )
    if not queued:
        return None
    JobEvent.objects.create(job=job, attempt=job.attempt, kind=JobEvent.Kind.RETRY, message=message)
    return Job.State.QUEUED


def release_job(job: Job) -> bool:
    """Give the job back because this worker stops; that is no failure of the job."""
    return bool(_held(job).update(state=Job.State.QUEUED, lease_expires_at=None, announced_at=None))


def free_expired_jobs() -> int:
    """Queue again, or fail, the jobs whose worker fell silent; return how many."""
    now = timezone.now()
    freed = 0
    for job in Job.objects.filter(state=Job.State.RUNNING, lease_expires_at__lt=now):
        with transaction.atomic():
            # Renewed in the meantime? Then it is not ours to free.
            still_expired = _held(job).filter(lease_expires_at__lt=now).update(lease_expires_at=now)
            if still_expired:
                freed += retry_job(job, code=WORKER_DIED, message=WORKER_DIED_TEXT) is not None
    return freed


def _held(job: Job) -> QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, attempt=job.attempt)


def _lease_end(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.JOB_LEASE_S)
