import json
import logging
import os
import socket
from datetime import timedelta

import pytest
from workflow_samples import Add, Fail, Halfway, diamond, graph, link, node

from workflows import CancelToken, run_graph


def brief(events):
    """Return what happened to the workflow and to its nodes."""
    return [
        (event.context, event.type, event.node_id, event.state) for event in events if event.context != "job"
    ]


def test_events_come_in_order():
    events = []
    document = graph([node("half", Halfway), node("bad", Fail), node("after", Add)])
    document["links"] = [link("half", "bad"), link("bad", "after", {"total": "a"})]

    run_graph(document, events=[events.append])

    assert brief(events) == [
        ("workflow", "start", None, None),
        ("node", "start", "half", None),
        ("node", "progress", "half", None),
        ("node", "progress", "half", None),
        ("node", "end", "half", "succeeded"),
        ("node", "start", "bad", None),
        ("node", "end", "bad", "failed"),
        ("node", "end", "after", "skipped"),
        ("workflow", "end", None, "failed"),
    ]
    assert [event.progress for event in events if event.type == "progress"] == [50.0, 100.0]


def test_the_end_of_a_failure_tells_code_and_message():
    events = []

    run_graph(graph([node("bad", Fail, label="Bad one")]), events=[events.append])

    ends = [event for event in events if event.type == "end"]
    for event in ends:
        assert event.error_code == "task_failed"
        assert event.error_message == "node 'bad' (Fail) failed: ValueError: the detector is upside down"
    assert (ends[0].label, ends[0].task_identifier) == ("Bad one", "workflow_samples.Fail")


def test_times_are_aware_and_never_go_back():
    events = []

    run_graph(diamond(), events=[events.append], max_workers=4)

    times = [event.time for event in events]
    assert times == sorted(times)
    assert all(each.utcoffset() == timedelta(0) for each in times)


def test_an_event_is_json():
    events = []

    run_graph(graph([node(["sub", "a"], Fail)]), events=[events.append])
    start = next(event for event in events if event.context == "node")
    written = json.loads(json.dumps(start.as_dict()))

    told = {
        "context": "node",
        "type": "start",
        "time": start.time.isoformat(),
        "workflow_id": "sample",
        "node_id": ["sub", "a"],
        "label": "sub:a",
        "task_identifier": "workflow_samples.Fail",
        "host_name": socket.gethostname(),
        "process_id": os.getpid(),
        "number": events.index(start) + 1,
    }
    untold = {"progress", "state", "error_code", "error_message", "error_traceback"}
    assert written.items() >= told.items()
    assert {name for name in untold if written[name] is not None} == set()


@pytest.mark.parametrize("workers", [1, 3])
def test_a_handler_that_fails_disturbs_neither_the_run_nor_other_handlers(caplog, workers):
    events = []

    def fail(event):
        raise RuntimeError("no disk")

    with caplog.at_level(logging.ERROR):
        result = run_graph(diamond(), events=[fail, events.append], max_workers=workers)

    assert result.state == "succeeded"
    assert len(brief(events)) == 10
    assert len(caplog.records) == len(events)


def test_each_node_starts_after_those_it_needs_have_ended():
    events = []

    run_graph(diamond(), events=[events.append], max_workers=4)

    order = [(event.node_id, event.type) for event in events]
    assert order.index(("left", "start")) > order.index(("top", "end"))
    assert order.index(("bottom", "start")) > order.index(("left", "end"))
    assert order.index(("bottom", "start")) > order.index(("right", "end"))


def test_cancelled_nodes_end_without_a_start():
    events = []
    token = CancelToken()
    token.cancel()

    run_graph(graph([node("a", Halfway)]), events=[events.append], cancel=token)

    assert brief(events)[1:] == [("node", "end", "a", "cancelled"), ("workflow", "end", None, "cancelled")]
    assert [event.never_started for event in events if event.context == "node"] == [True]
    assert events[-1].error_code == "cancelled"


def test_a_handler_may_cancel_the_run():
    token = CancelToken()

    result = run_graph(
        diamond(), cancel=token, events=[lambda event: token.cancel() if event.node_id == "left" else None]
    )

    assert str(result.nodes["left"].state) == "cancelled"
    assert result.state == "cancelled"


def test_events_can_be_switched_off():
    events = []

    run_graph(diamond(), events=[events.append], execinfo=False)

    assert events == []
