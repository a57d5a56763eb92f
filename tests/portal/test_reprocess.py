"""Reprocessing one dataset: what is offered to whom, the form, and what is told before the click."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import InvestigationUser
from portal.jobs.lease import claim_job, end_job
from portal.jobs.models import Job, Output, Pipeline, Worker
from portal.jobs.offers import offers_for
from portal.jobs.prefill import prefilled_parameters
from portal.jobs.services import submit_job
from tests.factories import make_dataset, make_investigation, make_pipeline, make_user
from tests.portal.descriptors import SPACE_GROUPS, esrf_pipeline

Role = InvestigationUser.Role


@pytest.fixture
def page(client, participant):
    client.force_login(participant)
    return client


def with_keywords(pipeline, **keywords):
    pipeline.graph["graph"]["keywords"] = keywords
    pipeline.save()


def address(dataset, pipeline):
    return reverse("reprocess", args=[dataset.pk, pipeline.identifier])


def fields_of(answer):
    """What a browser would send of a form that nobody has touched."""
    form = answer.context["form"]
    sent = {bound.html_name: bound.value() for bound in form}
    return {name: value for name, value in sent.items() if value not in (None, "", False)}


def publish(job, investigation):
    """Let a job be one that has succeeded with an output."""
    end_job(claim_job(job.pk, worker="w"), Job.State.SUCCEEDED)
    return Output.objects.create(job=job, dataset=make_dataset(investigation), attempt=1, record={})


def run(participant, dataset, pipeline, **changed):
    parameters = {**prefilled_parameters(pipeline, dataset), **changed}
    return submit_job(
        user=participant, dataset=dataset, pipeline=pipeline, parameters=parameters, request_key=uuid4()
    )


@pytest.mark.parametrize(
    ("keywords", "reason"),
    [
        ({}, ""),
        ({"instrumentName": "*", "definition": "*", "scanType": "*", "cardinality": "1", "roles": "*"}, ""),
        ({"instrumentName": ["id01", "ID30B"], "definition": "xrpd", "scanType": ["loopscan"]}, ""),
        ({"instrumentName": ["ID23-1", "ID30B"]}, "Made for ID23-1 or ID30B; these data are from ID01."),
        ({"definition": ["MX"]}, "Made for the technique MX; these data are XRPD."),
        ({"definition": "fullfield"}, ""),
        ({"scanType": ["Helical"]}, "Made for the scan type Helical; this is loopscan."),
        ({"validityDays": 2}, ""),
        (
            {"validityDays": "0.5"},
            "Only for 0.5 days after the measurement; that was 1 days ago.",
        ),
        ({"roles": ["participant"]}, ""),
        ({"roles": "Instrument-Scientist"}, "Only for people with the role Instrument-Scientist."),
        ({"roles": ["manager"]}, "Only for people with the role manager."),
        ({"validityDays": "nonsense", "cardinality": 7, "roles": None, "unknown": [1]}, ""),
    ],
)
def test_a_pipeline_is_offered_where_its_keywords_fit_and_says_why_not(
    participant, investigation, pipeline, keywords, reason
):
    dataset = make_dataset(investigation, parameters={"scanType": "loopscan", "definition": "XRPD fullfield"})
    with_keywords(pipeline, **keywords)

    (offer,) = offers_for(participant, [dataset])

    assert offer.reason == reason
    assert offer.is_offered is (reason == "")


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("participant", {"participant", "leader", "scientist", "staff"}),
        ("principalInvestigator", {"leader", "scientist", "staff"}),
        ("instrumentScientist", {"scientist", "staff"}),
        ("manager", {"staff"}),
        ("something of theirs", {"staff"}),
    ],
)
def test_a_role_is_had_by_whom_the_field_means(role, allowed, dataset, pipeline, people):
    leader = make_user("leader")
    InvestigationUser.objects.create(
        investigation=dataset.investigation, user=leader, role=Role.PRINCIPAL_INVESTIGATOR
    )
    with_keywords(pipeline, roles=[role])
    everybody = [leader, *(person for person in people.values() if person)]

    offered = {one.username for one in everybody if offers_for(one, [dataset])[0].is_offered}

    assert offered == allowed


def test_one_for_one_dataset_is_not_offered_for_two(participant, investigation, pipeline):
    with_keywords(pipeline, cardinality="1")
    two = [make_dataset(investigation), make_dataset(investigation)]

    assert offers_for(participant, two[:1])[0].is_offered
    assert offers_for(participant, two)[0].reason == "Made for one dataset at a time."


def test_what_is_not_offered_cannot_be_submitted_either(participant, dataset, pipeline, sent):
    with_keywords(pipeline, roles=["instrumentScientist"])

    with pytest.raises(InvalidInput, match="Only for people with the role"):
        run(participant, dataset, pipeline)

    assert Job.objects.count() == 0


def test_the_menu_names_pipelines_with_their_instrument_and_the_others_with_a_reason(page, dataset, pipeline):
    esrf_pipeline(instrumentName="ID23-1")

    text = page.get(reverse("choose-pipeline", args=[dataset.pk]), {"all": 1}).content.decode()

    assert "Pattern (ID01)" in text
    assert "Reprocess (ID23-1)" in text
    assert "Made for ID23-1; these data are from ID01." in text


def test_a_form_says_which_value_is_the_datasets(page, dataset, pipeline):
    text = page.get(address(dataset, pipeline)).content.decode()

    assert 'value="12.4"' in text
    assert re.search(r"From the dataset.*Energy", text)
    assert 'data-reset-to="12.4"' in text


def test_a_descriptor_of_the_esrf_becomes_a_usable_form(page, investigation):
    told = {
        "MXAutoprocIntegration_anomalous": "true",
        "MXAutoprocIntegration_space_group": "P 2 1 2 1 2 1",
        "resolution_limit_high": 1.8,
    }
    dataset = make_dataset(investigation, parameters=told)
    pipeline = esrf_pipeline()

    answer = page.get(address(dataset, pipeline))
    form = answer.context["form"]
    shown = {field.bound.label: field.bound for group in form.groups() for field in group.fields}

    assert list(shown)[:2] == ["Pipeline", "Exclude data range"]
    assert list(shown)[-1] == "Anomalous"
    assert "secret" not in shown
    assert shown["Forced spacegroup"].value() == "P212121"
    assert len(shown["Forced spacegroup"].field.choices) == len(SPACE_GROUPS) + 1
    assert shown["Exclude data range"].help_text == "Images as 1-10."
    assert shown["High resolution limit"].value() == "1.8"
    assert "Automatic processing of diffraction images." in answer.content.decode()


def test_what_is_sent_is_typed_as_the_schema_says(page, investigation, sent):
    dataset, pipeline = make_dataset(investigation, parameters={}), esrf_pipeline()
    filled = {
        "mx_pipeline_name": ["EDNA_proc", "autoPROC"],
        "cell": "78.5, 78.5,37",
        "mode": "2",
        "extra": '{"a": [1, null]}',
        "limit": "3",
        "anomalous": "on",
        "note": "two\nlines",
    }

    answer = page.post(
        address(dataset, pipeline), {**fields_of(page.get(address(dataset, pipeline))), **filled}
    )

    assert answer.status_code == 302
    assert Job.objects.get().parameters == {
        "mx_pipeline_name": ["EDNA_proc", "autoPROC"],
        "cell": [78.5, 78.5, 37.0],
        "mode": 2,
        "extra": {"a": [1, None]},
        "limit": 3,
        "anomalous": True,
        "secret": 7,
        "note": "two\nlines",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "1.5"),
        ("cell", "a, b"),
        ("cell", "1, inf"),
        ("extra", "{"),
        ("extra", '"\\u0000"'),
        ("extra", "[" * 5000),
        ("mode", "3"),
        ("mx_pipeline_name", "nothing"),
        ("secret", "x"),
    ],
)
def test_what_cannot_be_used_is_told_and_starts_nothing(page, investigation, sent, name, value):
    dataset, pipeline = make_dataset(investigation, parameters={}), esrf_pipeline()

    answer = page.post(
        address(dataset, pipeline), {**fields_of(page.get(address(dataset, pipeline))), name: value}
    )

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [name]
    assert Job.objects.count() == 0


def test_a_needed_value_that_nobody_knows_is_asked_for_although_it_is_hidden(page, dataset, pipeline):
    graph = pipeline.graph
    graph["graph"]["input_schema"]["properties"]["code"] = {"type": "string"}
    graph["graph"]["input_schema"]["required"].append("code")
    graph["graph"]["ui_schema"]["code"] = {"ui:widget": "hidden"}
    pipeline.save()

    form = page.get(address(dataset, pipeline)).context["form"]

    assert not form["code"].is_hidden


def test_a_file_of_many_is_named(page, investigation, pipeline, sent):
    files = {f"image_{number:03}.h5": b"x" for number in range(205)}
    dataset = make_dataset(investigation, files=files)

    answer = page.get(address(dataset, pipeline))
    filled = {**fields_of(answer), "image": "image_204.h5"}
    wrong = page.post(address(dataset, pipeline), {**filled, "image": "image_999.h5"})
    right = page.post(address(dataset, pipeline), filled)

    assert 'value="image_000.h5"' in answer.content.decode()
    assert "There is no file of this name" in wrong.content.decode()
    assert right.status_code == 302
    assert Job.objects.get().parameters["image"] == dataset.datafiles.get(name="image_204.h5").pk


def test_a_repeated_click_is_one_job_and_changed_values_are_another(page, dataset, pipeline, sent):
    filled = fields_of(page.get(address(dataset, pipeline)))

    first, again = (page.post(address(dataset, pipeline), filled)["Location"] for _ in range(2))
    changed = page.post(address(dataset, pipeline), {**filled, "points": 20})["Location"]

    assert first == again != changed
    assert Job.objects.count() == 2


def test_what_was_left_empty_stays_empty(page, dataset, pipeline, sent):
    filled = fields_of(page.get(address(dataset, pipeline)))
    page.post(address(dataset, pipeline), {**filled, "points": ""})

    job = Job.objects.get()
    again = page.get(address(dataset, pipeline), {"like": job.pk}).context["form"]

    assert "points" not in job.parameters
    assert again["points"].value() is None


def test_a_job_is_run_again_with_changes_and_names_the_earlier_one(
    page, participant, dataset, pipeline, sent
):
    earlier = run(participant, dataset, pipeline, energy=20.5)

    answer = page.get(address(dataset, pipeline), {"like": earlier.pk})
    page.post(address(dataset, pipeline), {**fields_of(answer), "points": 5})

    assert "The dataset says 12.4 keV" in answer.content.decode()
    assert earlier.reruns.get().parameters == {**earlier.parameters, "points": 5}


@pytest.mark.parametrize("like", ["nonsense", "\0", "00000000-0000-0000-0000-000000000000"])
def test_an_earlier_job_that_is_not_there_is_ignored(page, dataset, pipeline, like):
    answer = page.get(address(dataset, pipeline), {"like": like})

    assert answer.status_code == 200
    assert answer.context["form"]["energy"].value() == 12.4


def test_a_job_that_one_may_not_see_tells_nothing_of_its_values(page, staff, pipeline, dataset, sent):
    hidden = run(staff, make_dataset(make_investigation()), pipeline, energy=77.7)

    assert "77.7" not in page.get(address(dataset, pipeline), {"like": hidden.pk}).content.decode()


def test_what_is_computed_already_is_told_before_the_click_and_asked_about_after(
    page, participant, dataset, pipeline, sent
):
    output = publish(run(participant, dataset, pipeline), dataset.investigation)

    before = page.get(address(dataset, pipeline))
    clicked = page.post(address(dataset, pipeline), fields_of(before))
    again = page.post(address(dataset, pipeline), {**fields_of(before), "again": "1"})

    assert before.context["twin"] == clicked.context["twin"] == output
    assert "by participant" in before.content.decode()
    assert again.status_code == 302
    assert Job.objects.count() == 2


def test_another_value_or_another_version_is_not_computed_already(page, participant, dataset, pipeline, sent):
    publish(run(participant, dataset, pipeline, points=7), dataset.investigation)
    other_values = page.get(address(dataset, pipeline)).context["twin"]
    publish(run(participant, dataset, pipeline), dataset.investigation)
    pipeline.graph["nodes"][0]["label"] = "Integrate better"
    pipeline.save()

    assert other_values is None
    assert page.get(address(dataset, pipeline)).context["twin"] is None


def test_duration_queue_and_workers_are_told_before_the_click(page, participant, dataset, pipeline, sent):
    without_worker = page.get(address(dataset, pipeline)).content.decode()
    now = timezone.now()
    for number, seconds in enumerate((2, 4, 60)):
        job = run(participant, dataset, pipeline, points=number + 1)
        ended = now - timedelta(minutes=number)
        Job.objects.filter(pk=job.pk).update(
            state=Job.State.SUCCEEDED, started_at=ended - timedelta(seconds=seconds), finished_at=ended
        )
    for number in range(3):
        run(participant, dataset, pipeline, points=100 + number)
    Worker.objects.create(name="w", queue=pipeline.queue, seen_at=now)

    text = page.get(address(dataset, pipeline)).content.decode()

    assert "No worker serves this pipeline" in without_worker
    assert "not known how long it takes" in without_worker
    assert "Takes about 4.0 s" in text  # the median of 2, 4 and 60
    assert "3 jobs wait before, about 12.0 s." in " ".join(text.split())


@pytest.mark.usefixtures("sent")
def test_the_form_costs_the_same_whatever_has_run(
    page, participant, dataset, pipeline, django_assert_max_num_queries
):
    for number in range(30):
        run(participant, dataset, pipeline, points=number + 1)
    for number in range(5):
        make_pipeline(f"other{number}")

    with django_assert_max_num_queries(21):
        page.get(address(dataset, pipeline))


def test_a_pipeline_that_does_not_fit_says_so_by_its_address_too(page, dataset, pipeline):
    esrf_pipeline(instrumentName="ID23-1")

    answer = page.get(address(dataset, Pipeline.objects.get(label="Reprocess")))

    assert answer.status_code == 400
    assert b"Made for ID23-1" in answer.content
