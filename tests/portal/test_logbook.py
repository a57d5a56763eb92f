"""The e-logbook: who writes what into it, by the page and by the API."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.access.models import AuditEvent
from portal.catalogue.models import LogbookEvent
from tests.factories import make_dataset
from tests.portal.world import INSIDERS, PEOPLE, SEE

AT = "2026-07-20T09:30:00Z"
NOTE = {"text": "Furnace is stable at 900 K."}
NOTIFICATION = {"text": "loopscan(1, 0.5)", "type": "notification", "category": "commandline"}
WRITERS = {
    "open": INSIDERS - {"observer"},
    "embargoed": INSIDERS - {"observer"},
    "foreign": {"staff"},
}


def route(investigation_id):
    return f"/api/investigations/{investigation_id}/logbook/"


def page_of(investigation):
    return reverse("investigation-experiment", args=[investigation.pk])


@pytest.fixture
def tell(api_of, investigation):
    """Tell the investigation's logbook something, as a person."""
    return lambda person, **entry: api_of(person).post(route(investigation.pk), entry, format="json")


# --- who ---


@pytest.mark.parametrize("which", SEE)
def test_people_who_process_annotate_and_those_of_the_instrument_notify(api_of, world, which):
    address = route(world.ids(which)["investigations"])

    for name in PEOPLE:
        LogbookEvent.objects.all().delete()
        api = api_of(world.people[name])
        note = api.post(address, NOTE, format="json").status_code
        notification = api.post(address, NOTIFICATION, format="json").status_code

        refused = 401 if name == "anonymous" else 403 if name in SEE[which] else 404
        may_notify = name in {"scientist", "staff"} & WRITERS[which]
        assert (name, note) == (name, 201 if name in WRITERS[which] else refused)
        assert (name, notification) == (name, 201 if may_notify else refused)
        assert LogbookEvent.objects.count() == (note == 201) + (notification == 201)


@pytest.mark.parametrize("which", SEE)
def test_all_who_see_the_investigation_read_its_logbook(api_of, world, which):
    investigation_id = world.ids(which)["investigations"]
    LogbookEvent.objects.create(investigation_id=investigation_id, text="Measured.")

    statuses = {
        name: api_of(person).get(route(investigation_id)).status_code for name, person in world.people.items()
    }

    assert statuses == {name: 200 if name in SEE[which] else 404 for name in PEOPLE}


def test_the_form_is_shown_to_those_whose_note_is_taken(world):
    address = page_of(world.datasets["open"].investigation)

    for name, person in world.people.items():
        LogbookEvent.objects.all().delete()
        client = Client()
        if person is not None:
            client.force_login(person)
        is_shown = b"Add to the logbook" in client.get(address).content
        status = client.post(address, {"text": "Noted.", "category": "comment"}).status_code

        assert (name, is_shown) == (name, name in WRITERS["open"])
        assert (name, status) == (name, 302 if name in WRITERS["open"] | {"anonymous"} else 403)
        assert LogbookEvent.objects.exists() == is_shown


def test_a_refusal_is_recorded(tell, observer):
    tell(observer, **NOTE)

    assert AuditEvent.objects.filter(user=observer, action="logbook.add", refused=True).exists()


def test_a_note_from_another_site_is_refused(investigation, participant):
    client = Client(enforce_csrf_checks=True)
    client.force_login(participant)

    answer = client.post(page_of(investigation), {"text": "Forged.", "category": "comment"})

    assert answer.status_code == 403
    assert not LogbookEvent.objects.exists()


# --- what ---


def test_an_entry_is_kept_as_it_was_told(tell, scientist, dataset):
    answer = tell(scientist, **NOTIFICATION, at=AT, dataset=dataset.pk, software="bliss")

    assert answer.status_code == 201
    assert answer.json() == {
        "id": LogbookEvent.objects.get().pk,
        "type": "notification",
        "category": "commandline",
        "text": "loopscan(1, 0.5)",
        "at": AT,
        "dataset": dataset.pk,
        "software": "bliss",
        "author": "scientist",
    }


def test_an_entry_without_a_time_is_of_now(tell, participant):
    before = timezone.now()
    tell(participant, **NOTE)

    assert before <= LogbookEvent.objects.get().at <= timezone.now()


def test_an_entry_that_is_told_again_is_added_once(tell, scientist, participant):
    answers = [tell(scientist, **NOTE, at=AT), tell(scientist, **NOTE, at=AT)]
    others = [tell(scientist, **NOTE, at="2026-07-20T09:30:01Z"), tell(participant, **NOTE, at=AT)]

    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    assert [answer.status_code for answer in others] == [201, 201]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", ""),
        ("text", " \n "),
        ("text", "x" * 10_001),
        ("category", "gossip"),
        ("type", "rumour"),
        ("software", "x" * 101),
        ("at", "yesterday"),
        ("at", "1950-01-01T00:00:00Z"),
        ("at", "2999-01-01T00:00:00Z"),
        ("dataset", 0),
        ("dataset", 2**63 - 1),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_name(tell, participant, field, value):
    answer = tell(participant, **{**NOTE, field: value})

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]
    assert not LogbookEvent.objects.exists()


