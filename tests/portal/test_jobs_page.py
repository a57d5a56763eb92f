"""Lists of jobs and the page of one: what is shown to whom, what moves, trying again."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.access.models import AuditEvent
from portal.jobs.folders import Attempt
from portal.jobs.lease import claim_job, end_job
from portal.jobs.models import Job, JobEvent, Output, Worker
from portal.jobs.prefill import prefilled_parameters
from portal.jobs.services import retry_job, submit_job
from tests.factories import make_dataset, make_instrument, make_investigation, make_pipeline, the_past


@pytest.fixture
def page(client, participant):
    client.force_login(participant)
    return client


@pytest.fixture
def run(participant, dataset, pipeline, sent):
    def submit(person=participant, on=dataset, by=pipeline, **changed):
        return submit_job(
            user=person,
            dataset=on,
            pipeline=by,
            parameters={**prefilled_parameters(by, on), **changed},
            request_key=uuid4(),
        )

    return submit


def failed(job, message="The mask does not fit."):
    end_job(claim_job(job.pk, worker="w"), Job.State.FAILED, code="bad_input", message=message)
    return Job.objects.get(pk=job.pk)


def shown(client, **query):
    answer = client.get(reverse("jobs"), query)
    assert answer.status_code == 200
    return [job.pk for job in answer.context["page"].rows]


def test_jobs_are_mine_first_and_everybodys_when_asked(page, run, staff):
    mine, theirs = run(), run(staff, points=2)

    assert shown(page) == [mine.pk]
    assert shown(page, mine="0") == [theirs.pk, mine.pk]
    assert shown(page, mine="1", state="failed") == []


def test_the_jobs_of_something_are_everybodys(page, run, staff, dataset):
    mine, theirs = run(), run(staff, points=2)
    investigation = dataset.investigation
    places = {"investigation": investigation, "dataset": dataset, "instrument": investigation.instrument}

    for name, named in places.items():
        assert shown(page, **{name: named.pk}) == [theirs.pk, mine.pk]
        assert shown(page, mine="1", **{name: named.pk}) == [mine.pk]


def test_jobs_are_narrowed_by_what_the_address_names(client, staff, run, dataset, instrument):
    client.force_login(staff)
    elsewhere = make_dataset(make_investigation(make_instrument("ID02")))
    second = make_pipeline("second")
    here, there, other = run(), run(staff, on=elsewhere), run(by=second)
    Job.objects.filter(pk=here.pk).update(batch=uuid4())
    here = failed(here)

    assert shown(client, mine="0", instrument=instrument.pk) == [other.pk, here.pk]
    assert shown(client, mine="0", investigation=elsewhere.investigation_id) == [there.pk]
    assert shown(client, mine="0", pipeline="second") == [other.pk]
    assert shown(client, mine="0", state="failed") == [here.pk]
    assert shown(client, mine="0", state="open") == [other.pk, there.pk]
    assert shown(client, batch=here.batch) == [here.pk]
    assert shown(client, batch=uuid4()) == []


@pytest.mark.parametrize("name", ["investigation", "dataset", "instrument", "pipeline", "batch", "state"])
@pytest.mark.parametrize("value", ["x", "99999999999999999999", "\0", "-1", "1e3", "²"])
def test_what_is_not_there_is_said_not_to_be_there(page, name, value):
    answer = page.get(reverse("jobs"), {name: value})

    assert answer.status_code == 404
    assert b"There is no" in answer.content


def test_what_one_may_not_know_of_is_no_choice_and_no_list(page, staff, run):
    secret = make_dataset(make_investigation(make_instrument("ID99")), name="secret")
    job = run(staff, on=secret)

    assert shown(page, mine="0") == []
    assert b"ID99" not in page.get(reverse("jobs")).content
    for name, pk in (
        ("investigation", secret.investigation_id),
        ("dataset", secret.pk),
        ("instrument", secret.investigation.instrument_id),
    ):
        assert page.get(reverse("jobs"), {name: pk}).status_code == 404
        assert page.get(reverse("jobs-progress"), {name: pk}).status_code == 404
    assert page.get(reverse("job", args=[job.pk])).status_code == 404


def test_a_visitor_without_login_sees_jobs_on_open_data_and_no_names(client, staff, run):
    opened = make_dataset(make_investigation(release_date=the_past()))
    job = run(staff, on=opened)
    run(points=3)

    answer = client.get(reverse("jobs"))

    assert [row.pk for row in answer.context["page"].rows] == [job.pk]
    assert "staff" not in answer.content.decode()
    assert "Whose" not in answer.content.decode()


def test_a_failure_is_told_in_its_row_with_how_long_it_took(page, run):
    job = failed(run())
    Job.objects.filter(pk=job.pk).update(
        started_at=job.created_at + timedelta(seconds=2),
        finished_at=job.created_at + timedelta(seconds=5),
    )

    text = page.get(reverse("jobs")).content.decode()

    assert "The mask does not fit." in text
    assert '<td class="num">2.0 s</td><td class="num">3.0 s</td>' in text


def test_a_list_asks_again_by_one_request_while_something_is_open_and_then_no_more(page, run):
    first, second = run(), run(points=2)
    moving = page.get(reverse("jobs")).content.decode()
    for job in (first, second):
        failed(job)
    ended = page.get(reverse("jobs-progress"), {"mine": "1"}).content.decode()

    assert moving.count("hx-get=") == 1
    assert "hx-get=" not in ended
    assert "<html" not in ended


def test_a_running_job_shows_how_far_it_is(page, run):
    job = claim_job(run().pk, worker="w")
    tell = {"job": job, "attempt": job.attempt}
    JobEvent.objects.create(**tell, kind=JobEvent.Kind.STEP_ENDED, step="integrate", state="succeeded")
    JobEvent.objects.create(**tell, kind=JobEvent.Kind.STEP_PROGRESS, step="save", progress=50)
    JobEvent.objects.create(job=job, attempt=0, kind=JobEvent.Kind.STEP_ENDED, step="save")

    text = page.get(reverse("jobs")).content.decode()

    assert 'value="75"' in text  # one of two steps, and half of the other


@pytest.mark.parametrize("n_jobs", [3, 30])
def test_a_list_costs_the_same_whatever_it_shows(page, run, n_jobs, django_assert_max_num_queries):
    for number in range(n_jobs):
        claim_job(run(points=number + 1).pk, worker="w")
    page.get(reverse("jobs"), {"per_page": 50})

    with django_assert_max_num_queries(9):
        page.get(reverse("jobs"), {"mine": "0"})
    with django_assert_max_num_queries(7):
        page.get(reverse("jobs-progress"), {"mine": "0"})


def test_a_failed_job_is_tried_again_once_for_each_click(page, run, participant, sent):
    job = failed(run(points=11))
    address = reverse("retry-job", args=[job.pk])

    places = [page.post(address)["Location"] for _ in range(2)]

    again = job.reruns.get()
    assert places == [reverse("job", args=[again.pk])] * 2
    assert (again.parameters, again.dataset_id, again.state) == (job.parameters, job.dataset_id, "queued")
    assert AuditEvent.objects.filter(action="job.submit", subject=f"job {again.pk}").exists()


def test_both_jobs_name_each_other(page, run, participant):
    job = failed(run())
    again = retry_job(user=participant, job=job)

    assert reverse("job", args=[again.pk]) in page.get(reverse("job", args=[job.pk])).content.decode()
    assert reverse("job", args=[job.pk]) in page.get(reverse("job", args=[again.pk])).content.decode()


def test_only_what_failed_or_was_cancelled_is_tried_again(page, run):
    job = run()

    answer = page.post(reverse("retry-job", args=[job.pk]))

    assert answer.status_code == 400
    assert b"still open" in answer.content
    assert Job.objects.count() == 1


def test_retrying_is_for_those_who_may_process(client, run, observer, stranger):
    address = reverse("retry-job", args=[failed(run()).pk])
    nobody = client.post(address).status_code
    client.force_login(observer)
    sees, clicks = client.post(address).status_code, client.get(address).status_code
    client.force_login(stranger)

    assert (nobody, sees, clicks, client.post(address).status_code) == (302, 403, 405, 404)
    assert Job.objects.count() == 1


def test_the_reason_comes_first_and_then_what_can_be_done(page, run):
    text = page.get(reverse("job", args=[failed(run()).pk])).content.decode()

    assert text.index("The mask does not fit.") < text.index("Change the value named above")
    assert text.index("Change the value named above") < text.index('<ol class="steps">')
    assert "Try again" in text
    assert "Run again with changes" in text


def test_the_log_is_read_live_by_those_who_may_and_by_nobody_else(page, client, run, scientist):
    job = claim_job(run().pk, worker="w")
    log = Attempt(job.pk, job.attempt).log
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("x" * 50_000 + "\nthe last <line>")
    addresses = [reverse(name, args=[job.pk]) for name in ("job", "job-progress")]

    participants = [page.get(address).content.decode() for address in addresses]
    client.force_login(scientist)
    scientists = [client.get(address).content.decode() for address in addresses]

    assert ["the last" in text for text in participants] == [False, False]
    assert ["the last &lt;line&gt;" in text for text in scientists] == [True, True]
    assert all(len(text) < 40_000 for text in scientists)


def test_the_fragment_ends_by_itself_and_brings_the_last_actions(page, run):
    job = run()
    address = reverse("job-progress", args=[job.pk])
    moving = page.get(address).content.decode()
    failed(job)
    ended = page.get(address).content.decode()

    assert "hx-trigger" in moving
    assert "job-actions" not in moving
    assert "hx-trigger" not in ended
    assert "Try again" in ended


def test_a_job_shows_what_it_read_and_where_it_ran(page, run, dataset, investigation):
    job = run(points=77)
    end_job(claim_job(job.pk, worker="w"), Job.State.SUCCEEDED)
    record = {
        "version": "9.9",
        "python": "3.11",
        "platform": "Linux",
        "environment": ["numpy==2.0"],
        "input_files": [{"name": "image.h5", "size_bytes": 1024, "sha256": "ab" * 32}],
    }
    Output.objects.create(job=job, dataset=make_dataset(investigation), attempt=1, record=record)

    text = page.get(reverse("job", args=[job.pk])).content.decode()

    for told in ("image.h5", "ab" * 32, "77", "reprise 9.9", "numpy==2.0", "Open the result"):
        assert told in text


def test_the_graph_has_the_states_of_its_steps(page, run, pipeline):
    for node in pipeline.graph["nodes"]:
        node |= {"task_type": "class", "task_identifier": "somewhere.Task"}
    pipeline.graph["nodes"][1]["label"] = "<Save>"
    pipeline.save()
    job = claim_job(run().pk, worker="w")
    tell = {"job": job, "attempt": job.attempt, "step": "integrate"}
    JobEvent.objects.create(**tell, kind=JobEvent.Kind.STEP_STARTED)
    JobEvent.objects.create(**tell, kind=JobEvent.Kind.STEP_ENDED, state="succeeded")

    text = page.get(reverse("job", args=[job.pk])).content.decode()

    assert 'class="node node-succeeded" data-node="integrate"' in text
    assert 'class="node node-waiting" data-node="save"' in text
    assert "✓" in text
    assert "&lt;Save&gt;" in text
    assert "<Save>" not in text


def test_one_that_waits_says_what_for(page, run, pipeline):
    job = run()
    Job.objects.filter(pk=job.pk).update(created_at=the_past())
    address = reverse("job-progress", args=[job.pk])
    without = page.get(address).content.decode()
    Worker.objects.create(name="w", queue=pipeline.queue, seen_at=timezone.now())

    assert "No worker that serves this pipeline" in without
    assert "1 job waits in this queue" in page.get(address).content.decode()


def test_every_page_of_the_list_is_reached_by_key(page, run):
    jobs = [run(points=number + 1) for number in range(23)]

    first = page.get(reverse("jobs"))
    cursor = first.context["page"].next_cursor
    rest = page.get(reverse("jobs"), {"after": cursor})

    found = [job.pk for answer in (first, rest) for job in answer.context["page"].rows]
    assert found == [job.pk for job in reversed(jobs)]
    assert b"of 23" in first.content
