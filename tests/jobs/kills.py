"""Killing workers while jobs run, and counting what is wrong afterwards."""

import hashlib
import json
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import h5py

__all__ = ["Toll", "kill_workers"]

# A job that is open for so long after the last kill is stuck.
_END_WITHIN_S = 120


@dataclass
class Toll:
    """What kills have cost.

    ``interrupted`` is the number of attempts that a kill has ended, ``recovery_s`` the longest time from
    a kill to the moment when the job was queued again, the start of the next worker included.
    """

    jobs: int
    kills: int
    interrupted: int = 0
    lost: list = field(default_factory=list)
    stuck: list = field(default_factory=list)
    doubled: list = field(default_factory=list)
    unreadable: list = field(default_factory=list)
    survivors: list = field(default_factory=list)
    leftovers: list = field(default_factory=list)
    recovery_s: float = 0.0

    @property
    def is_none(self):
        """Whether nothing is wrong."""
        faults = (self.lost, self.stuck, self.doubled, self.unreadable, self.survivors, self.leftovers)
        return not any(faults)


def kill_workers(portal, *, jobs, kills, seed, seconds=0.3):
    """Submit jobs, and so many times kill -9 the one worker and start another; return what it has cost.

    A kill comes at a random moment after a run has begun, so that most of them hit one. Each job waits
    for so many seconds before it computes.
    """
    moments = random.Random(seed)
    ids = portal.do("submit", count=jobs, seconds=seconds)
    toll = Toll(jobs, kills)
    killed_at = []
    worker = portal.start_worker(REPRISE_MAX_ATTEMPTS="10")
    for _ in range(kills):
        worker.wait_for_run()
        time.sleep(moments.uniform(0, 3 * seconds))
        toll.survivors += worker.kill()
        killed_at.append(time.time())
        worker = portal.start_worker(REPRISE_MAX_ATTEMPTS="10")
    rows = _when_all_ended(portal, ids)
    portal.is_clean()  # or it is not: then it is counted
    worker.kill()
    _count(toll, portal, rows, killed_at)
    return toll


def _when_all_ended(portal, ids):
    deadline = time.monotonic() + _END_WITHIN_S
    while True:
        rows = portal.do("jobs", ids=ids)
        if time.monotonic() > deadline or all(row["state"] not in ("queued", "running") for row in rows):
            return rows
        time.sleep(0.2)


def _count(toll, portal, rows, killed_at):
    for row in rows:
        job = row["id"]
        if row["state"] in ("queued", "running"):
            toll.stuck.append(job)
        elif row["state"] != "succeeded" or not row["output"]:
            toll.lost.append((job, row["state"], row["message"]))
        else:
            if not _is_published_once(portal, row):
                toll.doubled.append(job)
            toll.unreadable += unreadable_files(row["output"])
    toll.leftovers = [str(path) for path in portal.staged()]
    pauses = [pause for row in rows for pause in _recoveries(row["events"], killed_at)]
    toll.interrupted = len(pauses)
    toll.recovery_s = max(pauses, default=0.0)


def _is_published_once(portal, row):
    ends = [event for event in row["events"] if event["kind"] == "succeeded"]
    folders = [str(folder) for folder in portal.published(row["id"])]
    return len(ends) == 1 and folders == [row["output"]["folder"]]


def unreadable_files(output):
    """Return the files of an output that cannot be read, or are not what rows and manifest say."""
    folder = Path(output["folder"])
    manifest = json.loads((folder / "manifest.json").read_text())
    told = {file["name"]: file for file in output["files"]}
    wrong = []
    for file in manifest["files"]:
        content = (folder / file["name"]).read_bytes()
        is_true = hashlib.sha256(content).hexdigest() == file["sha256"] and told.get(file["name"]) == file
        if not is_true or (file["name"].endswith(".nxs") and not _has_pattern(folder / file["name"])):
            wrong.append(str(folder / file["name"]))
    return wrong


def _has_pattern(path):
    try:
        with h5py.File(path, "r") as file:
            return bool((file["entry/data/I"][()] > 0).any()) and file["entry/data/radial_axis"].size > 0
    except (OSError, KeyError):
        return False


def _recoveries(events, killed_at):
    """Yield how long after a kill each interrupted attempt's job was queued again; s."""
    starts = {event["attempt"]: event["at"] for event in events if event["kind"] == "started"}
    for event in events:
        if event["kind"] == "retry":
            yield event["at"] - min(kill for kill in killed_at if kill > starts[event["attempt"]])
