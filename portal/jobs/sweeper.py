"""Repairing what a dead worker or a lost message left behind.

A thread in every worker; a lock row lets one of them sweep at a time.
"""

import logging
import threading
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import close_old_connections
from django.db.models import F, Q
from django.utils import timezone

from portal.jobs.announce import announce_job
from portal.jobs.folders import Attempt
from portal.jobs.lease import free_expired_jobs
from portal.jobs.models import Job, Output, SweepLock, Worker

__all__ = ["sweep", "sweep_until"]

log = logging.getLogger(__name__)

_BROKER_KEEPS = timedelta(hours=1)
_WORKER_FORGOTTEN = timedelta(days=1)
_AT_ONCE = 1000
_ANNOUNCED_AT_LEAST_EVERY = timedelta(minutes=10)


def sweep_until(stop: threading.Event, *, worker: str, queues: list[str]) -> None:
    """Sweep every few seconds until told to stop, and tell each time that this worker lives."""
    while True:
        try:
            for queue in queues:
                Worker.objects.update_or_create(
                    name=worker, queue=queue, defaults={"seen_at": timezone.now()}
                )
            if _may_sweep():
                sweep()
        except Exception:
            # The database or the storage is away; the next round will tell.
            log.exception("The sweep was given up")
        finally:
            close_old_connections()
        if stop.wait(settings.JOB_SWEEP_INTERVAL_S):
            break
    Worker.objects.filter(name=worker).delete()
    close_old_connections()


def sweep() -> None:
    """Free expired jobs, announce forgotten ones, remove what nobody will publish."""
    if freed := free_expired_jobs():
        log.warning("%s jobs were freed from workers that fell silent", freed)
    _announce_forgotten()
    _remove_leftovers()
    _forget_old()


def _may_sweep() -> bool:
    now = timezone.now()
    lock, is_new = SweepLock.objects.get_or_create(pk=1, defaults={"held_until": now})
    until = now + timedelta(seconds=settings.JOB_SWEEP_INTERVAL_S * 0.8)
    return is_new or bool(SweepLock.objects.filter(pk=lock.pk, held_until__lte=now).update(held_until=until))


def _announce_forgotten() -> None:
    """Announce queued jobs that nobody took, each at growing intervals.

    In a long queue most messages are not lost, only waiting; announcing them all again and again would
    fill the broker.
    """
    now = timezone.now()
    long_ago = now - timedelta(seconds=settings.JOB_ANNOUNCE_AGAIN_S)
    forgotten = Job.objects.filter(
        Q(announced_at=None) | Q(announced_at__lt=long_ago), state=Job.State.QUEUED, not_before__lte=now
    )
    oldest_first = F("announced_at").asc(nulls_first=True)
    for job in forgotten.select_related("pipeline").order_by(oldest_first)[:_AT_ONCE]:
        if _is_worth_announcing(job, now) and not announce_job(job):
            return


def _is_worth_announcing(job: Job, now: datetime) -> bool:
    if job.announced_at is None:
        return True
    waited_before = job.announced_at - job.created_at
    return now - job.announced_at >= min(waited_before, _ANNOUNCED_AT_LEAST_EVERY)


def _remove_leftovers() -> None:
    """Remove the folders of attempts that hold no job any more.

    The folders are listed before the rows are read: an attempt makes its folder after it has taken
    the job, so a folder that is seen here has its claim in the rows.
    """
    for attempt in list(Attempt.all_staged()):
        held = Job.objects.filter(pk=attempt.job_id, attempt=attempt.number, state=Job.State.RUNNING)
        if not held.exists():
            is_output = Output.objects.filter(job=attempt.job_id, attempt=attempt.number).exists()
            attempt.forget(keep_published=is_output)


def _forget_old() -> None:
    Worker.objects.filter(seen_at__lt=timezone.now() - _WORKER_FORGOTTEN).delete()
    folder = settings.BROKER_PROCESSED_FOLDER
    if folder is not None:
        oldest = time.time() - _BROKER_KEEPS.total_seconds()
        for message in folder.iterdir():
            if message.stat().st_mtime < oldest:
                message.unlink(missing_ok=True)
