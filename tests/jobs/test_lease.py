"""Taking, keeping and giving up a job: what a change asks of the row, and what it leaves alone."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.jobs.lease import (
    claim_job,
    end_job,
    free_expired_jobs,
    is_still_ours,
    release_job,
    renew_lease,
    retry_job,
)
from portal.jobs.models import Job
from portal.jobs.services import cancel_job, submit_job
from portal.jobs.supervisor import run_queued_job

State = Job.State


@pytest.fixture
def job(participant, dataset, pipeline, sent):
    image = dataset.datafiles.get(name="image.h5")
    return submit_job(
        user=participant,
        dataset=dataset,
        pipeline=pipeline,
        parameters={"image": image.pk, "energy": 12.4},
        request_key=uuid4(),
    )


@pytest.fixture
def held(job):
    """The job as the worker that has taken it knows it."""
    return claim_job(job.pk, worker="first")


def row_of(job):
    return Job.objects.filter(pk=job.pk).values().get()


def let_lease_end(job):
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def make_due(job):
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now())


def test_a_taken_job_runs_under_a_lease(job, settings):
    before = timezone.now()

    held = claim_job(job.pk, worker="first")

    lease = timedelta(seconds=settings.JOB_LEASE_S)
    assert (held.state, held.attempt, held.worker) == (State.RUNNING, 1, "first")
    assert before + lease <= held.lease_expires_at <= timezone.now() + lease


def test_a_message_for_a_job_that_is_taken_does_nothing(held):
    before = row_of(held)

    run_queued_job(str(held.pk))

    assert row_of(held) == before


def test_a_message_for_a_job_that_does_not_exist_does_nothing(db):
    run_queued_job(str(uuid4()))

    assert not Job.objects.exists()


def test_a_job_that_must_wait_is_not_taken_before(job):
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now() + timedelta(seconds=60))

    taken = claim_job(job.pk, worker="first")

    assert taken is None
    assert row_of(job)["state"] == State.QUEUED


def test_renewing_moves_the_end_of_the_lease(held):
    let_lease_end(held)

    renewed = renew_lease(held)

    assert renewed
    assert row_of(held)["lease_expires_at"] > timezone.now()


def test_a_job_whose_lease_has_ended_is_freed_once(held):
    let_lease_end(held)

    freed = [free_expired_jobs(), free_expired_jobs()]

    assert freed == [1, 0]
    assert (row_of(held)["state"], row_of(held)["failures"]) == (State.QUEUED, 1)


def test_a_job_whose_lease_runs_is_not_freed(held):
    assert free_expired_jobs() == 0
    assert row_of(held)["state"] == State.RUNNING


@pytest.mark.parametrize(
    "act",
    [
        renew_lease,
        is_still_ours,
        release_job,
        lambda job: retry_job(job, code="crashed", message="It crashed."),
        lambda job: end_job(job, State.SUCCEEDED),
        lambda job: end_job(job, State.FAILED, code="crashed", message="It crashed."),
    ],
)
def test_a_worker_that_lost_its_job_changes_nothing(held, act):
    let_lease_end(held)
    free_expired_jobs()
    make_due(held)
    following = claim_job(held.pk, worker="second")
    before = row_of(held)

    answer = act(held)

    assert not answer
    assert row_of(held) == before
    assert (following.attempt, is_still_ours(following)) == (2, True)


def test_a_job_given_back_is_due_at_once_and_has_not_failed(held):
    given_back = release_job(held)
    following = claim_job(held.pk, worker="second")

    assert given_back
    assert (following.attempt, following.failures) == (2, 0)


def test_the_pauses_between_attempts_grow(job, settings):
    settings.JOB_MAX_ATTEMPTS, settings.JOB_RETRY_PAUSES_S = 5, [1.0, 10.0, 60.0]

    pauses = []
    for _ in range(4):
        make_due(job)
        held, now = claim_job(job.pk, worker="first"), timezone.now()
        retry_job(held, code="crashed", message="It crashed.")
        pauses.append((row_of(job)["not_before"] - now).total_seconds())

    assert pauses == pytest.approx([1, 10, 60, 60], abs=0.5)


def test_a_job_that_failed_too_often_fails_for_good_and_says_why(job, settings):
    settings.JOB_MAX_ATTEMPTS = 3

    states = []
    for _ in range(3):
        make_due(job)
        held = claim_job(job.pk, worker="first")
        states.append(retry_job(held, code="crashed", message="A library crashed."))

    assert states == [State.QUEUED, State.QUEUED, State.FAILED]
    row = row_of(job)
    assert (row["error_code"], row["error_message"]) == (
        "crashed",
        "A library crashed. It was tried 3 times.",
    )
    assert list(job.events.values_list("kind", flat=True)) == [
        *("submitted", "started", "retry", "started", "retry", "started", "failed")
    ]


def test_a_job_whose_workers_die_again_and_again_fails_and_says_so(job, settings):
    settings.JOB_MAX_ATTEMPTS = 3

    for _ in range(3):
        make_due(job)
        let_lease_end(claim_job(job.pk, worker="first"))
        free_expired_jobs()

    row = row_of(job)
    assert (row["state"], row["error_code"]) == (State.FAILED, "worker_died")
    assert row["error_message"] == "The worker that ran the job stopped answering. It was tried 3 times."


@pytest.mark.parametrize(
    "end",
    [
        lambda job, user: end_job(job, State.SUCCEEDED),
        lambda job, user: end_job(job, State.FAILED, code="bad_input", message="The mask is missing."),
        lambda job, user: cancel_job(user=user, job=job),
    ],
    ids=["succeeded", "failed", "cancelled"],
)
@pytest.mark.parametrize(
    "act",
    [
        lambda job, user: claim_job(job.pk, worker="second"),
        lambda job, user: renew_lease(job),
        lambda job, user: release_job(job),
        lambda job, user: retry_job(job, code="crashed", message="It crashed."),
        lambda job, user: end_job(job, State.SUCCEEDED),
        lambda job, user: end_job(job, State.FAILED, code="crashed", message="It crashed."),
        lambda job, user: cancel_job(user=user, job=job),
        lambda job, user: free_expired_jobs(),
    ],
    ids=["claim", "renew", "release", "retry", "succeed", "fail", "cancel", "free"],
)
def test_a_finished_job_never_changes(held, participant, end, act):
    ended = end(held, participant)
    before = row_of(held)

    answer = act(held, participant)

    assert ended
    assert not answer
    assert row_of(held) == before


def test_of_many_workers_one_gets_a_job(portal):
    portal.stop_workers()
    [job] = portal.do("submit")

    taken = portal.do("claim_at_once", job=job, count=12)

    assert taken == 1
    assert portal.do("jobs", ids=[job])[0]["attempt"] == 1
    portal.do("cancel", job=job)


def test_of_many_sweepers_one_frees_a_job(portal):
    portal.stop_workers()
    [job] = portal.do("submit")
    portal.do("claim", job=job)
    portal.do("end_lease", job=job)

    freed = portal.do("free_at_once", count=8)

    assert sum(freed) == 1
    assert portal.do("jobs", ids=[job])[0]["failures"] == 1
    portal.do("cancel", job=job)


def test_sixteen_identical_submissions_at_once_make_one_job(portal):
    portal.stop_workers()
    before = portal.do("count_jobs")

    told = portal.do("submit_at_once", count=16)

    assert len(told) == 16
    assert len(set(told)) == 1
    assert portal.do("count_jobs") == before + 1
    portal.do("cancel", job=told[0])


def test_a_job_ended_and_cancelled_at_once_does_one_of_the_two(portal):
    portal.stop_workers()
    [*jobs] = portal.do("submit", count=5)
    for job in jobs:
        portal.do("claim", job=job)

    succeeded = [portal.do("end_and_cancel_at_once", job=job) for job in jobs]

    assert all(sorted(answers) == [False, True] for answers in succeeded)
    for row in portal.do("jobs", ids=jobs):
        ends = [event["kind"] for event in row["events"] if event["kind"] in ("succeeded", "cancelled")]
        assert ends == [row["state"]]
