"""The tables of jobs: what is asked, what happened, what came out, who works, what is installed."""

from portal.jobs.models.installed import InstalledWorkflow, TaskDescription
from portal.jobs.models.job import Job, JobEvent, Output
from portal.jobs.models.pipeline import Pipeline
from portal.jobs.models.worker import SweepLock, Worker

__all__ = [
    "InstalledWorkflow",
    "Job",
    "JobEvent",
    "Output",
    "Pipeline",
    "SweepLock",
    "TaskDescription",
    "Worker",
]
