"""What a worker does when a message comes, and when it starts and stops. Only workers import this.

A message is a wake-up call with a job's id. It may get lost, come twice or come late: the job's row
decides. ``message_handler`` is the one way to receive one.
"""

import threading
from collections.abc import Callable
from typing import Any

from celery.signals import worker_ready, worker_shutting_down

from portal.celery import app
from portal.jobs import supervisor, sweeper
from portal.jobs.announce import RUN_JOB

__all__ = ["message_handler", "run_job"]


def message_handler(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function that receives messages of this name: acknowledged late, no result kept."""
    return app.task(name=name, acks_late=True, reject_on_worker_lost=True, ignore_result=True)


@message_handler(name=RUN_JOB)
def run_job(job_id: str) -> None:
    """Run a queued job; a message for a job already taken does nothing."""
    supervisor.run_queued_job(job_id)


@worker_ready.connect
def _start_working(sender: Any, **_: object) -> None:
    """Warm the fork server up and begin to sweep once Celery can receive messages."""
    supervisor.fork_server.warm_up()
    queues = [queue.name for queue in sender.task_consumer.queues]
    arguments = {"worker": supervisor.worker_name(), "queues": queues}
    threading.Thread(
        target=sweeper.sweep_until, args=[supervisor.stopping], kwargs=arguments, daemon=True, name="sweeper"
    ).start()


@worker_shutting_down.connect
def _stop_working(**_: object) -> None:
    """Give running jobs back at once instead of waiting for their end."""
    supervisor.stopping.set()
