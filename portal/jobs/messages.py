"""Celery messages: the only module that knows Celery.

A message is a wake-up call with a job's id. It may get lost, come twice or come late: the job's row
decides. ``message_handler`` is the one way to receive one.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from celery.signals import worker_ready, worker_shutting_down
from django.utils import timezone

from portal.celery import app
from portal.jobs.models import Job

__all__ = ["announce_job", "message_handler", "run_job"]

log = logging.getLogger(__name__)


def message_handler(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function that receives messages of this name: acknowledged late, no result kept."""
    return app.task(name=name, acks_late=True, reject_on_worker_lost=True, ignore_result=True)


@message_handler(name="jobs.run")
def run_job(job_id: str) -> None:
    """Run a queued job; a message for a job already taken does nothing."""
    # The supervisor starts processes and is a worker's business; the web side only announces.
    from portal.jobs.supervisor import run_queued_job  # noqa: PLC0415

    run_queued_job(job_id)


def announce_job(job: Job) -> bool:
    """Wake a worker up for a queued job; False if the broker did not take the message.

    That is no error for the person who clicked: the sweeper announces again what nobody took.
    """
    queue = job.pipeline.queue
    try:
        app.send_task("jobs.run", args=[str(job.pk)], queue=queue, retry=False)
    except Exception as error:  # noqa: BLE001 - each broker's library has errors of its own
        log.warning("Job %s could not be announced and will be later: %s", job.pk, error)
        return False
    Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(announced_at=timezone.now())
    return True


@worker_ready.connect
def _start_working(sender: Any, **_: object) -> None:
    """Warm the fork server up and begin to sweep once Celery can receive messages."""
    from portal.jobs import supervisor, sweeper  # noqa: PLC0415 - as in run_job

    supervisor.fork_server.warm_up()
    queues = [queue.name for queue in sender.task_consumer.queues]
    arguments = {"worker": supervisor.worker_name(), "queues": queues}
    threading.Thread(
        target=sweeper.sweep_until, args=[supervisor.stopping], kwargs=arguments, daemon=True, name="sweeper"
    ).start()


@worker_shutting_down.connect
def _stop_working(**_: object) -> None:
    """Give running jobs back at once instead of waiting for their end."""
    from portal.jobs import supervisor  # noqa: PLC0415 - as in run_job

    supervisor.stopping.set()
