import logging
import threading

import pytest
from event_samples import TELLING_EVENTS, emit_all

from workflows.events import EventStream


def test_events_are_numbered_from_one_without_gaps_and_in_order_whatever_thread_they_come_from():
    events = []
    stream = EventStream([events.append], workflow_id="sample")
    together = threading.Barrier(4)

    def work(name):
        together.wait(timeout=20)
        for percent in range(50):
            stream.emit(context="node", type="progress", node_id=name, progress=float(percent))

    threads = [threading.Thread(target=work, args=(f"n{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [event.number for event in events] == list(range(1, 201))
    assert [event.time for event in events] == sorted(event.time for event in events)
    for i in range(4):
        assert [event.progress for event in events if event.node_id == f"n{i}"] == list(range(50))


def test_a_stream_without_handlers_is_not_active():
    assert not EventStream([], workflow_id="sample").active
    assert EventStream([print], workflow_id="sample").active


def test_every_handler_sees_the_events_in_the_same_order_even_if_one_emits_more():
    first, second = [], []
    stream = EventStream([], workflow_id="sample")

    def echo(event):
        first.append(event.number)
        if event.type == "start":
            stream.emit(context="workflow", type="progress")

    stream = EventStream([echo, lambda event: second.append(event.number)], workflow_id="sample")
    stream.emit(context="workflow", type="start")

    assert first == second == [1, 2]


def test_only_nodes_that_end_without_a_start_are_marked_so():
    events = emit_all([])

    assert [event.node_id for event in events if event.never_started] == ["report", "plot"]


def test_a_node_that_runs_twice_has_started_each_time():
    turn = [{"context": "node", "type": kind, "node_id": "loop"} for kind in ("start", "end")]

    events = emit_all([], turn * 2 + turn[1:])

    assert [event.never_started for event in events] == [False, False, False, False, True]


class Recorder:
    def __init__(self):
        self.calls = []

    def __call__(self, event):
        self.calls.append(event.type)

    def flush(self):
        self.calls.append("flush")
        raise OSError("disk full")

    def close(self):
        self.calls.append("close")


def test_the_end_of_the_stream_flushes_and_closes_every_handler_and_takes_no_more_events(caplog):
    first, second = Recorder(), Recorder()

    with caplog.at_level(logging.ERROR), EventStream([first, print, second], workflow_id="s") as stream:
        stream.emit(context="workflow", type="start")
    stream.emit(context="workflow", type="end")

    assert first.calls == second.calls == ["start", "flush", "close"]
    assert not stream.active
    assert len(caplog.records) == 2


def test_an_interrupted_handler_loses_no_event():
    seen = []

    def interrupt(event):
        if event.number == 1:
            raise KeyboardInterrupt

    stream = EventStream([seen.append, interrupt], workflow_id="sample")
    with pytest.raises(KeyboardInterrupt):
        stream.emit(context="workflow", type="start")
    stream.emit(context="workflow", type="end")

    assert [event.number for event in seen] == [1, 2]


def test_the_json_form_has_every_field_that_was_emitted():
    events = emit_all([])

    for event, fields in zip(events, TELLING_EVENTS, strict=True):
        written = event.as_dict()
        node_id = ["sub", ["deep", "fit"]] if fields.get("node_id") == ("sub", ("deep", "fit")) else None
        assert written.items() >= (fields | ({"node_id": node_id} if node_id else {})).items()
