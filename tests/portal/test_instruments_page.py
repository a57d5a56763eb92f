"""The pages of instruments: who sees what was measured, and how jobs fare."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.catalogue.models import Instrument
from portal.jobs.models import Job
from tests.factories import make_dataset, make_instrument, make_investigation, the_past
from tests.portal.catalogue_samples import HOSTILE, ended_job, store_pipeline
from tests.portal.world import PEOPLE

SEE_HEALTH = {"scientist", "staff"}


def page_of(person, name="instruments", *args):
    client = Client()
    if person is not None:
        client.force_login(person)
    return client.get(reverse(name, args=args))


@pytest.mark.parametrize("name", PEOPLE)
def test_an_instrument_shows_the_investigations_that_the_visitor_may_see(world, name, instrument):
    shown = page_of(world.people[name], "instrument", instrument.pk).context["investigations"]

    visible = ["open"] if name in ("anonymous", "stranger") else ["open", "embargoed"]
    assert {each.pk for each in shown} == {world.datasets[which].investigation_id for which in visible}


@pytest.mark.parametrize("name", PEOPLE)
def test_the_list_names_the_latest_investigation_that_the_visitor_may_see(world, name):
    rows = {row["instrument"].name: row for row in page_of(world.people[name]).context["rows"]}
    foreign = world.datasets["foreign"].investigation

    assert rows[foreign.instrument.name]["latest"] == (foreign if name == "staff" else None)
    assert bool(rows[foreign.instrument.name]["techniques"]) == (name == "staff")
    assert rows["ID01"]["latest"] is not None


@pytest.mark.parametrize("name", PEOPLE)
def test_how_jobs_fare_is_for_the_scientists_of_the_instrument_and_staff(world, name, instrument):
    ended_job(world.datasets["embargoed"], store_pipeline("powder"), Job.State.FAILED)

    answer = page_of(world.people[name], "instrument", instrument.pk)

    assert (answer.context["health"] is not None) == (name in SEE_HEALTH)
    assert (b"Success rate" in answer.content) == (name in SEE_HEALTH)
    assert (b"chart" in answer.content) == (name in SEE_HEALTH)


def test_a_scientist_of_another_instrument_learns_nothing_of_this_one(world):
    foreign = world.datasets["foreign"].investigation.instrument

    assert page_of(world.people["scientist"], "instrument", foreign.pk).context["health"] is None


def test_the_health_counts_the_jobs_of_this_instrument_alone(world, scientist, instrument):
    pipeline = store_pipeline("powder")
    for state, seconds, days_ago in (
        (Job.State.SUCCEEDED, 10, 0),
        (Job.State.SUCCEEDED, 30, 3),
        (Job.State.FAILED, 5, 3),
        (Job.State.SUCCEEDED, 999, 40),
    ):
        ended_job(world.datasets["embargoed"], pipeline, state, seconds=seconds, days_ago=days_ago)
    ended_job(world.datasets["foreign"], pipeline, seconds=77)

    health = page_of(scientist, "instrument", instrument.pk).context["health"]
    day = next(day for day in health.days if day.date == (timezone.localtime() - timedelta(days=3)).date())

    assert (health.lately.n_succeeded, health.lately.n_failed, health.lately.median_s) == (2, 1, 20)
    assert (len(health.days), day.n_succeeded, day.n_failed) == (30, 1, 1)
    assert (health.n_waiting, health.n_running) == (2, 0)  # those of the world
    assert sum(day.n_succeeded for day in health.days) == 2


def test_the_scientists_are_named_to_people_with_a_login_only(instrument, scientist, stranger):
    scientist.first_name, scientist.last_name = "Marie", "Curie"
    scientist.save()

    assert b"Marie Curie" in page_of(stranger, "instrument", instrument.pk).content
    assert b"Marie Curie" not in page_of(None, "instrument", instrument.pk).content


def test_an_instrument_offers_what_fits_its_name_and_what_is_measured_on_it(instrument):
    for identifier, technique, name in (
        ("any", "XRPD", "*"),
        ("mine", "XRPD", ["id01"]),
        ("theirs", "XRPD", ["ID02"]),
        ("crystals", "MX", "*"),
        ("off", "XRPD", "*"),
    ):
        pipeline = store_pipeline(identifier, technique=technique, instrument=name)
    type(pipeline).objects.filter(identifier="off").update(enabled=False)
    make_dataset(make_investigation(instrument, release_date=the_past()))

    offered = page_of(None, "instrument", instrument.pk).context["offers"]

    assert {offer.pipeline.identifier for offer in offered} == {"any", "mine"}


def test_hostile_words_stay_words(instrument):
    Instrument.objects.filter(pk=instrument.pk).update(full_name=HOSTILE, description=HOSTILE)
    make_investigation(instrument, release_date=the_past(), title=HOSTILE)

    for answer in (page_of(None), page_of(None, "instrument", instrument.pk)):
        assert answer.status_code == 200
        assert b"<script>alert" not in answer.content


def test_there_is_no_page_of_an_unknown_instrument(db):
    assert page_of(None, "instrument", 999_999).status_code == 404
    assert Client().get(f"/instruments/{10**30}/").status_code == 404


def test_the_pages_cost_the_same_however_much_they_show(
    instrument, scientist, pipeline, django_assert_max_num_queries
):
    client = Client()
    client.force_login(scientist)
    addresses = [reverse("instruments"), reverse("instrument", args=[instrument.pk])]
    costs = []
    for _ in range(2):
        dataset = make_dataset(make_investigation(instrument))
        ended_job(dataset, pipeline)
        for address in addresses:
            with django_assert_max_num_queries(14) as asked:
                assert client.get(address).status_code == 200
            costs.append(len(asked))
        for number in range(6):
            store_pipeline(f"another{number}")
            make_dataset(make_investigation(make_instrument(scientists=[scientist])))
            ended_job(make_dataset(make_investigation(instrument)), pipeline, days_ago=number)

    assert costs[:2] == costs[2:]