def test_a_dataset_of_another_investigation_is_refused(tell, participant):
    answer = tell(participant, **NOTE, dataset=make_dataset().pk)

    assert answer.status_code == 400
    assert answer.json()["fields"] == {"dataset": "is not a dataset of this investigation"}


# --- reading by the API ---


def test_the_api_pages_through_every_entry_once_the_newest_first(api_of, participant, investigation):
    at = datetime(2026, 7, 20, tzinfo=UTC)
    told = [
        LogbookEvent.objects.create(investigation=investigation, text=f"{n}", at=at + timedelta(hours=n % 3))
        for n in range(7)
    ]
    api, address, read = api_of(participant), f"{route(investigation.pk)}?page_size=3", []
    while address:
        page = api.get(address).json()
        read += [event["id"] for event in page["results"]]
        address = page["next"]

    assert read == [row.pk for row in sorted(told, key=lambda row: (row.at, row.pk), reverse=True)]


def test_the_api_narrows_to_what_is_asked(api_of, participant, investigation):
    for category, text in (("error", "Shutter stuck"), ("comment", "shutter repaired"), ("info", "Done")):
        LogbookEvent.objects.create(investigation=investigation, category=category, text=text)
    api = api_of(participant)

    def found(**query):
        return {event["text"] for event in api.get(route(investigation.pk), query).json()["results"]}

    assert found(category="error") == {"Shutter stuck"}
    assert found(text="SHUTTER") == {"Shutter stuck", "shutter repaired"}
    assert found(type="annotation") == set()


@pytest.mark.parametrize(("name", "author"), [("anonymous", None), ("stranger", "participant")])
def test_authors_are_named_to_those_who_log_in(api_of, world, name, author):
    investigation = world.datasets["open"].investigation
    LogbookEvent.objects.create(
        investigation=investigation, text="Measured.", author=world.people["participant"]
    )

    answer = api_of(world.people[name]).get(route(investigation.pk))

    assert answer.json()["results"][0]["author"] == author


# --- the page ---


def test_a_note_is_shown_as_plain_text_with_its_line_breaks(client, participant, investigation):
    client.force_login(participant)
    text = "First line\r\n<b>second</b> & last"

    page = client.post(page_of(investigation), {"text": text, "category": "error"}, follow=True)

    assert LogbookEvent.objects.get().text == "First line\n<b>second</b> & last"
    assert "First line\n&lt;b&gt;second&lt;/b&gt; &amp; last" in page.content.decode()
    assert "Your note is in the logbook." in page.content.decode()


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ({"text": "  ", "category": "comment"}, "Write something first."),
        ({"text": "x" * 10_001, "category": "comment"}, "at most 10000 characters"),
        ({"text": "kept words", "category": "commandline"}, "Select a valid choice"),
        ({"text": "a\0b", "category": "comment"}, "Null characters are not allowed"),
    ],
)
def test_a_note_that_cannot_be_kept_is_told_beside_its_field(
    client, participant, investigation, note, sentence
):
    client.force_login(participant)

    answer = client.post(page_of(investigation), note)

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert note["text"].strip() in answer.content.decode()
    assert not LogbookEvent.objects.exists()


def test_the_page_narrows_by_category_text_and_day_and_links_to_the_dataset(client, participant, dataset):
    client.force_login(participant)
    investigation, noon = dataset.investigation, datetime(2026, 7, 20, 12, tzinfo=UTC)
    for hours, category, text in ((0, "error", "Shutter stuck"), (24, "comment", "Shutter repaired")):
        at = noon + timedelta(hours=hours)
        LogbookEvent.objects.create(
            investigation=investigation, dataset=dataset, at=at, category=category, text=text
        )

    def found(**query):
        page = client.get(page_of(investigation), query).content.decode()
        return [text for text in ("Shutter repaired", "Shutter stuck") if text in page]

    assert found(text="shutter") == ["Shutter repaired", "Shutter stuck"]
    assert found(category="error") == ["Shutter stuck"]
    assert found(day="2026-07-21") == ["Shutter repaired"]
    assert found(day="2026-07-21", category="error") == []
    page = client.get(page_of(investigation)).content.decode()
    assert page.index("Tuesday 21 July 2026") < page.index("Monday 20 July 2026")
    assert f'<a href="/datasets/{dataset.pk}/">{dataset.name}</a>' in page
