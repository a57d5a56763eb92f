"""Reprocessing several datasets at once: all or none, once for each click, at the price of a few queries."""

from uuid import uuid4

import pytest
from django.urls import reverse

from portal.access.models import AuditEvent
from portal.catalogue.errors import InvalidInput
from portal.jobs.batches import submit_jobs
from portal.jobs.lease import claim_job, end_job
from portal.jobs.models import Job, Output
from portal.jobs.prefill import prefilled_for
from tests.factories import make_dataset, make_investigation, make_pipeline, the_past


@pytest.fixture
def page(client, participant):
    client.force_login(participant)
    return client


@pytest.fixture
def datasets(investigation):
    energies = (12.4, 20, 60)
    return [make_dataset(investigation, parameters={"InstrumentMonochromator_energy": e}) for e in energies]


def address(datasets, pipeline):
    query = "&".join(f"dataset={dataset.pk}" for dataset in datasets)
    return f"{reverse('reprocess-many', args=[pipeline.identifier])}?{query}"


def start(page, datasets, pipeline, **filled):
    """Open the form and send it."""
    form = page.get(address(datasets, pipeline)).context["form"]
    sent = {bound.html_name: bound.value() for bound in form}
    untouched = {name: value for name, value in sent.items() if value not in (None, "", False)}
    return page.post(address(datasets, pipeline), {**untouched, **filled})


def asked_of(pipeline, datasets):
    prefilled = prefilled_for(pipeline, datasets)
    return [(dataset, prefilled[dataset.pk]) for dataset in datasets]


def publish(job):
    end_job(claim_job(job.pk, worker="w"), Job.State.SUCCEEDED)
    return Output.objects.create(job=job, dataset=make_dataset(job.investigation), attempt=1, record={})


