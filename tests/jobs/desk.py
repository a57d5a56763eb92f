"""The inside of a portal of a test's own: a process that does what it is told, a JSON line each.

``python -m tests.jobs.desk`` has the portal's environment, so it sees the rows that its workers see.
"""

import json
import os
import sys
import threading
import traceback
import uuid
from datetime import timedelta
from pathlib import Path

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402 - Django must be set up before
from django.core.management import call_command  # noqa: E402
from django.db import OperationalError, connection  # noqa: E402
from django.db.models.signals import post_save  # noqa: E402
from django.utils import timezone  # noqa: E402

from portal.catalogue.models import (  # noqa: E402
    Dataset,
    Facility,
    Instrument,
    Investigation,
    InvestigationUser,
)
from portal.ingest.services import register_folder  # noqa: E402
from portal.jobs import lease, services, supervisor, sweeper  # noqa: E402
from portal.jobs.models import Job, Output, Pipeline, Worker  # noqa: E402
from portal.jobs.parameters import prefilled_parameters  # noqa: E402
from processing.pipelines import shipped_pipelines  # noqa: E402
from processing.simulation import write_powder_dataset  # noqa: E402

PIPELINE = "slow_pattern"


def answer():
    """Do nothing, once everything is imported."""


def set_up(raw):
    """Make the tables, one person with one dataset, and a pipeline that can be slow."""
    call_command("migrate", verbosity=0)
    services.sync_pipelines([slow_pipeline()])
    facility = Facility.objects.create(name="Lumen")
    instrument = Instrument.objects.create(facility=facility, name="BM1")
    investigation = Investigation.objects.create(instrument=instrument, name="IM-1")
    user = User.objects.create_user("participant")
    InvestigationUser.objects.create(investigation=investigation, user=user)
    write_powder_dataset(Path(raw) / "LaB6", detector="Pilatus100k")
    register_folder(investigation, Path(raw))


def slow_pipeline():
    """Return the shipped powder pipeline behind a step that waits for the given seconds."""
    document = next(graph for graph in shipped_pipelines() if graph["graph"]["id"] == "powder_pattern")
    document["graph"].update(id=PIPELINE, label="Slow pattern")
    schema = document["graph"]["input_schema"]
    schema["properties"]["seconds"] = {"type": "number", "default": 0, "node": "wait"}
    wait = {"id": "wait", "task_type": "class", "task_identifier": "tests.jobs.job_tasks.Wait"}
    document["nodes"].insert(0, wait)
    document["links"].append({"source": "wait", "target": "integrate", "data_mapping": []})
    return document


def submit(count=1, **parameters):
    """Ask for so many jobs."""
    return [_submit(uuid.uuid4(), parameters) for _ in range(count)]


def submit_at_once(count):
    """Ask for one job by so many threads with one key; return the job that each was told of."""
    key = uuid.uuid4()
    return _at_once(count, lambda: _submit(key, {}))


def jobs(ids):
    """Return what the rows say, in the order of submission."""
    return [_shown(job) for job in Job.objects.filter(pk__in=ids).order_by("created_at")]


def count_jobs():
    return Job.objects.count()


def end_lease(job):
    """Let the lease of a running job be over."""
    Job.objects.filter(pk=job).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def forget_announcement(job):
    """Let a job be one that was never announced."""
    Job.objects.filter(pk=job).update(announced_at=None)


def claim(job):
    """Take a job as a worker does, and never run it; return the attempt."""
    return lease.claim_job(job, worker="desk").attempt


def claim_at_once(job, count):
    """Take a job by so many threads; return how many got it."""
    return sum(_at_once(count, lambda: lease.claim_job(job, worker="desk") is not None))


def free_at_once(count):
    """Free the expired jobs by so many threads; return how many each has freed."""
    return _at_once(count, lease.free_expired_jobs)


def end_and_cancel_at_once(job):
    """End a running job and cancel it at the same moment; return which of the two was told it did."""
    held, user = Job.objects.get(pk=job), User.objects.get()

    def cancel_it():
        return services.cancel_job(user=user, job=Job.objects.get(pk=job))

    return _all_at_once([lambda: lease.end_job(held, Job.State.SUCCEEDED), cancel_it])


def cancel(job):
    return services.cancel_job(user=User.objects.get(), job=Job.objects.get(pk=job))


def sweep():
    sweeper.sweep()


def run_and_die_before_commit(job):
    """Run a job and die when its files are renamed and its row is not yet committed."""
    post_save.connect(lambda **_: os._exit(9), sender=Output, weak=False)
    supervisor.run_queued_job(job)


def run_and_lose_the_answer_to_commit(job):
    """Run a job with a database that stores the output and then cannot say so."""

    def commit(store):
        store()
        raise OperationalError("the server closed the connection unexpectedly")

    _when_published(commit)
    supervisor.run_queued_job(job)


def run_and_lose_the_database_before_commit(job):
    """Run a job with a connection that breaks when the output is about to be stored."""

    def commit(store):
        connection.connection.close()
        store()

    _when_published(commit)
    supervisor.run_queued_job(job)
    connection.close()


def is_working(process):
    """Whether a worker with this process id has told that it lives."""
    return Worker.objects.filter(name__endswith=f":{process}").exists()


def _submit(key, parameters):
    dataset = Dataset.objects.get(type=Dataset.Type.ACQUISITION)
    pipeline = Pipeline.objects.get(identifier=PIPELINE)
    job = services.submit_job(
        user=User.objects.get(),
        dataset=dataset,
        pipeline=pipeline,
        parameters={**prefilled_parameters(pipeline, dataset), **parameters},
        request_key=key,
    )
    return str(job.pk)


def _shown(job):
    output = Output.objects.filter(job=job).select_related("dataset").first()
    return {
        "id": str(job.pk),
        "state": job.state,
        "attempt": job.attempt,
        "failures": job.failures,
        "code": job.error_code,
        "message": job.error_message,
        "events": [
            {"kind": event.kind, "attempt": event.attempt, "at": event.at.timestamp()}
            for event in job.events.exclude(kind__startswith="step").order_by("id")
        ],
        "output": output
        and {
            "folder": output.dataset.location,
            "attempt": output.attempt,
            "files": list(output.dataset.datafiles.values("name", "size_bytes", "sha256")),
        },
    }


def _at_once(count, act):
    return _all_at_once([act] * count)


def _all_at_once(acts):
    """Call each function in a thread; they wait for each other, and have connections of their own."""
    start = threading.Barrier(len(acts))
    answers = []

    def take_part(act):
        connection.ensure_connection()
        start.wait()
        try:
            answers.append(act())
        finally:
            connection.close()

    threads = [threading.Thread(target=take_part, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _when_published(commit):
    """Commit in another way the next time that an output is in the transaction."""
    store = connection._commit

    def once():
        del connection._commit
        commit(store)

    def publishing(**_):
        post_save.disconnect(publishing, sender=Output)
        connection._commit = once

    post_save.connect(publishing, sender=Output, weak=False)


def main():
    lines = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        told = json.loads(line)
        try:
            answer = {"answer": globals()[told["duty"]](**told["given"])}
        except Exception:  # noqa: BLE001 - the test shows it
            answer = {"error": traceback.format_exc()}
        lines.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
