"""Who sees and does what: every page, as every kind of person."""

import pytest
from django.test import Client
from django.urls import reverse

from portal.jobs.models import Job
from tests.factories import make_dataset, make_investigation, the_past
from tests.portal.world import PEOPLE, PROCESS, SEE

PAGES = {
    "investigation": "investigations",
    "dataset": "datasets",
    "archive": "datasets",
    "download": "datafiles",
    "job": "jobs",
    "job-progress": "jobs",
}


def visitor(person):
    client = Client()
    if person is not None:
        client.force_login(person)
    return client


def status_of(client, address):
    """The status, after the whole body, so that no file stays open."""
    answer = client.get(address)
    answer.getvalue()
    return answer.status_code


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("which", SEE)
def test_what_a_person_may_not_know_of_has_no_page(world, name, which):
    client, ids = visitor(world.people[name]), world.ids(which)

    statuses = {page: status_of(client, reverse(page, args=[ids[kind]])) for page, kind in PAGES.items()}

    assert statuses == dict.fromkeys(PAGES, 200 if name in SEE[which] else 404)


@pytest.mark.parametrize("name", PEOPLE)
def test_the_first_page_names_what_a_person_may_open_and_no_more(world, name):
    page = visitor(world.people[name]).get(reverse("home"), {"show": "all"}).content.decode()

    for which in SEE:
        address = reverse("investigation", args=[world.ids(which)["investigations"]])
        assert (address in page) == (name in SEE[which])


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("which", SEE)
def test_seeing_a_page_is_not_processing(world, sent, name, which):
    client, ids = visitor(world.people[name]), world.ids(which)
    refused = 302 if name == "anonymous" else 403 if name in SEE[which] else 404
    may = name in PROCESS[which]

    form = client.get(reverse("reprocess", args=[ids["datasets"], "pattern"])).status_code
    cancelled = client.post(reverse("cancel-job", args=[ids["jobs"]])).status_code

    assert form == (200 if may else refused)
    assert cancelled == (302 if may else refused)
    assert Job.objects.get(pk=ids["jobs"]).state == ("cancelled" if may else "queued")


def test_a_button_that_would_be_refused_is_not_shown(world):
    address = reverse("investigation", args=[world.ids("open")["investigations"]])

    shown = {
        name: b"Reprocess" in visitor(person).get(address).content for name, person in world.people.items()
    }

    assert {name for name, is_shown in shown.items() if is_shown} == PROCESS["open"]


def test_an_input_that_a_person_may_not_know_of_is_not_named(db):
    hidden = make_dataset(name="secret")
    visible = make_dataset(make_investigation(release_date=the_past()), inputs=[hidden])

    page = visitor(None).get(reverse("dataset", args=[visible.pk])).content.decode()

    assert "secret" not in page


@pytest.mark.parametrize("cursor", ["nonsense", "W10=", "WyJ4Il0="])
def test_a_page_of_a_list_that_does_not_exist_is_told_plainly(world, cursor):
    answer = visitor(world.people["staff"]).get(reverse("home"), {"after": cursor})

    assert answer.status_code == 400
    assert b"does not exist" in answer.content
