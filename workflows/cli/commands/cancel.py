"""``reprise cancel``: stop jobs that were submitted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from workflows.cli.celery_engine import celery_engine
from workflows.cli.status import OK

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line may say."""
    parser.epilog = "example:\n  reprise cancel 7c9e6679-7425-40de-944b-e07fc1f90ae7"
    parser.add_argument("job_ids", nargs="+", metavar="JOB_ID", help="what 'reprise submit' printed")


def run(arguments: argparse.Namespace) -> int:
    """Ask each job to stop; one that has ended already stays as it is."""
    celery = celery_engine()
    for job_id in arguments.job_ids:
        celery.cancel_job(job_id)
        sys.stdout.write(f"asked job {job_id} to stop\n")
    return OK
