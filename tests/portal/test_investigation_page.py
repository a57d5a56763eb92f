"""The page of an investigation and its tabs."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.catalogue.models import Dataset, InvestigationUser, LogbookEvent, Sample
from portal.catalogue.services import store_summary, technique_named
from portal.catalogue.totals import totals_of
from portal.jobs.models import Job, Output
from tests.factories import make_investigation, make_pipeline, make_user, the_past
from tests.portal.world import SEE

TABS = ("", "-experiment", "-samples", "-processed", "-jobs", "-statistics")
START = datetime(2026, 7, 20, 9, tzinfo=UTC)
SUMMARY = {
    "series": [{"x": [1.0, 2.0, 3.0], "y": [0.0, 5.0, 1.0]}],
    "numbers": [{"name": "peaks", "label": "Peaks", "value": 7, "unit": ""}],
}


def add_dataset(investigation, name="scan", *, sample="LaB6", technique="XRPD", at=START, **values):
    """A row alone: these pages never look at files."""
    sample = Sample.objects.get_or_create(investigation=investigation, name=sample)[0] if sample else None
    return Dataset.objects.create(
        investigation=investigation,
        location=f"/data/{name}/{uuid4()}",
        **{
            "name": name,
            "sample": sample,
            "technique": technique_named(technique) if technique else None,
            "started_at": at,
            "sorted_at": at,
            "size_bytes": 2_000_000,
            "file_count": 2,
            **values,
        },
    )


def add_job(dataset, pipeline, state="succeeded", *, asked=START, person=None, **values):
    """A job that waited for 2 s and ran for 10 s."""
    job = Job.objects.create(
        pipeline=pipeline,
        dataset=dataset,
        investigation=dataset.investigation,
        submitted_by=person,
        request_key=uuid4(),
        workflow={},
        recipe_digest="0" * 64,
        state=state,
        started_at=asked + timedelta(seconds=2),
        finished_at=asked + timedelta(seconds=12),
        **values,
    )
    Job.objects.filter(pk=job.pk).update(created_at=asked)
    return job


def add_result(dataset, pipeline, *, person=None):
    """A job and what it made."""
    job = add_job(dataset, pipeline, person=person)
    values = {"sample": None, "technique": None, "type": "processed", "size_bytes": 500_000, "file_count": 1}
    result = add_dataset(dataset.investigation, pipeline.identifier, **values)
    Dataset.objects.filter(pk=result.pk).update(sample=dataset.sample)
    result.inputs.add(dataset)
    store_summary(result, SUMMARY)
    Dataset.objects.filter(pk=dataset.pk).update(latest_result=result)
    Output.objects.create(job=job, dataset=result, attempt=1, record={})
    return result


def address(investigation, tab=""):
    return reverse(f"investigation{tab}", args=[investigation.pk])


def visitor(person):
    client = Client()
    if person is not None:
        client.force_login(person)
    return client


def shown_ids(page):
    return [int(pk) for pk in re.findall(r'name="dataset" value="(\d+)"', page)]


@pytest.fixture
def read(client, participant, investigation):
    """A page of the investigation as its participant reads it."""
    client.force_login(participant)
    return lambda tab="", **query: client.get(address(investigation, tab), query).content.decode()


# --- cost ---


@pytest.mark.parametrize(("tab", "view"), [*((tab, "cards") for tab in TABS), ("", "table")])
def test_a_page_costs_as_many_queries_whatever_it_shows(participant, instrument, tab, view):
    pipelines = [make_pipeline("one"), make_pipeline("two")]
    counts = []
    for n_datasets in (2, 30):
        investigation = make_investigation(instrument, people={participant: "participant"})
        for number in range(n_datasets):
            dataset = add_dataset(investigation, f"scan{number}", sample=f"sample{number}")
            add_result(dataset, pipelines[0], person=participant)
            add_job(dataset, pipelines[1], "failed", person=participant, error_message="No.")
            add_job(dataset, pipelines[1], "queued", person=participant)
            LogbookEvent.objects.create(
                investigation=investigation, dataset=dataset, text="Measured.", author=participant, at=START
            )
        client = visitor(participant)
        client.get(address(investigation), {"per_page": 50, "view": view})
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address(investigation, tab)).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 17


# --- who sees what ---


@pytest.mark.parametrize("tab", TABS)
def test_no_tab_tells_of_what_a_person_may_not_know_of(world, tab):
    statuses = {
        (name, which): visitor(person).get(address(dataset.investigation, tab)).status_code
        for name, person in world.people.items()
        for which, dataset in world.datasets.items()
    }

    assert statuses == {(name, which): 200 if name in SEE[which] else 404 for name, which in statuses}


def test_names_of_people_are_for_those_who_log_in(pipeline, stranger):
    person = make_user("rossi")
    investigation = make_investigation(
        people={person: InvestigationUser.Role.PRINCIPAL_INVESTIGATOR}, release_date=the_past()
    )
    add_result(add_dataset(investigation), pipeline, person=person)
    LogbookEvent.objects.create(investigation=investigation, text="Measured.", author=person)

    told = {
        (who, tab): b"rossi" in visitor(who).get(address(investigation, tab)).content
        for who in (None, stranger)
        for tab in TABS
    }

    assert told == {(who, tab): who is stranger for who, tab in told}


def test_a_result_does_not_name_an_input_that_a_person_may_not_know_of(pipeline):
    hidden = add_dataset(make_investigation(), "secret")
    investigation = make_investigation(release_date=the_past())
    result = add_dataset(investigation, "merged", type="processed")
    result.inputs.add(hidden)

    page = visitor(None).get(address(investigation, "-processed")).content.decode()

    assert shown_ids(page) == [result.pk]
    assert "secret" not in page


def test_no_text_becomes_markup(client, instrument, participant, pipeline):
    evil = "<script>alert(1)</script>\"'><img src=x>"
    investigation = make_investigation(
        instrument, people={participant: "participant"}, title=evil, summary=evil, name=evil[:100]
    )
    dataset = add_dataset(investigation, evil, sample=evil, parameters={"XRPD_geometry_dist": evil})
    type(pipeline).objects.update(label=evil)
    pipeline.refresh_from_db()
    add_result(dataset, pipeline, person=participant)
    add_job(dataset, pipeline, "failed", error_message=evil)
    LogbookEvent.objects.create(
        investigation=investigation, dataset=dataset, text=evil, software=evil, at=START
    )
    client.force_login(participant)

    for tab in TABS:
        for query in ({}, {"name": evil, "text": evil, "view": "table"}):
            page = client.get(address(investigation, tab), query).content.decode()
            assert "&lt;script&gt;alert" in page
            assert "<script>alert" not in page
            assert "<img src=x" not in page


# --- the header ---


def test_the_header_tells_how_much_there_is(read, investigation, pipeline):
    add_result(add_dataset(investigation, "one"), pipeline)
    add_dataset(investigation, "two")

    page = re.sub(r"\s+", " ", read())

    assert "2 datasets, 1 result" in page
    assert "4.3 MB <span" in page  # twice 2 MB and 0.5 MB, with 1024 bytes to the KB
    assert "in 5 files" in page


def test_of_very_many_datasets_only_the_newest_are_counted(investigation):
    for number in range(5):
        add_dataset(investigation, f"scan{number}")

    counted, capped = totals_of(investigation), totals_of(investigation, most=3)

    assert (counted.n_measured, counted.is_capped) == (5, False)
    assert capped.is_capped


# --- datasets ---


def test_a_card_shows_the_numbers_of_its_technique_with_units(read, investigation):
    add_dataset(
        investigation,
        parameters={
            "HTXRPD_exposureTime": 0.5,
            "XRPD_geometry_dist": 0.25,
            "InstrumentMonochromator_energy": 65,
            "HTXRPD_sampleVibration": 3,
            "MX_resolution": 1.8,
        },
    )

    card = re.sub(r"(<[^>]+>|\s)+", " ", read())

    for line in ("Exp. time 0.5 s", "Distance 0.25 m", "Energy 65 keV", "Vibration 3"):
        assert line in card
    assert "1.8" not in card


@pytest.mark.parametrize("technique", ["XAS", ""])
def test_a_technique_that_is_not_listed_shows_what_all_have(read, investigation, technique):
    add_dataset(investigation, technique=technique, parameters={"InstrumentMonochromator_energy": 7.112})

    page = read()

    assert "7.112" in page
    assert "keV" in page


def test_a_card_tells_what_runs_what_failed_and_how_much_came_out(read, investigation):
    good, bad = make_pipeline("good"), make_pipeline("bad")
    dataset = add_dataset(investigation)
    later = START + timedelta(hours=1)
    add_result(dataset, good)
    add_result(dataset, good)
    add_job(dataset, bad, "failed", asked=later)
    running = add_job(dataset, good, "running", asked=later)

    page = re.sub(r"<[^>]+>", "", read())

    assert "2 results" in page
    assert "Bad failed" in page
    assert "Good failed" not in page
    assert "Running" in page
    assert str(running.pk) in read()


def test_a_failure_that_was_made_good_is_no_longer_named(read, investigation, pipeline):
    dataset = add_dataset(investigation)
    add_job(dataset, pipeline, "failed")
    add_job(dataset, pipeline, "succeeded", asked=START + timedelta(hours=1))

    assert "Pattern failed" not in read()


def test_the_menu_has_the_pipelines_that_fit(read, investigation):
    for identifier, technique in (("one", "XRPD"), ("two", "XRPD"), ("other", "MX")):
        make_pipeline(identifier, technique=technique)
    dataset = add_dataset(investigation)

    offered = re.findall(rf"/datasets/{dataset.pk}/reprocess/(\w+)/", read())

    assert sorted(offered) == ["one", "two"]


def test_the_chosen_view_is_remembered(read, investigation):
    add_dataset(investigation)

    assert "dataset-card" in read()
    assert "dataset-table" in read(view="table")
    assert "dataset-table" in read()
    assert "dataset-card" in read(view="cards")


@pytest.mark.parametrize("view", ["cards", "table"])
def test_datasets_can_be_narrowed(read, investigation, pipeline, view):
    plain = add_dataset(investigation, "lab6_300K")
    other = add_dataset(investigation, "ceria_300K", sample="CeO2")
    xas = add_dataset(investigation, "edge", sample="CeO2", technique="XAS")
    add_result(plain, pipeline)
    add_job(other, pipeline, "failed")

    def narrowed(**query):
        return set(shown_ids(read(view=view, **query)))

    assert narrowed() == {plain.pk, other.pk, xas.pk}
    assert narrowed(name="300k") == {plain.pk, other.pk}
    assert narrowed(sample=other.sample_id) == {other.pk, xas.pk}
    assert narrowed(technique=xas.technique_id) == {xas.pk}
    assert narrowed(state="processed") == {plain.pk}
    assert narrowed(state="unprocessed") == {other.pk, xas.pk}
    assert narrowed(state="failed") == {other.pk}
    assert narrowed(name="300", state="unprocessed") == {other.pk}
    assert narrowed(name="nothing of that") == set()


def test_a_filter_that_is_on_is_named_and_can_be_taken_away(read, investigation):
    dataset = add_dataset(investigation, sample="CeO2 & co")

    page = read(name="scan", sample=dataset.sample_id, sort="name")

    assert 'href="?name=scan&amp;sort=name">Sample: CeO2 &amp; co' in page
    assert f'href="?sample={dataset.sample_id}&amp;sort=name">Name: scan' in page


@pytest.mark.parametrize("sort", ["", "sample", "newest", "oldest", "name"])
def test_each_order_pages_through_every_dataset_once(client, participant, investigation, sort):
    client.force_login(participant)
    expected = [
        add_dataset(
            investigation,
            f"scan{number % 7}",
            sample=("", "B", "A")[number % 3],
            at=START + timedelta(minutes=number % 5),
        )
        for number in range(45)
    ]
    keys = {
        "newest": lambda row: (-row.sorted_at.timestamp(), -row.pk),
        "oldest": lambda row: (row.sorted_at.timestamp(), row.pk),
        "name": lambda row: (row.name, row.pk),
    }
    key = keys.get(sort, lambda row: (row.sample_id or 0, -row.pk))

    seen, following = [], f"{address(investigation)}?sort={sort}&per_page=20"
    while following:
        page = client.get(following).content.decode()
        seen += shown_ids(page)
        link = re.search(r'rel="next" href="([^"]+)"', page)
        following = address(investigation) + link[1].replace("&amp;", "&") if link else ""

    assert seen == [row.pk for row in sorted(expected, key=key)]
    assert "Page 3 of 3, items 41\N{EN DASH}45 of 45" in page


def test_datasets_are_grouped_by_sample_only_where_that_is_their_order(read, investigation):
    add_dataset(investigation, sample="LaB6")

    assert 'class="sample"' in read()
    assert 'class="sample"' not in read(sort="newest")


@pytest.mark.parametrize("tab", TABS)
def test_what_cannot_be_understood_in_an_address_is_as_good_as_nothing(client, world, tab):
    client.force_login(world.people["participant"])
    dataset = world.datasets["embargoed"]
    odd = {
        **dict.fromkeys(("name", "text"), "\0"),
        **dict.fromkeys(("sample", "technique"), "9" * 40),
        **dict.fromkeys(("sort", "state", "pipeline", "category", "view"), "'; drop table"),
        **dict.fromkeys(("day", "per_page"), "0001-01-01"),
    }

    answer = client.get(address(dataset.investigation, tab), odd)

    assert answer.status_code == 200
    assert shown_ids(answer.content.decode()) == ([dataset.pk] if tab == "" else [])


@pytest.mark.parametrize("tab", ["", "-experiment", "-samples", "-processed", "-jobs"])
def test_a_page_of_a_list_that_does_not_exist_is_told_plainly(client, participant, investigation, tab):
    client.force_login(participant)

    assert client.get(address(investigation, tab), {"after": "W10="}).status_code == 400


# --- the other tabs ---


def test_samples_are_counted_with_their_datasets_and_techniques(read, investigation, pipeline):
    dataset = add_dataset(investigation, sample="CeO2")
    add_dataset(investigation, sample="CeO2", technique="XAS")
    add_result(dataset, pipeline)
    Sample.objects.create(investigation=investigation, name="unused")

    rows = re.sub(r"<[^>]+>|\s+", " ", read("-samples").partition("<tbody>")[2])

    assert re.search(r"CeO2 +XAS, XRPD +2 +3.8\sMB +1 ", rows)
    assert re.search(r"unused +0 +0\sbytes +0 ", rows)


def test_results_tell_pipeline_source_and_key_numbers_and_can_be_narrowed(read, investigation, participant):
    one, two = make_pipeline("one"), make_pipeline("two")
    source = add_dataset(investigation, "lab6_300K")
    first, second = add_result(source, one, person=participant), add_result(source, two)
    foreign = add_dataset(investigation, "made elsewhere", type="processed", sample=None)

    page = read("-processed")

    assert set(shown_ids(page)) == {first.pk, second.pk, foreign.pk}
    for told in ("One", "lab6_300K", "Peaks", "by participant", "made elsewhere"):
        assert told in page
    assert shown_ids(read("-processed", pipeline="two")) == [second.pk]
    assert set(shown_ids(read("-processed", sample=source.sample_id))) == {first.pk, second.pk}


def test_jobs_can_be_narrowed_to_a_state(read, investigation, pipeline):
    dataset = add_dataset(investigation)
    failed = add_job(dataset, pipeline, "failed", error_message="The mask does not fit.")
    succeeded = add_job(dataset, pipeline, "succeeded")

    page = read("-jobs", state="failed")

    assert str(failed.pk) in page
    assert "The mask does not fit." in page
    assert str(succeeded.pk) not in page


def test_charts_count_datasets_and_bytes_by_day_and_jobs_by_pipeline(read, investigation, pipeline):
    first = add_dataset(investigation, at=START, size_bytes=3_000_000)
    add_dataset(investigation, at=START + timedelta(hours=2), size_bytes=1_000_000)
    add_dataset(investigation, at=START + timedelta(days=2), size_bytes=5_000_000)
    add_job(first, pipeline, "succeeded")
    add_job(first, pipeline, "succeeded")
    add_job(first, pipeline, "failed")

    page = read("-statistics")

    assert "<desc>20 Jul: 2 datasets; 22 Jul: 1 datasets</desc>" in page
    assert "<desc>20 Jul: 4 MB; 22 Jul: 5 MB</desc>" in page
    assert "<desc>Pattern: 2 succeeded, 1 failed jobs</desc>" in page
    assert "<desc>Pattern: 10 running, 2 waiting s</desc>" in page


def test_the_timeline_counts_what_happened_during_the_visit(read, investigation, pipeline):
    dataset = add_dataset(investigation, at=START)
    add_dataset(investigation, at=START + timedelta(hours=5))
    add_job(dataset, pipeline, asked=START + timedelta(hours=1))
    add_job(dataset, pipeline, asked=START + timedelta(days=400))
    LogbookEvent.objects.create(investigation=investigation, text="Beam is back.", at=START)

    page = read("-experiment")

    assert "Timeline by hour from 20 Jul 09 h to 20 Jul 14 h: 2 datasets, 1 jobs, 1 logbook entries" in page
    assert "<title>20 Jul 14 h: 1 datasets</title>" in page
    assert "after the visit" in page


@pytest.mark.parametrize("tab", TABS)
def test_an_empty_tab_says_what_will_be_there(read, tab):
    assert '<div class="empty"><p>' in read(tab)
