import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from event_samples import JOB_ID, emit_all, emit_nodes

from workflows.errors import InputError
from workflows.events import EventStream
from workflows.events.files import JsonLinesHandler
from workflows.events.readers import follow_events, read_events
from workflows.events.sources import ROWS_OF_JOB
from workflows.events.sqlite import SqliteHandler

STORES = [pytest.param(JsonLinesHandler, id="jsonl"), pytest.param(SqliteHandler, id="sqlite")]

EMITTER = """
import sys
from workflows.events import EventStream
from workflows.events.files import JsonLinesHandler
from workflows.events.sqlite import SqliteHandler

kind, path, job_id, count = sys.argv[1:]
stream = EventStream([globals()[kind](path)], workflow_id="sample", job_id=job_id)
for number in range(1, int(count) + 1):
    stream.emit(context="node", type="start", node_id="n", label="A label", task_identifier="t" * 50)
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
stream.close()
"""


def start_emitter(kind, path, job_id, count):
    return subprocess.Popen(
        [sys.executable, "-c", EMITTER, kind.__name__, str(path), job_id, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def numbers(path, **filters):
    return [event["number"] for event in read_events(path, **filters)]


@pytest.mark.parametrize("store", STORES)
def test_what_is_read_back_is_what_was_emitted(tmp_path, store):
    path = tmp_path / "new folder" / "events"

    events = emit_all([store(path)])

    assert list(read_events(path)) == [event.as_dict() for event in events]


@pytest.mark.parametrize("store", STORES)
def test_a_text_that_is_not_unicode_is_stored_all_the_same(tmp_path, store):
    path = tmp_path / "events"
    message = "no file " + os.fsdecode(b"image\xff.h5")
    end = {"context": "node", "type": "end", "node_id": "n", "state": "failed", "error_message": message}

    emit_all([store(path)], [end])

    (event,) = read_events(path)
    assert event["error_message"] in {message, "no file image\\udcff.h5"}


@pytest.mark.parametrize("store", STORES)
def test_events_are_found_by_their_fields(tmp_path, store):
    path = tmp_path / "events"
    emit_all([store(path)])
    emit_nodes([store(path)], 2, job_id="other")

    assert numbers(path, job_id="other") == [1, 2]
    assert numbers(path, job_id=JOB_ID, context="node", type="start") == [3, 6]
    assert numbers(path, node_id=("sub", ("deep", "fit"))) == numbers(path, label="Fit the peaks") == [6, 7]
    assert numbers(path, state="skipped") == [8]
    assert numbers(path, job_id="none such") == []


@pytest.mark.parametrize("store", STORES)
def test_reading_goes_on_after_a_number(tmp_path, store):
    path = tmp_path / "events"
    emit_nodes([store(path)], 5, job_id="other")
    emit_nodes([store(path)], 5)

    assert numbers(path, job_id=JOB_ID, since=3) == [4, 5]
    assert numbers(path, job_id=JOB_ID, since=5) == []


@pytest.mark.parametrize("store", STORES)
def test_a_second_attempt_of_a_job_counts_on(tmp_path, store):
    path = tmp_path / "events"
    for _ in range(2):
        emit_nodes([store(path)], 2)

    assert numbers(path, job_id=JOB_ID) == [1, 2, 3, 4]


@pytest.mark.parametrize("store", STORES)
def test_a_run_is_followed_until_it_is_to_stop(tmp_path, store):
    path = tmp_path / "events"
    seen = []
    stop = threading.Event()
    events = follow_events(path, stop=stop.is_set, interval_s=0.001, job_id=JOB_ID)
    thread = threading.Thread(target=lambda: seen.extend(event["node_id"] for event in events))
    thread.start()

    handler = store(path)
    for _ in range(3):
        emit_nodes([handler], 40)
    stop.set()
    thread.join()

    assert seen == [f"n{i}" for i in range(40)] * 3


@pytest.mark.parametrize("store", STORES)
def test_a_handler_may_be_shared_by_threads_and_used_again_after_it_was_closed(tmp_path, store):
    path = tmp_path / "events"
    handler = store(path)

    threads = [
        threading.Thread(target=emit_nodes, args=([handler], 100), kwargs={"job_id": str(i)})
        for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for i in range(4):
        names = [event["node_id"] for event in read_events(path, job_id=str(i))]
        assert names == [f"n{number}" for number in range(100)]


@pytest.mark.parametrize("store", STORES)
def test_a_killed_process_loses_no_event(tmp_path, store):
    path = tmp_path / "events"

    with start_emitter(store, path, "killed", 10**9) as process:
        told = [int(process.stdout.readline()) for _ in range(200)]
        os.kill(process.pid, signal.SIGKILL)
        told += [int(line) for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]

    stored = numbers(path, job_id="killed")
    assert len(told) >= 200
    assert stored[: len(told)] == told
    assert len(stored) - len(told) in {0, 1}  # at most one that it had no time to tell


@pytest.mark.parametrize("store", STORES)
def test_processes_that_write_to_one_file_lose_nothing(tmp_path, store):
    path = tmp_path / "events"

    processes = [start_emitter(store, path, str(i), 500) for i in range(2)]
    for process in processes:
        with process:
            process.communicate(timeout=120)
        assert process.returncode == 0

    assert [numbers(path, job_id=str(i)) for i in range(2)] == [list(range(1, 501))] * 2


def test_a_line_that_was_cut_by_a_power_failure_harms_no_other(tmp_path, caplog):
    path = tmp_path / "events.jsonl"
    emit_nodes([JsonLinesHandler(path)], 1)
    with path.open("ab") as file:
        file.write(b'{"context": "no')
    emit_nodes([JsonLinesHandler(path)], 1)

    assert [event["node_id"] for event in read_events(path)] == ["n0", "n0"]
    assert len(caplog.records) == 1


def test_a_line_that_is_being_written_is_read_when_it_is_complete(tmp_path):
    path = tmp_path / "events.jsonl"
    line = json.dumps({"context": "job", "type": "start", "job_id": "a"}).encode() + b"\n"
    path.write_bytes(line + line[:20])
    rounds = iter([False, False, True])

    events = follow_events(path, stop=lambda: next(rounds), interval_s=0)
    first = next(events)
    with path.open("ab") as file:
        file.write(line[20:])

    assert [first["number"], *(event["number"] for event in events)] == [1, 2]


def test_the_table_has_the_columns_of_ewoks_and_jobs_are_found_by_an_index(tmp_path):
    path = tmp_path / "events.db"
    emit_all([SqliteHandler(path)])

    with closing(sqlite3.connect(path)) as connection:
        columns = [row[1:3] for row in connection.execute("PRAGMA table_info(ewoks_events)")]
        plan = connection.execute(f"EXPLAIN QUERY PLAN {ROWS_OF_JOB}", ("x",)).fetchall()

    assert columns == [
        ("host_name", "TEXT"),
        ("process_id", "INTEGER"),
        ("user_name", "TEXT"),
        ("job_id", "TEXT"),
        ("engine", "TEXT"),
        ("context", "TEXT"),
        ("workflow_id", "TEXT"),
        ("type", "TEXT"),
        ("time", "TEXT"),
        ("error", "INTEGER"),
        ("error_message", "TEXT"),
        ("error_traceback", "TEXT"),
        ("node_id", "TEXT"),
        ("task_id", "TEXT"),
        ("progress", "INTEGER"),
        ("task_uri", "TEXT"),
        ("input_uris", "BLOB"),
        ("output_uris", "BLOB"),
    ]
    assert "USING INDEX ewoks_events_jobs" in plan[0][3]


def test_the_events_of_a_job_are_found_among_those_of_others_that_run_at_the_same_time(tmp_path):
    path = tmp_path / "events.db"
    handler = SqliteHandler(path)
    streams = [EventStream([handler], workflow_id="w", job_id=job_id) for job_id in ("early", "job", "job")]
    for i in range(3):
        for stream in streams:
            stream.emit(context="job", type="start")
            stream.emit(context="node", type="start", node_id=f"n{i}", label=f"n{i}")
            stream.emit(context="node", type="end", node_id=f"n{i}", label=f"n{i}", state="succeeded")
        if i != 1:
            for stream in reversed(streams):
                stream.emit(context="job", type="end", state="succeeded")
    handler.close()

    events = list(read_events(path, job_id="job"))

    assert [event["context"] for event in events].count("job") == 10
    assert [event["node_id"] for event in events if event["type"] == "start" and event["node_id"]] == [
        "n0", "n0", "n1", "n1", "n2", "n2"
    ]  # fmt: skip
    assert list(read_events(path, job_id="job", since=15)) == events[15:]


def test_what_an_attempt_says_after_the_end_of_another_is_found(tmp_path):
    path = tmp_path / "events.db"
    handler = SqliteHandler(path)
    first, second = (EventStream([handler], workflow_id="w", job_id="job") for _ in range(2))
    for stream in (first, second):
        stream.emit(context="job", type="start")
    first.emit(context="job", type="end", state="succeeded")
    second.emit(context="node", type="start", node_id="late", label="late")
    handler.close()

    assert [event["node_id"] for event in read_events(path, job_id="job")] == [None, None, None, "late"]


def test_a_job_that_was_deleted_leaves_nothing_behind(tmp_path):
    path = tmp_path / "events.db"
    emit_all([SqliteHandler(path)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM ewoks_events")

    events = emit_nodes([SqliteHandler(path)], 15)

    assert list(read_events(path)) == [event.as_dict() for event in events]


def test_compacting_a_database_keeps_each_event_whole(tmp_path):
    path = tmp_path / "events.db"
    emit_nodes([SqliteHandler(path)], 10, job_id="deleted")
    events = emit_all([SqliteHandler(path)])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM ewoks_events WHERE job_id = 'deleted'")
        connection.execute("VACUUM")

    assert list(read_events(path)) == [event.as_dict() for event in events]


def test_nodes_that_never_start_can_be_left_out_as_ewoks_does(tmp_path):
    path = tmp_path / "events.db"

    events = emit_all([SqliteHandler(path, with_never_started=False)])

    names = [event["node_id"] for event in read_events(path)]
    assert len(events) - len(names) == 2
    assert not {"report", "plot"} & {name for name in names if isinstance(name, str)}


def test_a_path_may_be_a_uri(tmp_path):
    emit_nodes([SqliteHandler(f"file:{tmp_path}/a%20b/events.db")], 1)

    assert numbers(tmp_path / "a b" / "events.db") == [1]


def test_an_event_that_cannot_be_stored_does_not_disturb_the_next(tmp_path, caplog):
    path = tmp_path / "events.db"
    bad = {"context": "node", "type": "start", "node_id": "n", "label": "x", "progress": 10**30}

    emit_all([SqliteHandler(path)], [bad, {"context": "job", "type": "end", "state": "succeeded"}])

    assert [event["context"] for event in read_events(path)] == ["job"]
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"colour": "red"}, "no field 'colour'"),
        ({"since": 3}, "give its job_id"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path, filters, sentence):
    path = tmp_path / "events"
    emit_nodes([JsonLinesHandler(path)], 1)

    with pytest.raises(InputError, match=sentence):
        read_events(path, **filters)
    with pytest.raises(InputError, match=sentence):
        follow_events(path, stop=lambda: True, **filters)


def test_a_missing_or_damaged_file_is_refused(tmp_path):
    path = tmp_path / "events.db"
    with pytest.raises(InputError, match="there is no file"):
        read_events(path)

    path.write_bytes(b"SQLite format 3\x00" + bytes(range(256)) * 8)
    with pytest.raises(InputError, match="not a database of events"):
        list(read_events(path))
