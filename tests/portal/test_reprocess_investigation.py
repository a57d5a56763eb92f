"""All that an investigation measured is reprocessed in three clicks, with the count said before."""

import pytest
from django.test import Client
from django.urls import reverse

from portal.jobs.batches import AT_MOST
from portal.jobs.models import Job
from tests.factories import make_dataset, make_investigation, make_pipeline
from tests.portal.test_investigation_page import add_dataset
from tests.portal.test_reprocess import fields_of


@pytest.fixture
def client(participant):
    return browser(participant)


def browser(person=None):
    client = Client()
    if person is not None:
        client.force_login(person)
    return client


def address(investigation):
    return reverse("reprocess-investigation", args=[investigation.pk])


def links_in(answer):
    return [choice.address for choice in answer.context["choices"]]


def test_three_clicks_start_a_job_for_each_dataset_that_fits(client, investigation, pipeline, sent):
    powders = [make_dataset(investigation) for _ in range(25)]  # more than a page of the list
    make_dataset(investigation, technique="SAXS")

    listed = client.get(reverse("investigation", args=[investigation.pk]))
    choice = client.get(address(investigation))
    [form_address] = links_in(choice)
    form = client.get(form_address)
    client.post(form_address, fields_of(form))

    assert f'href="{address(investigation)}"' in listed.content.decode()
    assert "Reprocess all 26" in listed.content.decode()
    assert "Fits 25 of the 26; the others are left out." in choice.content.decode()
    assert set(Job.objects.values_list("dataset", flat=True)) == {powder.pk for powder in powders}
    assert len(set(Job.objects.values_list("batch", flat=True))) == 1


def test_only_what_the_filters_of_the_list_leave_is_taken(client, investigation, pipeline):
    hot, _ = (make_dataset(investigation, name=name) for name in ("hot_1", "cold_1"))
    asked = {"name": "hot"}

    listed = client.get(reverse("investigation", args=[investigation.pk]), asked)
    answer = client.get(address(investigation), asked)

    assert f'href="{address(investigation)}?name=hot"' in listed.content.decode()
    assert "Reprocess all 1 found" in listed.content.decode()
    assert links_in(answer) == [f"{reverse('reprocess-many', args=[pipeline.identifier])}?dataset={hot.pk}"]
    assert "Name: hot" in answer.content.decode()


def test_pipelines_that_do_not_fit_say_why(client, investigation):
    make_pipeline("stacks", technique="MX")
    single = make_pipeline("single")
    single.graph["graph"]["keywords"]["cardinality"] = "1"
    single.save()
    for _ in range(2):
        make_dataset(investigation)

    page = client.get(address(investigation)).content.decode()

    assert "No pipeline fits these datasets." in page
    assert "Made for the technique MX" in page
    assert "Made for one dataset at a time." in page


def test_more_than_can_be_taken_at_once_are_refused_with_a_way_out(client, investigation, pipeline):
    for number in range(AT_MOST + 1):
        add_dataset(investigation, f"scan{number}")

    answer = client.get(address(investigation))

    assert answer.status_code == 400
    assert "narrow it by name, sample or processing" in answer.content.decode()


def test_an_empty_investigation_says_so(client, investigation, pipeline):
    answer = client.get(address(investigation), {"name": "nothing like this\0"})

    assert answer.status_code == 400
    assert "There is no dataset to reprocess" in answer.content.decode()


def test_the_page_costs_the_same_for_many_datasets(
    client, investigation, pipeline, django_assert_max_num_queries
):
    for number in range(60):
        add_dataset(investigation, f"scan{number}")

    with django_assert_max_num_queries(20):
        assert client.get(address(investigation)).status_code == 200


def test_only_those_who_may_process_are_offered_it(dataset, observer, stranger, pipeline):
    place = address(dataset.investigation)
    listed = browser(observer).get(reverse("investigation", args=[dataset.investigation_id]))

    assert browser(stranger).get(place).status_code == 404
    assert browser(observer).get(place).status_code == 403
    assert browser().get(place).status_code in {302, 404}
    assert "Reprocess all" not in listed.content.decode()


def test_results_are_not_reprocessed_with_what_was_measured(client, investigation, pipeline):
    measured = make_dataset(investigation)
    make_dataset(investigation, type="processed", inputs=[measured])

    answer = client.get(address(investigation))

    assert [dataset.pk for dataset in answer.context["datasets"]] == [measured.pk]


def test_data_of_others_stay_out(client, investigation, pipeline):
    make_dataset(investigation)
    make_dataset(make_investigation())

    assert len(client.get(address(investigation)).context["datasets"]) == 1
