"""The page of the staff: for whom it is, and what it says."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.access.audit import record
from portal.access.models import AuditEvent
from portal.jobs.models import Job, Pipeline, Worker
from tests.portal.catalogue_samples import HOSTILE, ended_job, store_pipeline
from tests.portal.world import PEOPLE


@pytest.fixture
def page(staff):
    client = Client()
    client.force_login(staff)
    return lambda name="staff": client.get(reverse(name))


@pytest.mark.parametrize("name", PEOPLE)
def test_for_others_than_staff_there_is_no_such_page(people, name):
    client = Client()
    if people[name] is not None:
        client.force_login(people[name])

    statuses = {client.get(reverse(address)).status_code for address in ("staff", "staff-state")}
    home = client.get(reverse("home")).content

    assert statuses == ({200} if name == "staff" else {404})
    assert (b'href="/staff/"' in home) == (name == "staff")


def test_a_worker_that_fell_silent_is_told_from_one_that_lives(page):
    now = timezone.now()
    for name, queue, seen in (
        ("a", "fast", now),
        ("a", "slow", now),
        ("b", "slow", now - timedelta(hours=1)),
    ):
        Worker.objects.create(name=name, queue=queue, seen_at=seen)

    answer = page()

    told = [(worker.name, worker.queues, worker.is_alive) for worker in answer.context["workers"]]
    assert told == [("a", ["fast", "slow"], True), ("b", ["slow"], False)]
    serving = {queue.name: queue.workers for queue in answer.context["queues"]}
    assert (serving["fast"], serving["slow"]) == (["a"], ["a"])


def test_queues_are_told_with_what_waits_and_who_serves_them(page, world, pipeline):
    Pipeline.objects.filter(pk=pipeline.pk).update(queue="night")
    store_pipeline("idle")
    Job.objects.filter(pk=world.jobs["open"].pk).update(state=Job.State.RUNNING)
    oldest = timezone.now() - timedelta(hours=3)
    Job.objects.filter(pk=world.jobs["foreign"].pk).update(created_at=oldest)

    night, idle = sorted(page().context["queues"], key=lambda queue: queue.name != "night")

    assert (night.n_waiting, night.n_running, night.oldest_waiting, night.workers) == (2, 1, oldest, [])
    assert (idle.n_waiting, idle.n_running, idle.oldest_waiting) == (0, 0, None)


def test_failures_are_grouped_by_pipeline_and_reason(page, dataset):
    powder, crystals = store_pipeline("powder"), store_pipeline("crystals")
    for pipeline, code, days_ago in (
        (powder, "out_of_memory", 0),
        (powder, "out_of_memory", 1),
        (powder, "bad_input", 0),
        (crystals, "bad_input", 0),
        (crystals, "bad_input", 8),
    ):
        ended_job(
            dataset,
            pipeline,
            Job.State.FAILED,
            days_ago=days_ago,
            error_code=code,
            error_message=f"It was {code}.",
        )

    answer = page()

    told = {(each.pipeline, each.error_code): each.n_jobs for each in answer.context["failures"]}
    assert told == {("powder", "out_of_memory"): 2, ("powder", "bad_input"): 1, ("crystals", "bad_input"): 1}
    assert b"It was out_of_memory." in answer.content


def test_refused_acts_are_shown_and_allowed_ones_are_not(page, stranger):
    record(stranger, "job.submit", "dataset 7", refused=True)
    record(stranger, "job.submit", "dataset 8")
    record(None, "job.cancel", HOSTILE, refused=True)
    AuditEvent.objects.filter(subject="dataset 7").update(at=timezone.now() - timedelta(days=1))

    answer = page()

    assert [act.subject for act in answer.context["refusals"]] == [HOSTILE, "dataset 7"]
    assert b"somebody without login" in answer.content
    assert b"<script>alert" not in answer.content


def test_the_room_left_and_the_database_are_told(page):
    context = page().context

    assert context["database"].kind in {"SQLite", "PostgreSQL"}
    assert context["database"].size > 0
    assert all(0 <= disk.used_percent <= 100 and disk.total > 0 for disk in context["disks"])
    assert len(context["disks"]) >= 1


def test_pipelines_can_be_switched_from_here(page, pipeline, staff):
    client = Client()
    client.force_login(staff)

    answer = client.post(
        reverse("switch-pipeline", args=[pipeline.identifier]), {"enabled": "0", "next": "staff"}
    )

    assert answer.url == reverse("staff")
    assert not Pipeline.objects.get(pk=pipeline.pk).enabled
    assert b"Switch on" in page().content


def test_the_moving_part_asks_for_itself_again(page):
    fragment = page("staff-state").content.decode()

    assert 'hx-get="/staff/state/"' in fragment
    assert "<html" not in fragment


def test_the_page_costs_the_same_however_much_it_shows(
    page, dataset, stranger, django_assert_max_num_queries
):
    shown = store_pipeline("powder")
    costs = []
    for number in range(2):
        with django_assert_max_num_queries(16) as asked:
            page()
        costs.append(len(asked))
        for each in range(6):
            Worker.objects.create(name=f"w{number}{each}", queue=f"q{each}", seen_at=timezone.now())
            store_pipeline(f"another{each}")
            ended_job(dataset, shown, Job.State.FAILED, error_code=f"code{each}")
            record(stranger, "job.submit", f"dataset {each}", refused=True)

    assert costs[0] == costs[1]
