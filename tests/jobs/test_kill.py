"""Workers, the process that starts runs, and runs are killed: no job is lost, none is published twice."""

import os
import signal
import time

from tests.jobs.kills import kill_workers, unreadable_files
from tests.jobs.own_portal import LEASE_S
from tests.processes import still_running

RECOVERY_S = 2 * LEASE_S + 10


def test_killed_workers_lose_no_job_and_publish_none_twice(portal):
    portal.stop_workers()

    toll = kill_workers(portal, jobs=8, kills=2, seed=11)

    assert toll.is_none, toll
    assert toll.interrupted > 0
    assert toll.recovery_s < RECOVERY_S


def test_a_job_without_a_worker_runs_soon_on_the_next(sqlite_portal):
    portal, worker = sqlite_portal, sqlite_portal.worker()
    [job] = portal.do("submit", seconds=1)
    worker.wait_for_run()
    worker.kill()
    killed_at = time.time()

    portal.worker()
    [row] = portal.wait_for([job])

    assert (row["state"], row["attempt"], row["failures"]) == ("succeeded", 2, 1)
    starts = [event["at"] for event in row["events"] if event["kind"] == "started"]
    assert starts[1] - killed_at < RECOVERY_S


def test_a_job_whose_run_is_killed_is_tried_again_by_the_same_worker(sqlite_portal):
    portal, worker = sqlite_portal, sqlite_portal.worker()
    [job] = portal.do("submit", seconds=1)

    os.kill(worker.wait_for_run(), signal.SIGKILL)
    [row] = portal.wait_for([job])

    assert (row["state"], row["attempt"], row["failures"]) == ("succeeded", 2, 1)
    assert unreadable_files(row["output"]) == []
    assert worker.is_running()
    assert portal.is_clean()


def test_a_worker_survives_the_death_of_the_process_that_starts_runs(sqlite_portal):
    portal, worker = sqlite_portal, sqlite_portal.worker()
    [job] = portal.do("submit", seconds=1)
    run = worker.wait_for_run()

    os.kill(worker.fork_server, signal.SIGKILL)
    died_with_it = still_running([run], within_s=5) == []
    [row] = portal.wait_for([job])

    assert died_with_it
    assert (row["state"], row["attempt"], row["failures"]) == ("succeeded", 2, 1)
    assert worker.is_running()
    assert portal.is_clean()


def test_a_worker_that_is_asked_to_end_gives_its_jobs_back_without_counting_a_failure(sqlite_portal):
    portal, worker = sqlite_portal, sqlite_portal.worker()
    jobs = portal.do("submit", count=2, seconds=1.5)
    portal.wait_for(jobs, "running")
    worker.wait_for_run()

    code = worker.terminate()
    given_back = [row["state"] for row in portal.do("jobs", ids=jobs)]
    portal.worker()
    rows = portal.wait_for(jobs)

    assert code == 0
    assert given_back == ["queued", "queued"]
    assert [(row["state"], row["attempt"], row["failures"]) for row in rows] == [("succeeded", 2, 0)] * 2
    assert portal.is_clean()


def test_a_job_that_kills_its_runs_fails_and_says_how_often_it_was_tried(sqlite_portal):
    portal, worker = sqlite_portal, sqlite_portal.worker()
    [job] = portal.do("submit", seconds=30)

    for _ in range(3):
        os.kill(worker.wait_for_run(), signal.SIGKILL)
        time.sleep(0.2)
    [row] = portal.wait_for([job])

    assert (row["state"], row["attempt"], row["code"]) == ("failed", 3, "crashed")
    assert row["message"] == "The run stopped without a word (exit code -9). It was tried 3 times."
    assert portal.published(job) == []


def test_a_cancelled_job_ends_its_run_and_never_succeeds(sqlite_portal):
    portal, worker = sqlite_portal, sqlite_portal.worker()
    [job] = portal.do("submit", seconds=2)
    run = worker.wait_for_run()

    was_cancelled = portal.do("cancel", job=job)
    stopped = still_running([run], within_s=5) == []
    [row] = portal.do("jobs", ids=[job])

    assert was_cancelled
    assert stopped
    assert row["state"] == "cancelled"
    assert row["output"] is None
    assert portal.published(job) == []
    assert portal.is_clean()
