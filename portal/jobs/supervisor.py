"""One attempt of a job, from the claim to its end, seen from the worker.

The work is done by a child process that knows neither Django nor the database. Here its event lines
become rows, the lease is renewed, limits and cancellation are enforced, and what it staged is
published. Nothing here computes, so the lease is renewed whatever the child does.
"""

import errno
import json
import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseFault

from portal.catalogue.errors import PortalError
from portal.jobs.errors import fault
from portal.jobs.folders import Attempt
from portal.jobs.lease import claim_job, end_job, is_still_ours, release_job, renew_lease, retry_job
from portal.jobs.models import Job
from portal.jobs.parameters import file_parameters, workflow_inputs
from portal.jobs.services import publish_output
from portal.jobs.step_events import step_writer
from portal.storage.paths import readable_roots
from processing.forkserver import ForkServer, Run
from processing.recipe import Recipe, write_recipe

__all__ = ["fork_server", "run_claimed_job", "run_queued_job", "stopping", "worker_name"]

log = logging.getLogger(__name__)

fork_server = ForkServer()
stopping = threading.Event()

# How soon a cancelled job stops, and how often a running one tells its progress; s.
_LOOK_EVERY_S = 0.5
_READ_BYTES = 65536


@dataclass(frozen=True)
class _Outcome:
    """How the child ended: "staged", "lost", "stopped", or an error code with its sentence."""

    code: str
    message: str = ""


def worker_name() -> str:
    """Return this worker's name: host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def run_queued_job(job_id: str) -> None:
    """Claim a job and run it; nothing to do when another has it."""
    if stopping.is_set():
        return
    # Before the claim: nobody would renew the lease while the science is imported.
    fork_server.warm_up()
    if job := claim_job(job_id, worker=worker_name()):
        run_claimed_job(job)


def run_claimed_job(job: Job) -> None:
    """Run one attempt of a job that this worker holds, to whatever end."""
    attempt = Attempt(job.pk, job.attempt)
    try:
        published = _run(job, attempt)
    except DatabaseFault:
        # Whether the last change was stored is not known. The folders stay, and the sweeper compares
        # them with the rows when the lease has run out.
        log.exception("Job %s, attempt %s: the database failed", job.pk, job.attempt)
    else:
        attempt.forget(keep_published=published)


def _run(job: Job, attempt: Attempt) -> bool:
    """Return whether there are published files to keep."""
    try:
        attempt.create()
        outcome = _supervise(job, attempt)
        return _conclude(job, attempt, outcome)
    except PortalError as error:
        end_job(job, Job.State.FAILED, code="data_missing", message=error.message)
    except ChildProcessError as error:
        retry_job(job, code="internal", message=f"The job could not be started: {error}.")
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        message = f"The worker could not write: {error.strerror or error}."
        retry_job(job, code="disk_full" if is_full else "storage_error", message=message)
    except DatabaseFault:
        raise
    except Exception:
        log.exception("Job %s, attempt %s", job.pk, job.attempt)
        retry_job(job, code="internal", message="The worker met a fault of its own.")
    return False


def _supervise(job: Job, attempt: Attempt) -> _Outcome:
    recipe = attempt.folder / "recipe.json"
    write_recipe(_recipe(job, attempt), recipe)
    child = fork_server.start(recipe, attempt.log)
    try:
        return _follow(job, child)
    finally:
        child.kill()
        child.close()


def _recipe(job: Job, attempt: Attempt) -> Recipe:
    attributes = job.workflow["graph"]
    inputs = workflow_inputs(attributes["input_schema"], job.parameters)
    files = {name for name, _ in file_parameters(attributes["input_schema"])}
    return Recipe(
        job_id=str(job.pk),
        attempt=job.attempt,
        workflow=job.workflow,
        inputs=inputs,
        staging=str(attempt.files),
        output_files=attributes.get("output_files", []),
        roots=[str(root) for root in readable_roots(job.dataset)],
        input_files={given["name"]: given["value"] for given in inputs if given["name"] in files},
        # Only what the pipeline itself names may run; a parameter can never name a task.
        tasks=[node["task_identifier"] for node in job.workflow["nodes"]],
        summary=attributes.get("summary", ""),
        engines=str(settings.ENGINES_FOLDER),
        engines_limit_bytes=settings.ENGINES_LIMIT_BYTES,
        memory_limit_bytes=settings.JOB_MEMORY_LIMIT_BYTES,
    )


def _follow(job: Job, child: Run) -> _Outcome:
    """Turn the child's event lines into rows until it ends or must be ended."""
    outcome = None
    watch = _Watch(job)
    store_step = step_writer(job)
    for told in _lines(child):
        if told is None:
            if ended := watch.look():
                return ended
        elif told["kind"] == "step":
            store_step(told)
        else:
            outcome = _Outcome(
                told["kind"] if told["kind"] == "staged" else told["code"], told.get("message", "")
            )
    exit_code = child.wait()
    if outcome is None or (outcome.code == "staged" and exit_code != 0):
        return _Outcome("crashed", f"The run stopped without a word (exit code {exit_code}).")
    return outcome


