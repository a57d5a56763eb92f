"""Waking a worker up. The web side knows a job's message by its name and never imports the worker's code."""

import logging
from collections.abc import Sequence

from django.utils import timezone

from portal.celery import app
from portal.jobs.models import Job

__all__ = ["RUN_JOB", "announce_job", "announce_jobs"]

RUN_JOB = "jobs.run"

log = logging.getLogger(__name__)


def announce_job(job: Job) -> bool:
    """Wake a worker up for a queued job; False if the broker did not take the message.

    That is no error for the person who clicked: the sweeper announces again what nobody took.
    """
    return announce_jobs([job]) == 1


def announce_jobs(jobs: Sequence[Job]) -> int:
    """Wake workers up for queued jobs; return how many the broker took before it took no more."""
    told = []
    for job in jobs:
        try:
            app.send_task(RUN_JOB, args=[str(job.pk)], queue=job.pipeline.queue, retry=False)
        except Exception as error:  # noqa: BLE001 - each broker's library has errors of its own
            # The next one would wait for the same silent broker.
            log.warning("Job %s could not be announced and will be later: %s", job.pk, error)
            break
        told.append(job.pk)
    Job.objects.filter(pk__in=told, state=Job.State.QUEUED).update(announced_at=timezone.now())
    return len(told)
