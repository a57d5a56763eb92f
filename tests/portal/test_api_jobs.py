"""Starting, following and cancelling jobs; running them is tested elsewhere."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from portal.jobs.lease import claim_job, end_job
from portal.jobs.models import Job, JobEvent, Output, Worker
from tests.factories import make_dataset, make_investigation, make_pipeline, the_past


@pytest.fixture
def api(api_of, participant):
    return api_of(participant)


@pytest.fixture
def start(api, dataset, pipeline, sent):
    def post(**asked):
        asked = {"dataset": dataset.pk, "pipeline": pipeline.identifier, **asked}
        return api.post("/api/jobs/", asked, format="json")

    return post


def test_a_dataset_offers_the_pipelines_that_fit_filled_from_it(api, dataset, pipeline):
    make_pipeline("spectrum", technique="XAS")

    (offered,) = api.get(f"/api/datasets/{dataset.pk}/pipelines/").json()

    image = dataset.datafiles.get(name="image.h5")
    assert offered["identifier"] == pipeline.identifier
    assert offered["parameters"] == {"image": image.pk, "energy": 12.4, "points": 1000}
    assert offered["input_schema"]["properties"]["energy"]["unit"] == "keV"
    assert offered["has_live_worker"] is False


def test_a_pipeline_says_whether_it_is_served(api, pipeline):
    Worker.objects.create(name="worker", queue=pipeline.queue, seen_at=timezone.now())

    (row,) = api.get("/api/pipelines/").json()["results"]

    assert row == api.get(f"/api/pipelines/{pipeline.identifier}/").json()
    assert row["has_live_worker"] is True


def test_a_job_starts_with_the_prefilled_parameters(start, dataset, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = start()

    job = answer.json()
    assert answer.status_code == 201
    assert (job["state"], job["dataset"], job["is_mine"], job["output"]) == ("queued", dataset.pk, True, None)
    assert job["parameters"] == {
        "image": dataset.datafiles.get(name="image.h5").pk,
        "energy": 12.4,
        "points": 1000,
    }
    assert [step["state"] for step in job["steps"]] == ["waiting", "waiting"]
    assert [str(pk) for pk in sent] == [job["id"]]


def test_what_is_given_is_merged_over_what_is_prefilled(start, dataset, sent):
    geometry = {"type": "object", "properties": {"dist": {"default": 0.1}, "rot1": {"default": 0.0}}}
    make_pipeline("turned", geometry=geometry)

    job = start(pipeline="turned", parameters={"points": 10, "geometry": {"dist": 0.2}}).json()

    assert job["parameters"]["points"] == 10
    assert job["parameters"]["geometry"] == {"dist": 0.2, "rot1": 0.0}


def test_a_null_removes_a_prefilled_value(start):
    answer = start(parameters={"energy": None})

    assert (answer.status_code, answer.json()["fields"]) == (400, {"energy": "This value is needed."})


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"parameters": {"energy": -1}}, "energy"),
        ({"parameters": {"points": "many"}}, "points"),
        ({"parameters": {"image": 10**30}}, "image"),
        ({"parameters": {"colour": "blue"}}, "colour"),
        ({"pipeline": "nothing"}, "pipeline"),
        ({"request_key": "x"}, "request_key"),
        ({"parameters": "x"}, "parameters"),
        ({"dataset": "x"}, "dataset"),
    ],
)
def test_what_cannot_be_used_is_named(start, asked, field):
    answer = start(**asked)

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]
    assert Job.objects.count() == 0


def test_a_file_of_another_dataset_is_refused(start, investigation):
    other = make_dataset(investigation).datafiles.get(name="image.h5")

    answer = start(parameters={"image": other.pk})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["image"])


def test_a_pipeline_that_does_not_fit_is_refused(start):
    make_pipeline("spectrum", technique="XAS")

    answer = start(pipeline="spectrum")

    assert answer.status_code == 400
    assert "pattern" in answer.json()["message"]


def test_the_same_request_key_returns_the_first_job(start):
    key = str(uuid4())

    first, second = start(request_key=key), start(request_key=key, parameters={"points": 10})

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert Job.objects.count() == 1


def test_somebody_elses_request_key_is_no_key_to_their_job(start, api_of, staff, dataset, pipeline):
    key = str(uuid4())
    start(request_key=key)

    asked = {"dataset": dataset.pk, "pipeline": pipeline.identifier, "request_key": key}
    answer = api_of(staff).post("/api/jobs/", asked, format="json")

    assert answer.status_code == 403


@pytest.mark.django_db(transaction=True)
def test_sixteen_identical_requests_at_once_make_one_job(api_of, participant, dataset, pipeline, sent):
    asked = {"dataset": dataset.pk, "pipeline": pipeline.identifier, "request_key": str(uuid4())}
    clients = [api_of(participant) for _ in range(16)]

    def post(client):
        try:
            return client.post("/api/jobs/", asked, format="json")
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(post, clients))

    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Job.objects.count() == len(sent) == 1


def test_a_job_is_followed_by_the_last_event(start, api):
    job = start().json()
    address = f"/api/jobs/{job['id']}/events/"

    first = api.get(address).json()
    claimed = claim_job(job["id"], worker="w")
    JobEvent.objects.create(job=claimed, attempt=1, kind="step_progress", step="integrate", progress=50)
    second = api.get(address, {"after": first["last"]}).json()
    third = api.get(address, {"after": second["last"]}).json()

    assert [event["kind"] for event in first["results"]] == ["submitted"]
    assert [event["kind"] for event in second["results"]] == ["started", "step_progress"]
    assert (second["results"][1]["progress"], second["state"], second["is_open"]) == (50, "running", True)
    assert (third["results"], third["last"]) == ([], second["last"])


@pytest.mark.parametrize("after", ["x", "-1", str(10**30), "1.5"])
def test_an_odd_event_is_refused(start, api, after):
    answer = api.get(f"/api/jobs/{start().json()['id']}/events/", {"after": after})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["after"])


def test_a_failed_job_says_why_and_what_helps(start, api):
    job = start().json()
    end_job(
        claim_job(job["id"], worker="w"), Job.State.FAILED, code="bad_input", message="The mask does not fit."
    )

    row = api.get(f"/api/jobs/{job['id']}/").json()

    assert row["state"] == "failed"
    assert row["error"] == {
        "code": "bad_input",
        "message": "The mask does not fit.",
        "remedy": "Change the value named above and start again.",
    }


def test_a_finished_job_names_its_output(start, api, investigation):
    job = Job.objects.get(pk=start().json()["id"])
    result = make_dataset(investigation)
    Output.objects.create(job=job, dataset=result, attempt=1, record={})

    assert api.get(f"/api/jobs/{job.pk}/").json()["output"] == result.pk
    assert api.get("/api/jobs/").json()["results"][0]["output"] == result.pk


def test_a_job_is_cancelled_once(start, api):
    address = f"/api/jobs/{start().json()['id']}/cancel/"

    first, second = api.post(address), api.post(address)

    assert (first.json()["state"], second.json()["state"]) == ("cancelled", "cancelled")
    assert JobEvent.objects.filter(kind="cancelled").count() == 1


def test_jobs_are_narrowed(start, api, api_of, staff, dataset):
    mine = start().json()["id"]
    api.post(f"/api/jobs/{mine}/cancel/")
    asked = {"dataset": dataset.pk, "pipeline": "pattern"}
    theirs = api_of(staff).post("/api/jobs/", asked, format="json").json()["id"]

    def found(query):
        return [row["id"] for row in api.get(f"/api/jobs/?{query}").json()["results"]]

    assert found("") == [theirs, mine]
    assert found("mine=true") == [mine]
    assert found("mine=false") == [theirs]
    assert found("state=queued") == [theirs]
    assert found("state=queued&state=cancelled") == [theirs, mine]
    assert found(f"dataset={dataset.pk + 1}") == []


def test_nobody_has_no_jobs_of_their_own(api_of, pipeline):
    dataset = make_dataset(make_investigation(release_date=the_past()))
    Job.objects.create(
        dataset=dataset,
        investigation=dataset.investigation,
        pipeline=pipeline,
        request_key=uuid4(),
        workflow=pipeline.graph,
        recipe_digest="0" * 64,
    )

    own, all_visible = (api_of().get(f"/api/jobs/{query}").json()["results"] for query in ("?mine=true", ""))

    assert (len(own), len(all_visible)) == (0, 1)
    assert all_visible[0]["is_mine"] is False


def test_a_failed_job_is_tried_again_as_a_new_one(start, api):
    job = start(parameters={"points": 12}).json()
    address = f"/api/jobs/{job['id']}/retry/"
    too_early = api.post(address)
    end_job(claim_job(job["id"], worker="w"), Job.State.FAILED, code="crashed", message="Gone.")

    first, second = api.post(address), api.post(address)

    assert too_early.status_code == 400
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"] != job["id"]
    assert first.json()["rerun_of"] == job["id"]
    assert first.json()["parameters"] == job["parameters"]


def test_several_datasets_are_started_with_one_request(api, investigation, pipeline, sent):
    datasets = [make_dataset(investigation).pk for _ in range(3)]
    asked = {
        "datasets": datasets,
        "pipeline": "pattern",
        "parameters": {"points": 9},
        "request_key": str(uuid4()),
    }

    first = api.post("/api/jobs/batch/", asked, format="json")
    second = api.post("/api/jobs/batch/", asked, format="json")

    batch = first.json()["batch"]
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["jobs"] == second.json()["jobs"]
    assert sorted(job["dataset"] for job in first.json()["jobs"]) == sorted(datasets)
    found = api.get(f"/api/jobs/?batch={batch}&pipeline=pattern&investigation={investigation.pk}").json()
    assert {row["batch"] for row in found["results"]} == {batch}
    assert len(found["results"]) == 3


def test_a_batch_leaves_out_what_is_computed_unless_told_otherwise(api, start, investigation, dataset, sent):
    job = Job.objects.get(pk=start().json()["id"])
    end_job(claim_job(job.pk, worker="w"), Job.State.SUCCEEDED)
    Output.objects.create(job=job, dataset=make_dataset(investigation), attempt=1, record={})
    asked = {"datasets": [dataset.pk], "pipeline": "pattern"}

    without = api.post("/api/jobs/batch/", asked, format="json")
    again = api.post("/api/jobs/batch/", {**asked, "compute_again": True}, format="json")

    assert without.status_code == 200
    assert without.json() == {"batch": None, "jobs": [], "computed": [dataset.pk]}
    assert (again.status_code, len(again.json()["jobs"])) == (201, 1)


def test_a_batch_with_one_that_cannot_run_starts_nothing(api, investigation, dataset, pipeline, sent):
    bare = make_dataset(investigation, parameters={}, files={"notes.txt": b"x"})
    asked = {"datasets": [dataset.pk, bare.pk], "pipeline": "pattern"}

    refused = api.post("/api/jobs/batch/", asked, format="json")
    unknown = api.post("/api/jobs/batch/", {**asked, "datasets": [dataset.pk, 10**9]}, format="json")

    assert (refused.status_code, list(refused.json()["fields"])) == (400, [str(bare.pk)])
    assert (unknown.status_code, list(unknown.json()["fields"])) == (400, ["datasets"])
    assert Job.objects.count() == 0