def _lines(child: Run) -> Iterator[dict[str, Any] | None]:
    """Yield each event line until the child has ended, and None whenever it is time to look at the clock."""
    pending = b""
    has_ended = False
    looked = time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(child.events, selectors.EVENT_READ)
        selector.register(child.status, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select(timeout=_LOOK_EVERY_S)}
            if child.events in ready:
                chunk = os.read(child.events, _READ_BYTES)
                *lines, pending = (pending + chunk).split(b"\n")
                yield from map(json.loads, lines)
                if not chunk:
                    selector.unregister(child.events)
            elif has_ended:
                return
            has_ended = child.status in ready
            if time.monotonic() - looked >= _LOOK_EVERY_S:
                looked = time.monotonic()
                yield None


class _Watch:
    """Keeps the lease of a running attempt and says when and why it must end."""

    def __init__(self, job: Job) -> None:
        self._job = job
        now = time.monotonic()
        self._deadline = now + settings.JOB_TIME_LIMIT_S
        self._renew_at = now + settings.JOB_LEASE_S / 4

    def look(self) -> _Outcome | None:
        """Return why the child must be ended now, or None."""
        if stopping.is_set():
            return _Outcome("stopped")
        if time.monotonic() > self._deadline:
            return _Outcome("time_limit", f"The job took longer than {settings.JOB_TIME_LIMIT_S:.0f} s.")
        return None if self._keep() else _Outcome("lost")

    def _keep(self) -> bool:
        if time.monotonic() < self._renew_at:
            return is_still_ours(self._job)
        self._renew_at = time.monotonic() + settings.JOB_LEASE_S / 4
        return renew_lease(self._job)


def _conclude(job: Job, attempt: Attempt, outcome: _Outcome) -> bool:
    """Publish, fail, try again or give back; True when there are published files to keep."""
    if outcome.code == "staged":
        return _publish(job, attempt)
    if outcome.code == "stopped":
        release_job(job)
    elif outcome.code != "lost":
        if fault(outcome.code).may_heal:
            retry_job(job, code=outcome.code, message=outcome.message)
        else:
            end_job(job, Job.State.FAILED, code=outcome.code, message=outcome.message)
    return False


def _publish(job: Job, attempt: Attempt) -> bool:
    manifest = json.loads((attempt.files / "manifest.json").read_text())
    _check_manifest(attempt.files, manifest)
    folder = attempt.publish()
    return publish_output(job, folder=folder, manifest=manifest) is not None


def _check_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Refuse a manifest that lists what is not there as it says."""
    for file in manifest["files"]:
        path = folder / file["name"]
        if path.is_symlink() or not path.is_file() or path.stat().st_size != file["size_bytes"]:
            raise OSError(5, f"the staged file {file['name']} is not as its manifest says")
