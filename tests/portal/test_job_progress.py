"""A running job says how far it is, in percent and where it is known in frames."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.jobs.models import Job, JobEvent
from tests.factories import make_dataset
from tests.portal.results import make_job


@pytest.fixture
def page_of(participant):
    client = Client()
    client.force_login(participant)
    return lambda job: client.get(reverse("job", args=[job.pk])).content.decode()


def running(dataset, pipeline, *, percent, progress=None):
    """A job whose first step has told how far it is."""
    graph = {**pipeline.graph, "graph": {**pipeline.graph["graph"], "progress": progress or {}}}
    job = make_job(dataset, pipeline, state=Job.State.RUNNING, attempt=1, started_at=timezone.now())
    Job.objects.filter(pk=job.pk).update(workflow=graph)
    step = str(graph["nodes"][0]["id"])
    told = ((JobEvent.Kind.STEP_STARTED, None), (JobEvent.Kind.STEP_PROGRESS, percent))
    for kind, value in told:
        JobEvent.objects.create(job=job, attempt=1, kind=kind, step=step, progress=value)
    return job, step


def scan_of(investigation, frames):
    return make_dataset(investigation, parameters={"XRPD_image_frames": frames})


def test_progress_is_told_in_percent(page_of, dataset, pipeline):
    job, _ = running(dataset, pipeline, percent=12.4)

    page = page_of(job)

    assert '<progress max="100" value="12.4"' in page
    assert "12 %<" in page


def test_progress_is_told_in_frames_where_pipeline_and_dataset_say_how_many(page_of, investigation, pipeline):
    names = {str(pipeline.graph["nodes"][0]["id"]): "XRPD_image_frames"}
    job, _ = running(scan_of(investigation, 10_000), pipeline, percent=12.0, progress=names)

    assert "12 %, frame 1200 of 10000" in page_of(job)


@pytest.mark.parametrize("frames", [1, "many"])
def test_one_frame_is_not_counted(page_of, investigation, pipeline, frames):
    names = {str(pipeline.graph["nodes"][0]["id"]): "XRPD_image_frames"}
    job, _ = running(scan_of(investigation, frames), pipeline, percent=12.0, progress=names)

    page = page_of(job)

    assert "12 %<" in page
    assert "frame " not in page


@pytest.mark.parametrize("progress", [None, "text", ["it"], {"it": 7}, {"7": None}])
def test_what_a_descriptor_says_badly_of_progress_is_ignored(page_of, investigation, pipeline, progress):
    job, _ = running(scan_of(investigation, 10), pipeline, percent=50.0)
    graph = {**job.pipeline.graph, "graph": {**job.pipeline.graph["graph"], "progress": progress}}
    Job.objects.filter(pk=job.pk).update(workflow=graph)

    assert "50 %<" in page_of(job)
