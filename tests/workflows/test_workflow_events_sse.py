import json
import threading

import pytest
from event_samples import emit_all, emit_nodes

from workflows.events import EventStream
from workflows.events.sse import ServerSentEvents


def parse(blocks):
    """Read server-sent events by the rules of the HTML standard."""
    events = []
    for block in blocks:
        assert block.endswith("\n\n")
        lines = [line.partition(": ") for line in block.splitlines() if line and not line.startswith(":")]
        if lines:
            events.append({name: value for name, _, value in lines})
    return events


def ids(blocks):
    return [event.get("id") for event in parse(blocks)]


def test_a_browser_reads_each_event_with_its_number_and_context():
    buffer = ServerSentEvents()
    events = emit_all([buffer])

    read = parse(buffer.stream())

    assert [event["id"] for event in read] == [str(number) for number in range(1, len(events) + 1)]
    assert [event["event"] for event in read] == [event.context for event in events]
    assert [json.loads(event["data"]) for event in read] == [
        json.loads(json.dumps(event.as_dict())) for event in events
    ]


def test_a_browser_that_comes_back_reads_on():
    buffer = ServerSentEvents()
    emit_nodes([buffer], 5)

    assert ids(buffer.stream("3")) == ["4", "5"]
    assert ids(buffer.stream("5")) == []


@pytest.mark.parametrize("header", ["", "-1", "x", "9" * 5000, "²", "6", "3\n4"])
def test_an_id_that_is_not_of_this_run_counts_as_none(header):
    buffer = ServerSentEvents()
    emit_nodes([buffer], 5)

    assert ids(buffer.stream(header)) == ["1", "2", "3", "4", "5"]


def test_a_reader_is_told_what_it_misses():
    buffer = ServerSentEvents(size=2)
    emit_nodes([buffer], 5)

    lost, *rest = parse(buffer.stream("1"))

    assert lost == {"event": "lost", "data": '{"first": 2, "last": 3}'}
    assert [event["id"] for event in rest] == ["4", "5"]


def test_readers_get_events_as_they_come_and_end_with_the_run():
    buffer = ServerSentEvents()
    read = {}
    threads = [
        threading.Thread(target=lambda i=i: read.update({i: ids(buffer.stream(heartbeat_s=20))}))
        for i in range(3)
    ]
    for thread in threads:
        thread.start()

    emit_nodes([buffer], 100)
    for thread in threads:
        thread.join(timeout=60)

    assert list(read.values()) == [[str(number) for number in range(1, 101)]] * 3


def test_a_reader_that_waits_gets_comments():
    buffer = ServerSentEvents()
    stream = EventStream([buffer], workflow_id="sample")
    blocks = buffer.stream(heartbeat_s=0.001)

    first = next(blocks)
    stream.emit(context="workflow", type="start")
    news = next(block for block in blocks if not block.startswith(":"))

    assert first.startswith(":")
    assert ids([news]) == ["1"]
