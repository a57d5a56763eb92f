"""A job tells how far it is without flooding anybody, and ends soon after it is cancelled."""

import threading
import time
from uuid import uuid4

import pytest
from django.db import close_old_connections

from portal.ingest.services import register_folder
from portal.jobs.models import Job, JobEvent, Pipeline
from portal.jobs.selectors import progress_of, steps_of
from portal.jobs.services import cancel_job, submit_job, sync_pipelines
from portal.jobs.supervisor import run_queued_job
from processing.simulation import write_powder_dataset


@pytest.fixture
def ask(settings, investigation, participant, sent):
    """A function that asks for a job of one task of the tests."""
    folder = settings.RAW_ROOTS[0] / f"visit-{uuid4()}" / "LaB6"
    write_powder_dataset(folder, detector="Pilatus100k")
    [dataset] = register_folder(investigation, folder.parent)

    def ask(task, **parameters):
        properties = {name: {"type": "number", "node": "it"} for name in parameters}
        attributes = {
            "id": task,
            "input_schema": {"type": "object", "properties": properties},
            "output_files": [{"id": "it", "name": "filename", "value": "told.txt"}],
        }
        node = {"id": "it", "task_type": "class", "task_identifier": f"tests.jobs.job_tasks.{task}"}
        sync_pipelines([{"graph": attributes, "nodes": [node], "links": []}])
        return submit_job(
            user=participant,
            dataset=dataset,
            pipeline=Pipeline.objects.get(identifier=task),
            parameters=parameters,
            request_key=uuid4(),
        )

    return ask


def progress_rows(job):
    return list(job.events.filter(kind=JobEvent.Kind.STEP_PROGRESS).order_by("id"))


@pytest.mark.django_db
def test_a_step_that_reports_a_thousand_times_makes_a_few_rows_the_last_among_them(ask):
    job = ask("Report", reports=1000)

    began = time.monotonic()
    run_queued_job(str(job.pk))
    took = time.monotonic() - began
    job.refresh_from_db()

    assert job.state == Job.State.SUCCEEDED, job.error_message
    rows = progress_rows(job)
    assert rows[-1].progress == 100
    assert 2 <= len(rows) <= took + 2
    assert [step.progress for step in steps_of(job) if step.node_id == "it"] == [100]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("task", "parameters"), [("Report", {"reports": 10, "seconds": 600}), ("Flood", {})])
def test_a_cancelled_job_ends_within_a_second_and_floods_nobody(ask, participant, task, parameters):
    job = ask(task, **parameters)
    worker = threading.Thread(target=run_and_close, args=(str(job.pk),))
    worker.start()
    wait_until(lambda: progress_rows(job))
    time.sleep(1.5)
    told = progress_of([Job.objects.get(pk=job.pk)])

    assert cancel_job(user=participant, job=Job.objects.get(pk=job.pk))
    cancelled = time.monotonic()
    worker.join(timeout=20)

    assert not worker.is_alive()
    assert time.monotonic() - cancelled < 5  # a second on a machine that is not busy with other things
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert 0 < told[job.pk] <= 100
    assert len(progress_rows(job)) <= 5


def run_and_close(job):
    """Run a job in a thread as a worker does, and give its connection back."""
    run_queued_job(job)
    close_old_connections()


def wait_until(is_so, within_s=20):
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
