"""What a dead worker, a lost message or a database that went away left behind is repaired."""

import socket
import time
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.jobs.kills import unreadable_files

REFUSED = "amqp://guest@127.0.0.1:1//"


@pytest.fixture
def silent_broker():
    """The address of a broker that accepts a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"amqp://guest@127.0.0.1:{server.getsockname()[1]}//"


@contextmanager
def moved_away(folder: Path):
    """Make a folder unreachable for a while."""
    away = folder.with_name(f"{folder.name}.away")
    folder.rename(away)
    folder.write_text("not a folder")
    try:
        yield
    finally:
        folder.unlink()
        away.rename(folder)


def test_a_job_whose_message_was_lost_is_announced_again(sqlite_portal):
    portal = sqlite_portal
    portal.worker()
    elsewhere = portal.open_desk(CELERY_BROKER_URL="memory://")

    jobs = elsewhere.do("submit", count=2)
    rows = portal.wait_for(jobs, within_s=20)

    assert [row["state"] for row in rows] == ["succeeded", "succeeded"]


@pytest.mark.parametrize("broker", ["refused", "silent"])
def test_a_broker_that_is_away_holds_no_click_and_loses_no_job(sqlite_portal, silent_broker, broker):
    portal = sqlite_portal
    portal.worker()
    desk = portal.open_desk(CELERY_BROKER_URL=REFUSED if broker == "refused" else silent_broker)

    started = time.monotonic()
    jobs = desk.do("submit")
    took = time.monotonic() - started
    [row] = portal.wait_for(jobs, within_s=20)

    assert took < 3
    assert row["state"] == "succeeded"


def test_the_sweeper_goes_on_after_the_storage_was_away(sqlite_portal):
    portal = sqlite_portal
    portal.worker()
    elsewhere = portal.open_desk(CELERY_BROKER_URL="memory://")

    with moved_away(portal.data / "staging"):
        time.sleep(1.5)  # three rounds of the sweeper
    jobs = elsewhere.do("submit")
    [row] = portal.wait_for(jobs, within_s=20)

    assert row["state"] == "succeeded"


def test_a_broker_folder_that_cannot_be_written_loses_no_job(sqlite_portal):
    portal = sqlite_portal
    portal.stop_workers()

    with moved_away(portal.data / "broker" / "messages"):
        jobs = portal.do("submit")
    portal.worker()
    [row] = portal.wait_for(jobs, within_s=20)

    assert row["state"] == "succeeded"


def test_a_silent_broker_does_not_keep_the_sweeper_from_its_other_work(sqlite_portal, silent_broker):
    portal = sqlite_portal
    portal.stop_workers()
    jobs = portal.do("submit", count=5)
    for job in jobs:
        portal.do("forget_announcement", job=job)
    desk = portal.open_desk(CELERY_BROKER_URL=silent_broker)

    started = time.monotonic()
    desk.do("sweep")
    took = time.monotonic() - started

    assert took < 5
    for job in jobs:
        portal.do("cancel", job=job)


def test_folders_of_attempts_that_hold_no_job_are_removed_and_others_stay(sqlite_portal):
    portal = sqlite_portal
    portal.stop_workers()
    held, given_up = portal.do("submit", count=2)
    attempt = portal.do("claim", job=held)
    kept = portal.data / "staging" / held / str(attempt) / "files"
    unknown = str(uuid4())
    left = [
        portal.data / place / job / "1" for place in ("staging", "outputs") for job in (given_up, unknown)
    ]
    for folder in (kept, *left):
        folder.mkdir(parents=True)
        (folder / "integrate.nxs").write_bytes(b"half a file")
    foreign = portal.data / "staging" / "lost+found"
    foreign.mkdir()
    (foreign / "1").mkdir()

    portal.do("sweep")

    assert [folder for folder in left if folder.parent.exists()] == []
    assert (kept / "integrate.nxs").exists()
    assert foreign.exists()
    (foreign / "1").rmdir()
    foreign.rmdir()
    for job in (held, given_up):
        portal.do("cancel", job=job)
    portal.do("sweep")
    assert portal.staged() == []


def test_files_renamed_by_a_worker_that_died_before_the_commit_are_replaced_by_the_next_attempt(
    sqlite_portal,
):
    portal = sqlite_portal
    portal.stop_workers()
    [job] = portal.do("submit")
    dying = portal.open_desk()

    dying.begin("run_and_die_before_commit", job=job)
    exit_code = dying.process.wait(timeout=30)
    left = [folder.name for folder in portal.published(job)]
    portal.worker()
    [row] = portal.wait_for([job])
    clean = portal.is_clean()

    assert (exit_code, left) == (9, ["1"])
    assert clean
    assert (row["state"], row["output"]["attempt"]) == ("succeeded", 2)
    assert [folder.name for folder in portal.published(job)] == ["2"]
    assert unreadable_files(row["output"]) == []


def test_an_output_whose_commit_was_stored_but_not_confirmed_stays(portal):
    portal.stop_workers()
    [job] = portal.do("submit")

    portal.do("run_and_lose_the_answer_to_commit", job=job)
    was_staged = bool(portal.staged())
    portal.do("sweep")
    [row] = portal.do("jobs", ids=[job])

    assert was_staged
    assert portal.staged() == []
    assert (row["state"], row["attempt"]) == ("succeeded", 1)
    assert [str(folder) for folder in portal.published(job)] == [row["output"]["folder"]]
    assert unreadable_files(row["output"]) == []


def test_an_output_whose_commit_was_not_stored_is_removed_and_made_again(portal):
    portal.stop_workers()
    [job] = portal.do("submit")

    portal.do("run_and_lose_the_database_before_commit", job=job)
    [lost] = portal.do("jobs", ids=[job])
    left = [folder.name for folder in portal.published(job)]
    portal.worker()
    [row] = portal.wait_for([job])
    clean = portal.is_clean()

    assert (lost["state"], lost["output"], left) == ("running", None, ["1"])
    assert clean
    assert (row["state"], row["output"]["attempt"]) == ("succeeded", 2)
    assert [folder.name for folder in portal.published(job)] == ["2"]
