import getpass
import os
import socket
from datetime import datetime

from event_samples import JOB_ID, URIS, emit_all

EWOKS_FIELDS = [
    "host_name",
    "process_id",
    "user_name",
    "job_id",
    "engine",
    "context",
    "workflow_id",
    "type",
    "time",
    "error",
    "error_message",
    "error_traceback",
    "node_id",
    "task_id",
    "progress",
    "task_uri",
    "input_uris",
    "output_uris",
]


def forms():
    events = emit_all([])
    return [event.as_ewoks() for event in events], events


def test_an_event_has_the_eighteen_fields_of_ewoks():
    for form in forms()[0]:
        assert list(form) == EWOKS_FIELDS
        assert (form["host_name"], form["process_id"]) == (socket.gethostname(), os.getpid())
        assert (form["user_name"], form["job_id"], form["engine"]) == (getpass.getuser(), JOB_ID, "local")


def test_the_time_is_that_of_the_event_in_the_local_zone():
    for form, event in zip(*forms(), strict=True):
        time = datetime.fromisoformat(form["time"])
        assert time == event.time
        assert time.utcoffset() == event.time.astimezone().utcoffset()


def test_events_of_the_job_have_no_workflow():
    assert [form["workflow_id"] for form in forms()[0]] == [None, *["azint"] * 9, None]


def test_a_node_of_a_sub_graph_is_named_by_its_path():
    nodes = [form["node_id"] for form in forms()[0] if form["context"] == "node"]

    assert nodes == [*["integrate"] * 3, *["sub:deep:fit"] * 2, "report", "plot"]


def test_the_end_alone_tells_whether_there_was_an_error():
    errors = [(form["type"], form["error"], form["error_message"]) for form in forms()[0]]

    assert errors == [
        ("start", None, None),
        ("start", None, None),
        ("start", None, None),
        ("progress", None, None),
        ("end", False, None),
        ("start", None, None),
        ("end", True, 'no peak, it\'s "flat"\n'),
        ("end", False, "skipped"),
        ("end", True, "cancelled"),
        ("end", True, "node 'fit' failed"),
        ("end", True, "node 'fit' failed"),
    ]


def test_an_error_always_has_a_message_and_a_traceback():
    end = {"context": "workflow", "type": "end", "state": "failed"}

    form = emit_all([], [end])[0].as_ewoks()

    assert (form["error"], form["error_message"], form["error_traceback"]) == (True, "", "")


def test_uris_are_in_the_start_of_nodes_only():
    pairs = [(form["input_uris"], form["output_uris"]) for form in forms()[0]]

    given = (URIS, [{"name": "pattern", "value": None}])
    assert pairs == [(None, None)] * 2 + [given] + [(None, None)] * 2 + [([], [])] + [(None, None)] * 5
