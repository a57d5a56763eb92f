"""Jobs in Celery as both sides know them: names, states, and the flag that asks a job to stop."""

from __future__ import annotations

from typing import Any

RUN_GRAPH = "reprise.run_graph"
"""The Celery task that tells how each node went, for the engine ``celery``."""

EXECUTE_GRAPH = "ewoksjob.apps.ewoks.execute_graph"
"""The Celery task that returns the outputs alone, as clients of ewoks expect."""

RUNNING = "RUNNING"
"""The state of a job under way; its document has ``beat``, a number that grows, and ``events``."""


def cancel_job(job_id: str, *, force: bool = False, app: Any = None) -> None:
    """Ask a job to stop: one that waits never starts, one that runs stops its tasks.

    Parameters
    ----------
    force
        Also end the process of the job, which needs a worker with processes
        (Celery's pool ``prefork``). The job itself may then say nothing more.
    app
        The Celery application; by default that of the environment.
    """
    if app is None:
        from workflows.engines.celery_settings import make_app  # noqa: PLC0415 -- needs celery

        app = make_app()
    app.backend.store_result(_flag(job_id), True, "SUCCESS")  # noqa: FBT003 -- the value
    app.control.revoke(job_id, terminate=force)


def is_cancelled(app: Any, job_id: str) -> bool:
    """Tell whether a job was asked to stop."""
    return bool(app.backend.get_task_meta(_flag(job_id))["status"] == "SUCCESS")


def _flag(job_id: str) -> str:
    return f"{job_id}-cancel"
