"""Who sees and does what: every route of the API, as every kind of person."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator

from portal.access.models import AuditEvent
from portal.jobs.models import Job, Pipeline
from tests.factories import (
    make_dataset,
    make_investigation,
    make_pipeline,
    the_past,
)
from tests.portal.world import PEOPLE, PROCESS, SEE


def _routes(method):
    """Every route that the API describes, as (what it is about, address with a place for the id)."""
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return [(path.split("/")[2], path) for path, operations in paths.items() if method in operations]


def _fetch(api, address):
    """The status and the whole body, so that no file stays open."""
    answer = api.get(address)
    return answer.status_code, answer.getvalue()


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("which", SEE)
def test_what_a_person_may_not_know_of_does_not_exist(world, api_of, name, which):
    api, ids = api_of(world.people[name]), world.ids(which)
    routes = [(kind, path) for kind, path in _routes("get") if "{id}" in path]

    statuses = {path: _fetch(api, path.format(id=ids[kind]))[0] for kind, path in routes}

    assert len(statuses) > 5
    assert statuses == dict.fromkeys(statuses, 200 if name in SEE[which] else 404)


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize(
    ("kind", "id_of"),
    [
        ("investigations", lambda dataset, _: dataset.investigation_id),
        ("datasets", lambda dataset, _: dataset.pk),
        ("jobs", lambda _, job: str(job.pk)),
    ],
)
def test_lists_hold_what_a_person_may_open_and_no_more(world, api_of, name, kind, id_of):
    all_ids = {which: id_of(world.datasets[which], world.jobs[which]) for which in SEE}

    listed = {row["id"] for row in api_of(world.people[name]).get(f"/api/{kind}/").json()["results"]}

    assert listed & set(all_ids.values()) == {all_ids[which] for which in SEE if name in SEE[which]}


@pytest.mark.parametrize("name", PEOPLE)
def test_the_right_to_list_is_the_right_to_download(world, api_of, name):
    api = api_of(world.people[name])

    for row in api.get("/api/datasets/").json()["results"]:
        for file in api.get(f"/api/datasets/{row['id']}/files/").json()["results"]:
            assert len(_fetch(api, file["content"])[1]) == file["size_bytes"]
        assert _fetch(api, f"/api/datasets/{row['id']}/archive/")[0] == 200


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("which", SEE)
def test_seeing_is_not_processing(world, api_of, sent, name, which):
    api, ids = api_of(world.people[name]), world.ids(which)
    refused = 401 if name == "anonymous" else 403 if name in SEE[which] else 404
    may = name in PROCESS[which]

    started = api.post("/api/jobs/", {"dataset": ids["datasets"], "pipeline": "pattern"}, format="json")
    cancelled = api.post(f"/api/jobs/{ids['jobs']}/cancel/")

    assert started.status_code == (201 if may else refused)
    assert cancelled.status_code == (200 if may else refused)
    assert Job.objects.get(pk=ids["jobs"]).state == ("cancelled" if may else "queued")


def test_an_investigation_says_what_i_may(world, api_of):
    address = f"/api/investigations/{world.ids('open')['investigations']}/"

    told = {name: api_of(person).get(address).json() for name, person in world.people.items()}

    assert {name for name, row in told.items() if row["may_process"]} == PROCESS["open"]
    assert {name: row["my_role"] for name, row in told.items() if row["my_role"]} == {
        "participant": "participant",
        "observer": "observer",
    }


def test_an_embargo_ends_by_the_clock_alone(api_of, db):
    dataset = make_dataset(make_investigation(release_date=timezone.now() + timedelta(seconds=1)))
    api, address = api_of(), f"/api/datasets/{dataset.pk}/"

    before = api.get(address).status_code
    time.sleep(1.1)

    assert (before, api.get(address).status_code) == (404, 200)


def test_inputs_that_a_person_may_not_know_of_are_not_named(api_of, db):
    hidden = make_dataset()
    visible = make_dataset(make_investigation(release_date=the_past()), inputs=[hidden])

    inputs = api_of().get(f"/api/datasets/{visible.pk}/").json()["inputs"]

    assert inputs == []


def test_only_scientists_of_the_instrument_and_staff_register(world, api_of):
    dataset = world.datasets["open"]
    told = {"investigation": dataset.investigation_id, "name": "again", "location": dataset.location}

    statuses = {
        name: api_of(person).post("/api/datasets/", told, format="json").status_code
        for name, person in world.people.items()
    }

    assert statuses.pop("anonymous") == 401
    assert statuses == {name: 200 if name in {"scientist", "staff"} else 403 for name in statuses}
    assert AuditEvent.objects.filter(action="dataset.register", refused=True).count() == 3


def test_a_scientist_of_another_instrument_does_not_learn_of_the_investigation(world, api_of, scientist):
    told = {"investigation": world.ids("foreign")["investigations"], "name": "x", "location": "/nowhere"}

    answer = api_of(scientist).post("/api/datasets/", told, format="json")

    assert answer.status_code == 404


def test_a_person_who_left_is_nobody(world, api_of, staff):
    api = api_of(staff)
    staff.is_active = False
    staff.save()

    answer = api.get(f"/api/datasets/{world.ids('foreign')['datasets']}/")

    assert answer.status_code == 404


def test_a_pipeline_that_is_switched_off_is_not_offered(dataset, participant, api_of):
    make_pipeline()
    Pipeline.objects.update(enabled=False)
    api = api_of(participant)

    assert api.get("/api/pipelines/").json()["results"] == []
    assert api.get(f"/api/datasets/{dataset.pk}/pipelines/").json() == []