def test_each_dataset_keeps_its_own_values_and_shares_the_others(
    page, datasets, pipeline, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = start(page, datasets, pipeline, points="50")

    jobs = Job.objects.order_by("dataset")
    assert [job.parameters["energy"] for job in jobs] == [12.4, 20, 60]
    assert {job.parameters["points"] for job in jobs} == {50}
    assert [job.parameters["image"] for job in jobs] == [
        dataset.datafiles.get(name="image.h5").pk for dataset in datasets
    ]
    (batch,) = {job.batch for job in jobs}
    assert answer["Location"] == f"{reverse('jobs')}?batch={batch}"
    assert sorted(sent) == sorted(job.pk for job in jobs)


def test_one_value_for_all_replaces_each_ones_own(page, datasets, pipeline, sent):
    start(page, datasets, pipeline, energy="33")

    assert {job.parameters["energy"] for job in Job.objects.all()} == {33}


def test_the_form_says_what_differs_and_which_file_is_taken(page, datasets, pipeline):
    text = page.get(address(datasets, pipeline)).content.decode()

    assert "From each: 12.4 to 60 keV" in text
    assert text.count("<td>image.h5</td>") == 3
    assert '<td class="num">12.4</td>' in text


def test_a_repeated_click_makes_no_second_batch(page, datasets, pipeline, sent):
    form = page.get(address(datasets, pipeline)).context["form"]
    filled = {"form-key": form["form-key"].value(), "points": "50"}

    places = [page.post(address(datasets, pipeline), filled)["Location"] for _ in range(2)]

    assert places[0] == places[1]
    assert Job.objects.count() == 3


def test_the_same_key_of_somebody_else_is_another_request(participant, staff, datasets, pipeline, sent):
    key, asked = uuid4(), asked_of(pipeline, datasets)
    mine, theirs = (
        submit_jobs(user=user, pipeline=pipeline, asked=asked, request_key=key)
        for user in (participant, staff)
    )

    assert not {job.pk for job in mine} & {job.pk for job in theirs}
    assert mine[0].batch != theirs[0].batch


def test_one_that_cannot_be_processed_holds_all_back_until_it_is_left_out(
    page, datasets, investigation, pipeline, sent
):
    bare = make_dataset(investigation, name="bare", parameters={}, files={"notes.txt": b"x"})

    refused = start(page, [*datasets, bare], pipeline)
    n_after_refusal = Job.objects.count()
    without = start(page, [*datasets, bare], pipeline, **{"form-without": "1"})

    text = " ".join(refused.content.decode().split())
    assert refused.status_code == 422
    assert n_after_refusal == 0
    assert "1 of 4 datasets cannot be processed" in text
    assert "Image: This value is needed." in text
    assert without.status_code == 302
    assert set(Job.objects.values_list("dataset", flat=True)) == {dataset.pk for dataset in datasets}


def test_a_service_refuses_all_for_the_sake_of_one_and_records_it(participant, datasets, pipeline, sent):
    asked = [*asked_of(pipeline, datasets[:2]), (datasets[2], {"energy": -1})]

    with pytest.raises(InvalidInput) as refused:
        submit_jobs(user=participant, pipeline=pipeline, asked=asked, request_key=uuid4())

    assert list(refused.value.fields) == [str(datasets[2].pk)]
    assert Job.objects.count() == 0
    assert AuditEvent.objects.filter(action="job.submit", refused=True).count() == 1


def test_a_value_that_is_wrong_for_all_is_told_beside_its_field(page, datasets, pipeline, sent):
    answer = start(page, datasets, pipeline, energy="-3")

    assert answer.status_code == 422
    assert answer.context["form"].errors == {"energy": ["Must be more than 0 keV."]}
    assert Job.objects.count() == 0


def test_open_data_of_others_are_named_as_not_ours_to_process(page, datasets, pipeline, sent):
    foreign = make_dataset(make_investigation(release_date=the_past()), name="foreign")

    answer = start(page, [*datasets, foreign], pipeline)

    assert answer.status_code == 422
    assert "foreign</a>: Only its participants may reprocess it." in answer.content.decode()


def test_what_is_computed_already_is_left_out_unless_asked_for(page, datasets, pipeline, sent):
    start(page, datasets[:2], pipeline)
    for job in Job.objects.all():
        publish(job)

    before = page.get(address(datasets, pipeline))
    start(page, datasets, pipeline)
    n_left_out = Job.objects.count()
    nothing = start(page, datasets[:2], pipeline)
    n_of_nothing = Job.objects.count()
    start(page, datasets, pipeline, **{"form-again": "on"})

    assert "(2 of 3 with these values)" in before.content.decode()
    assert n_left_out == 3
    assert n_of_nothing == 3
    assert "All of them were already computed" in nothing.content.decode()
    assert Job.objects.count() == 6


def test_a_file_is_named_and_found_in_each_dataset(page, investigation, pipeline, sent):
    files = {"a.h5": b"1", "b.h5": b"2"}
    both = [make_dataset(investigation, files=files), make_dataset(investigation, files=files)]
    one = make_dataset(investigation, name="one", files={"a.h5": b"1"})

    start(page, both, pipeline, image="b.h5")
    refused = start(page, [*both, one], pipeline, image="b.h5")

    assert [job.parameters["image"] for job in Job.objects.order_by("dataset")] == [
        dataset.datafiles.get(name="b.h5").pk for dataset in both
    ]
    assert "It has no file b.h5" in refused.content.decode()


def test_what_one_may_not_know_of_is_told_like_what_does_not_exist(
    page, datasets, pipeline, stranger, client
):
    secret = make_dataset(make_investigation(), name="undisclosed")

    text = page.get(address([*datasets, secret], pipeline) + "&dataset=99999999").content.decode()
    client.force_login(stranger)

    assert "2 of the selected datasets do not exist" in text
    assert "undisclosed" not in text
    assert client.get(address(datasets, pipeline)).status_code == 404


@pytest.mark.parametrize("query", ["", "dataset=", "dataset=x", "dataset=-1", "dataset=1.5", "dataset=%00"])
def test_an_odd_selection_is_refused_in_words(page, pipeline, query):
    answers = [
        page.get(f"{reverse('choose-pipeline-for-many')}?{query}"),
        page.get(f"{reverse('reprocess-many', args=[pipeline.identifier])}?{query}"),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]


@pytest.mark.parametrize("number", ["9999999999999999999", "9223372036854775807"])
def test_a_huge_number_is_no_dataset(page, pipeline, number):
    answer = page.get(f"{reverse('reprocess-many', args=[pipeline.identifier])}?dataset={number}")

    assert answer.status_code == 404


def test_too_many_at_once_are_refused(page):
    numbers = ",".join(map(str, range(1, 502)))

    answer = page.get(f"{reverse('choose-pipeline-for-many')}?dataset={numbers}")

    assert answer.status_code == 400
    assert b"at most 500" in answer.content


def test_the_choice_for_many_names_what_fits_all_some_and_none(page, datasets, pipeline):
    make_pipeline("second")
    make_pipeline("spectrum", technique="XAS")
    other = make_dataset(datasets[0].investigation, technique="")

    query = ",".join(str(one.pk) for one in [*datasets, other])
    text = page.get(f"{reverse('choose-pipeline-for-many')}?dataset={query}").content.decode()

    assert f"{reverse('reprocess-many', args=['pattern'])}?dataset={query}" in text
    assert "Not for 1 of the 4" in text
    assert "Made for the technique XAS" in text


def test_a_visitor_without_login_is_asked_to_log_in(client, datasets, pipeline):
    assert client.get(address(datasets, pipeline)).status_code == 302


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("n_datasets", [2, 40])
def test_the_number_of_queries_does_not_grow_with_the_datasets(
    page, investigation, pipeline, n_datasets, django_assert_max_num_queries
):
    several = [make_dataset(investigation, files={"image.h5": b"x"}) for _ in range(n_datasets)]
    filled = {"form-key": str(uuid4()), "points": "9"}

    with django_assert_max_num_queries(15):
        page.get(address(several, pipeline))
    with django_assert_max_num_queries(25):
        answer = page.post(address(several, pipeline), filled)

    assert answer.status_code == 302
    assert Job.objects.count() == n_datasets


@pytest.mark.usefixtures("sent")
def test_the_page_of_a_batch_counts_what_the_visitor_may_see(client, page, datasets, pipeline, stranger):
    place = start(page, datasets, pipeline)["Location"]
    failed, cancelled, _ = Job.objects.order_by("dataset")
    end_job(claim_job(failed.pk, worker="w"), Job.State.FAILED, code="bad_input", message="Too dark.")
    Job.objects.filter(pk=cancelled.pk).update(state=Job.State.CANCELLED)

    text = page.get(place).content.decode()
    client.force_login(stranger)
    theirs = client.get(place).content.decode()

    assert "2 of 3 done" in text
    assert "1 failed" in text
    assert "Too dark." in text
    assert "No job fits." in theirs
    assert "of 3" not in theirs
