"""The catalogue of pipelines: who sees what, the search, the drawing, the switch."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from portal.access.models import AuditEvent
from portal.jobs.installed import store_workflows
from portal.jobs.models import Job, Pipeline
from portal.jobs.offers import fitting_pipelines
from tests.factories import make_dataset, make_investigation, the_past
from tests.portal.catalogue_samples import HOSTILE, ended_job, store_pipeline, store_some_tasks
from workflows.catalog.stored_workflows import WorkflowDescription


def page_of(person, name="pipelines", *args, **query):
    client = Client()
    if person is not None:
        client.force_login(person)
    return client.get(reverse(name, args=args), query)


def listed(answer):
    return [row["offer"].pipeline.identifier for row in answer.context["rows"]]


@pytest.fixture
def catalogue(db, instrument):
    store_some_tasks()
    store_pipeline("powder", description="Rings to a pattern")
    store_pipeline("crystals", technique="MX", instrument=["ID23-1"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["crystals", "powder"]),
        ({"q": "RINGS pattern"}, ["powder"]),
        ({"q": "rings nothing"}, []),
        ({"q": "Integrate"}, ["crystals", "powder"]),
        ({"technique": "mx"}, ["crystals"]),
        ({"instrument": "id23-1"}, ["crystals", "powder"]),
        ({"instrument": "ID01"}, ["powder"]),
        ({"package": "beta", "technique": "XRPD"}, ["powder"]),
        ({"package": "gamma"}, []),
        ({"q": "\0" + "x" * 5000}, []),
    ],
)
def test_pipelines_are_found_by_words_technique_instrument_and_package(catalogue, query, found):
    assert listed(page_of(None, **query)) == found


def test_runs_count_only_what_the_visitor_may_see(world, people):
    pipeline = store_pipeline("powder")
    ended_job(world.datasets["open"], pipeline, seconds=20)
    ended_job(world.datasets["embargoed"], pipeline, seconds=40)
    ended_job(world.datasets["foreign"], pipeline, Job.State.FAILED)

    told = {}
    for name, person in people.items():
        rows = page_of(person).context["rows"]
        (health,) = (row["health"] for row in rows if row["offer"].pipeline == pipeline)
        told[name] = (health.n_ended, health.success_percent, health.median_s)
        assert page_of(person, "pipeline", "powder").context["health"] == health

    assert told["anonymous"] == told["stranger"] == (1, 100, 20)
    assert told["participant"] == told["observer"] == told["scientist"] == (2, 100, 30)
    assert told["staff"] == (3, pytest.approx(200 / 3), 30)


def test_old_and_cancelled_jobs_say_nothing_of_today(dataset, staff):
    pipeline = store_pipeline("powder")
    ended_job(dataset, pipeline, Job.State.FAILED, days_ago=31)
    ended_job(dataset, pipeline, Job.State.CANCELLED)

    assert page_of(staff).context["rows"][0]["health"].n_ended == 0


def test_the_jobs_of_a_pipeline_are_those_the_visitor_may_see(world, people, pipeline):
    shown = {
        name: {job.pk for job in page_of(person, "pipeline", pipeline.identifier).context["jobs"]}
        for name, person in people.items()
    }

    jobs = {which: job.pk for which, job in world.jobs.items()}
    assert shown["anonymous"] == shown["stranger"] == {jobs["open"]}
    assert shown["participant"] == {jobs["open"], jobs["embargoed"]}
    assert shown["staff"] == set(jobs.values())


def test_the_form_is_told_with_types_units_ranges_and_where_values_come_from(catalogue):
    (field,) = page_of(None, "pipeline", "powder").context["fields"]

    assert (field.label, field.type, field.unit, field.default) == ("Photon energy", "number", "keV", "12.5")
    assert (field.limits, field.sources, field.is_required) == ("> 0, ≤ 150", ["Energy"], True)


def test_every_step_of_the_drawing_leads_to_its_task(catalogue):
    answer = page_of(None, "pipeline", "powder")
    page = answer.content.decode()

    for identifier in ("alpha.tasks.Integrate", "beta.io.write"):
        assert page.count(f'href="{reverse("task", args=[identifier])}"') == 2  # drawn, and in words
    assert [step.label for step in answer.context["drawing"].steps] == ["First", "Second"]
    assert "pattern → data" in page


def test_a_page_needs_no_style_attribute_and_no_script_of_its_own(catalogue):
    page = page_of(None, "pipeline", "powder").content.decode()
    main = page[page.index("<main") :]

    assert " style=" not in main
    assert "<script" not in main


def test_a_workflow_that_is_not_valid_is_told_and_the_page_remains(pipeline):
    answer = page_of(None, "pipeline", pipeline.identifier)

    assert answer.status_code == 200
    assert b"cannot be drawn" in answer.content


def test_hostile_words_of_a_workflow_stay_words(db):
    nodes = [
        {"id": HOSTILE, "label": HOSTILE, "task_type": "class", "task_identifier": HOSTILE},
        {"id": "two", "task_type": "method", "task_identifier": "a.b"},
    ]
    store_pipeline("evil", label=HOSTILE, description=HOSTILE, technique=HOSTILE, nodes=nodes)

    for answer in (page_of(None), page_of(None, "pipeline", "evil"), page_of(None, q=HOSTILE)):
        assert answer.status_code == 200
        assert b"<script>alert" not in answer.content


def test_the_workflow_can_be_taken_away_as_it_is(catalogue):
    answer = page_of(None, "pipeline-document", "powder")

    assert json.loads(answer.content) == Pipeline.objects.get(identifier="powder").graph
    assert answer["Content-Disposition"] == 'attachment; filename="powder.json"'


def test_there_is_no_page_of_an_unknown_pipeline(db):
    assert page_of(None, "pipeline", "nothing").status_code == 404


def test_installed_workflows_without_descriptor_are_named_as_not_offered(catalogue):
    store_workflows(
        [
            WorkflowDescription(
                name="gamma.workflows.scan",
                path="/x",
                label=HOSTILE,
                keywords=("scan",),
                description="Rings",
                package="gamma",
                version="3",
            )
        ]
    )

    found = page_of(None, q="scan")

    assert b"not offered for reprocessing" in found.content
    assert b"gamma.workflows.scan" in found.content
    assert b"gamma.workflows.scan" not in page_of(None, technique="MX").content
    assert b"<script>alert" not in found.content


@pytest.mark.parametrize("name", ["participant", "scientist", "stranger"])
def test_only_the_staff_switches_a_pipeline(people, pipeline, world, name):
    client = Client()
    client.force_login(people[name])

    answer = client.post(reverse("switch-pipeline", args=[pipeline.identifier]), {"enabled": "0"})

    assert answer.status_code == 403
    assert Pipeline.objects.get(pk=pipeline.pk).enabled
    act = AuditEvent.objects.get(action="pipeline.disable")
    assert (act.user, act.refused) == (people[name], True)
    assert b"Switch off" not in client.get(reverse("pipeline", args=[pipeline.identifier])).content


def test_nobody_switches_without_login_by_get_or_from_another_site(pipeline, staff):
    address = reverse("switch-pipeline", args=[pipeline.identifier])
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(staff)

    assert Client().post(address, {"enabled": "0"}).status_code == 302
    assert page_of(staff, "switch-pipeline", pipeline.identifier).status_code == 405
    assert careful.post(address, {"enabled": "0"}).status_code == 403
    assert Pipeline.objects.get(pk=pipeline.pk).enabled


def test_a_pipeline_that_is_switched_off_is_offered_no_more(pipeline, staff, participant, dataset):
    client = Client()
    client.force_login(staff)
    address = reverse("switch-pipeline", args=[pipeline.identifier])

    client.post(address, {"enabled": "0"})

    assert fitting_pipelines(participant, dataset) == []
    assert listed(page_of(participant)) == []
    assert listed(page_of(staff)) == [pipeline.identifier]
    assert b"switched off" in page_of(participant, "pipeline", pipeline.identifier).content
    assert page_of(participant, "reprocess", dataset.pk, pipeline.identifier).status_code == 404
    client.post(address, {"enabled": "1"})
    assert fitting_pipelines(participant, dataset) == [pipeline]
    acts = AuditEvent.objects.filter(user=staff).order_by("pk").values_list("action", "subject", "refused")
    subject = f"pipeline {pipeline.identifier}"
    assert list(acts) == [("pipeline.disable", subject, False), ("pipeline.enable", subject, False)]


def test_the_same_switch_again_is_no_act(pipeline, staff):
    client = Client()
    client.force_login(staff)

    client.post(reverse("switch-pipeline", args=[pipeline.identifier]), {"enabled": "1"})

    assert not AuditEvent.objects.exists()


def test_the_pages_cost_the_same_however_much_they_show(participant, dataset, django_assert_max_num_queries):
    store_some_tasks()
    shown = store_pipeline("powder")
    ended_job(dataset, shown)
    client = Client()
    client.force_login(participant)
    addresses = [reverse("pipelines"), reverse("pipeline", args=["powder"])]
    costs = []
    for _ in range(2):
        for address in addresses:
            with django_assert_max_num_queries(12) as asked:
                assert client.get(address).status_code == 200
            costs.append(len(asked))
        for number in range(8):
            store_pipeline(f"another{number}")
            ended_job(make_dataset(make_investigation(release_date=the_past())), shown)

    assert costs[:2] == costs[2:]
