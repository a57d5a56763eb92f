"""Jobs on data that cannot be used end with one sentence that names the thing, and leave nothing behind."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import h5py
import numpy as np
import pytest

from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Datafile
from portal.ingest.services import register_folder
from portal.jobs.folders import Attempt
from portal.jobs.lease import claim_job, free_expired_jobs
from portal.jobs.models import Job, JobEvent, Output, Pipeline
from portal.jobs.parameters import prefilled_parameters
from portal.jobs.services import submit_job, sync_pipelines
from portal.jobs.supervisor import run_claimed_job, run_queued_job
from processing.pipelines import shipped_pipelines
from processing.simulation import write_powder_dataset
from tests.jobs.job_tasks import sleeper_in
from tests.processes import still_running

pytestmark = pytest.mark.django_db
IMAGE = "LaB6_0001.h5"
DATA = "/1.1/instrument/detector/data"


@pytest.fixture
def folder(settings):
    """A raw folder with one simulated image, and a mask of another shape."""
    folder = settings.RAW_ROOTS[0] / f"visit-{uuid4()}" / "LaB6"
    write_powder_dataset(folder, detector="Pilatus100k")
    np.save(folder / "mask.npy", np.zeros((10, 20), np.int8))
    return folder


@pytest.fixture
def powder(investigation, folder):
    [dataset] = register_folder(investigation, folder.parent)
    return dataset


@pytest.fixture
def ask(participant, sent):
    """A function that asks for a powder pattern of a dataset."""
    sync_pipelines(list(shipped_pipelines()))
    pipeline = Pipeline.objects.get(identifier="powder_pattern")

    def ask(dataset, **changes):
        values = {**prefilled_parameters(pipeline, dataset), **changes}
        return submit_job(
            user=participant, dataset=dataset, pipeline=pipeline, parameters=values, request_key=uuid4()
        )

    return ask


@pytest.fixture
def ask_for_task(participant, powder, sent):
    """A function that asks for a job of one task, which is told where to write a file."""

    def ask(task):
        attributes = {
            "id": task,
            "input_schema": {"type": "object", "properties": {}},
            "output_files": [{"id": "it", "name": "filename", "value": "pid"}],
        }
        node = {"id": "it", "task_type": "class", "task_identifier": f"tests.jobs.job_tasks.{task}"}
        sync_pipelines([{"graph": attributes, "nodes": [node], "links": []}])
        pipeline = Pipeline.objects.get(identifier=task)
        return submit_job(
            user=participant, dataset=powder, pipeline=pipeline, parameters={}, request_key=uuid4()
        )

    return ask


def run(job):
    run_queued_job(str(job.pk))
    job.refresh_from_db()
    return job


def assert_failed(job, code, *named):
    """It has failed with one sentence for a person, and nothing of it is left."""
    sentence = job.error_message
    assert (job.state, job.error_code) == (Job.State.FAILED, code), sentence
    assert all(name in sentence for name in named), sentence
    assert not any(trace in sentence for trace in ("Traceback", "\n", ".py", "object at 0x")), sentence
    assert len(sentence) < 400
    assert_nothing_left(job)


def assert_nothing_left(job):
    assert not Output.objects.filter(job=job).exists()
    for number in range(1, job.attempt + 1):
        attempt = Attempt(job.pk, number)
        assert not attempt.folder.parent.exists()
        assert not attempt.published.parent.exists()


def test_a_good_dataset_succeeds(ask, powder):
    job = run(ask(powder))

    assert job.state == Job.State.SUCCEEDED
    assert Path(job.output.dataset.location).is_dir()


def test_a_file_that_was_deleted_is_named(ask, powder, folder):
    job = ask(powder)
    (folder / IMAGE).unlink()

    assert_failed(run(job), "data_missing", f"The file {IMAGE} is not in place.")


def test_a_dataset_whose_folder_is_gone_is_named(ask, powder, folder):
    job = ask(powder)
    shutil.rmtree(folder)

    assert_failed(run(job), "data_missing", powder.name)


def test_a_file_replaced_by_a_pipe_is_refused_and_holds_nobody(ask, powder, folder):
    job = ask(powder)
    (folder / IMAGE).unlink()
    os.mkfifo(folder / IMAGE)

    assert_failed(run(job), "data_missing", IMAGE)


def test_a_mask_of_another_shape_is_named_with_both_shapes(ask, powder):
    mask = Datafile.objects.get(dataset=powder, name="mask.npy")

    job = run(ask(powder, mask=mask.pk))

    assert_failed(job, "bad_input", "mask", "(10, 20)", "(195, 487)")


def test_a_negative_distance_is_refused_by_the_form(ask, powder):
    geometry = {"dist": -0.2, "poni1": 0.01, "poni2": 0.01, "detector": "Pilatus100k"}

    with pytest.raises(InvalidInput) as refused:
        ask(powder, geometry=geometry)

    assert refused.value.fields == {"geometry.dist": "Must be more than 0 m."}
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"geometry": {"dist": -0.2, "poni1": 0.01, "poni2": 0.01, "detector": "Pilatus100k"}}, "dist"),
        ({"energy": "nan"}, "energy"),
        ({"energy": -12.4}, "energy"),
        ({"n_points": 10**9}, "n_points"),
        ({"unit": "furlongs"}, "furlongs"),
    ],
)
def test_a_value_that_came_around_the_form_is_refused_by_the_task(ask, powder, changes, named):
    job = ask(powder)
    Job.objects.filter(pk=job.pk).update(parameters={**job.parameters, **changes})

    assert_failed(run(job), "bad_input", named)


def test_a_truncated_file_is_named_with_its_sizes(ask, powder, folder):
    size = (folder / IMAGE).stat().st_size
    os.truncate(folder / IMAGE, size // 2)

    job = run(ask(powder))

    assert_failed(job, "bad_input", IMAGE, "truncated", f"{size // 2} of {size} bytes")


def test_an_empty_file_is_named(ask, powder, folder):
    os.truncate(folder / IMAGE, 0)

    assert_failed(run(ask(powder)), "bad_input", IMAGE)


def test_a_virtual_dataset_without_its_source_is_refused_and_not_read_as_zeros(ask, powder, folder):
    with h5py.File(folder / IMAGE, "a") as file:
        image = file[DATA]
        layout = h5py.VirtualLayout(image.shape, image.dtype)
        layout[...] = h5py.VirtualSource("detector_0001.h5", "data", image.shape)
        for path in (DATA, "/1.1/plot/data", "/1.1/measurement/detector"):
            del file[path]
        file.create_virtual_dataset(DATA, layout)

    assert_failed(run(ask(powder)), "bad_input", "detector_0001.h5", "would read as zeros")


@pytest.mark.parametrize("kind", ["external link", "virtual dataset", "external storage"])
def test_a_link_out_of_the_dataset_is_refused_and_nothing_is_read(ask, powder, folder, settings, kind):
    others = settings.RAW_ROOTS[0] / f"others-{uuid4()}.h5"
    shape, counts = (1, 195, 487), np.full((1, 195, 487), 424242, np.int32)
    with h5py.File(others, "w") as file:
        file["data"] = counts
    with h5py.File(folder / IMAGE, "a") as file:
        for path in (DATA, "/1.1/plot/data", "/1.1/measurement/detector"):
            del file[path]
        if kind == "external link":
            file[DATA] = h5py.ExternalLink(f"../../{others.name}", "data")
        elif kind == "virtual dataset":
            layout = h5py.VirtualLayout(shape, counts.dtype)
            layout[...] = h5py.VirtualSource(str(others), "data", shape)
            file.create_virtual_dataset(DATA, layout)
        else:
            file.create_dataset(DATA, shape, counts.dtype, external=[(str(others), 2048, counts.nbytes)])

    job = run(ask(powder))

    assert_failed(job, "bad_input", others.name, "outside the folders")
    assert "424242" not in Attempt(job.pk, 1).log.read_text()


@contextmanager
def full_disk(folder, kilobytes):
    """Mount a tiny disk, or skip where that is not allowed; in CI it must be."""
    folder.mkdir()
    size = f"size={kilobytes}k"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        assert not os.environ.get("CI"), mounted.stderr
        pytest.skip(f"a tiny disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("kilobytes", [4, 16, 48, 64, 80, 100])
def test_a_full_disk_is_tried_again_and_then_said(ask, powder, settings, tmp_path, kilobytes):
    settings.JOB_RETRY_PAUSES_S = [0.0]
    settings.STAGING_FOLDER = tmp_path / "staging"
    job = ask(powder)

    with full_disk(settings.STAGING_FOLDER, kilobytes):
        states = [run(job).state for _ in range(settings.JOB_MAX_ATTEMPTS)]

        assert states == ["queued", "queued", "failed"]
        assert job.error_code == "disk_full"
        assert "disk is full" in job.error_message or "No space left on device" in job.error_message
        assert_nothing_left(job)


def test_a_crash_of_a_library_is_told_and_tried_again(ask_for_task):
    job = run(ask_for_task("Segfault"))

    assert (job.state, job.failures) == (Job.State.QUEUED, 1)
    last = job.events.last()
    assert last.kind == JobEvent.Kind.RETRY
    assert last.message == "The run stopped without a word (exit code -11)."
    assert_nothing_left(job)


def test_a_run_that_ends_without_a_word_has_crashed_whatever_its_exit_code(ask_for_task):
    job = run(ask_for_task("Exit"))

    assert (job.state, job.failures) == (Job.State.QUEUED, 1)
    assert_nothing_left(job)


def test_the_time_limit_ends_a_run_and_all_it_started(ask_for_task, settings):
    settings.JOB_TIME_LIMIT_S = 2.0

    job = run(ask_for_task("StartSleeper"))

    assert_failed(job, "time_limit", "The job took longer than 2 s.")
    assert still_running([sleeper_in(Attempt(job.pk, 1).log)], within_s=5) == []


def test_a_run_that_falls_silent_is_ended_by_the_time_limit(ask_for_task, settings):
    settings.JOB_TIME_LIMIT_S = 2.0

    assert_failed(run(ask_for_task("FallSilent")), "time_limit")


def test_a_process_that_a_run_leaves_behind_does_not_hold_its_job(ask_for_task):
    job = run(ask_for_task("LeaveProcess"))

    left = int((Path(job.output.dataset.location) / "pid").read_text())
    assert job.state == Job.State.SUCCEEDED
    assert (job.finished_at - job.started_at).total_seconds() < 30
    assert still_running([left], within_s=5) == []


def test_a_worker_that_lost_its_job_publishes_nothing_and_deletes_its_files(ask, powder):
    job = ask(powder)
    first = claim_job(job.pk, worker="first")
    Job.objects.filter(pk=job.pk).update(lease_expires_at=job.created_at)
    free_expired_jobs()
    Job.objects.filter(pk=job.pk).update(not_before=job.created_at)
    second = claim_job(job.pk, worker="second")

    run_claimed_job(first)
    after_first = (
        Output.objects.count(),
        Attempt(job.pk, 1).folder.exists(),
        Attempt(job.pk, 1).published.exists(),
    )
    run_claimed_job(second)

    assert after_first == (0, False, False)
    job.refresh_from_db()
    assert (job.state, job.output.attempt) == (Job.State.SUCCEEDED, 2)
    assert [folder.name for folder in Attempt(job.pk, 2).published.parent.iterdir()] == ["2"]
