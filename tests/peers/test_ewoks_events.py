"""The event readers and handlers of ewoks judge our events, and its engine the order of them."""

import itertools
import os
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from workflows import run_graph
from workflows.events import EventStream
from workflows.events.ewoks_form import EWOKS_FIELDS
from workflows.events.execinfo import read_execinfo
from workflows.events.readers import read_events
from workflows.events.sqlite import SqliteHandler

pytest.importorskip("ewokscore", reason="the extra 'peers' is not installed")
pytest.importorskip("ewoksjob", reason="the extra 'peers' is not installed")

from ewokscore import events as ewoks_events
from ewokscore import execute_graph
from ewoksjob.events.readers import read_ewoks_events
from ewoksutils.event_utils import FIELD_TYPES

EWOKS_HANDLER = "ewokscore.events.handlers.Sqlite3EwoksEventHandler"

RUN = [
    {"context": "job", "type": "start"},
    {"context": "workflow", "type": "start", "label": "Integration"},
    {"context": "node", "type": "start", "node_id": ("sub", "a"), "label": "A", "task_identifier": "t.A"},
    {
        "context": "node",
        "type": "progress",
        "label": "A",
        "node_id": ("sub", "a"),
        "task_identifier": "t.A",
        "progress": 50.0,
    },
    {
        "context": "node",
        "type": "end",
        "node_id": ("sub", "a"),
        "label": "A",
        "task_identifier": "t.A",
        "state": "failed",
        "error_message": "it's null",
        "error_traceback": "Traceback ...",
    },
    {
        "context": "node",
        "type": "end",
        "node_id": "b",
        "label": "b",
        "task_identifier": "t.B",
        "state": "skipped",
    },
    {"context": "workflow", "type": "end", "state": "failed", "error_message": "it's null"},
    {"context": "job", "type": "end", "state": "failed", "error_message": "it's null"},
]


@pytest.fixture(autouse=True)
def _ewoks_is_tidied_up():
    yield
    ewoks_events.cleanup()


def emit_run(handlers, job_id):
    events = []
    with EventStream([events.append, *handlers], workflow_id="g", job_id=job_id, engine="local") as stream:
        for fields in RUN:
            stream.emit(**fields)
    return events


def send_with_ewoks(path, job_id):
    """Let ewoks write the start and the end of a workflow."""
    info = {"host_name": "h", "user_name": "u", "process_id": 1, "workflow_id": "g", "job_id": job_id}
    info["handlers"] = ewoks_handlers(path)
    for event in ("start", "end"):
        ewoks_events.send_workflow_event(execinfo=info, event=event)


def ewoks_handlers(path):
    arguments = [{"name": "uri", "value": f"file:{path}"}]
    return [{"class": EWOKS_HANDLER, "arguments": arguments, "asynchronous": False}]


def check_reader(reader, events):
    """Ask everything that a reader of ewoks can be asked; job ``a`` has the events, ``b`` the same number."""
    expected = [event.as_ewoks() for event in events]
    now = datetime.now(UTC).astimezone()
    minute = timedelta(minutes=1)

    assert list(reader.get_events(job_id="a")) == expected
    assert len(list(reader.wait_events(timeout=0))) == 2 * len(expected)
    assert [event["node_id"] for event in reader.get_events(job_id="a", type="end", context="node")] == [
        "sub:a",
        "b",
    ]
    assert [event["context"] for event in reader.get_events(job_id="a", error=True)] == [
        "node",
        "workflow",
        "job",
    ]
    assert [event["progress"] for event in reader.get_events(job_id="a", type="progress")] == [50]
    jobs = list(reader.get_full_job_events(context="job", type="end"))
    assert [(job[0]["job_id"], len(job)) for job in jobs] == [("a", len(expected)), ("b", len(expected))]
    assert len(list(reader.get_events(job_id="a", starttime=now - minute, endtime=now + minute))) == len(
        expected
    )
    assert list(reader.get_events(job_id="a", endtime=now - minute)) == []


def test_our_fields_are_those_of_ewoks():
    assert list(FIELD_TYPES) == list(EWOKS_FIELDS)


def test_the_sqlite_reader_of_ewoks_reads_our_database(tmp_path):
    path = tmp_path / "events.db"
    events = emit_run([SqliteHandler(path)], "a")
    emit_run([SqliteHandler(path)], "b")

    with read_ewoks_events(f"file:{path}") as reader:
        check_reader(reader, events)


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_ewoks_and_we_append_to_one_database(tmp_path, first):
    path = tmp_path / "events.db"
    if first == "theirs":
        send_with_ewoks(path, "theirs")

    events = emit_run([SqliteHandler(path)], "ours")
    send_with_ewoks(path, "theirs")
    emit_run([SqliteHandler(path)], "ours")

    n_theirs = 4 if first == "theirs" else 2
    with read_ewoks_events(f"file:{path}") as reader:
        assert len(list(reader.get_events(job_id="theirs"))) == n_theirs
        assert len(list(reader.get_events(job_id="ours"))) == 2 * len(events)
    theirs = list(read_events(path, job_id="theirs"))
    assert [event["number"] for event in theirs] == list(range(1, n_theirs + 1))
    assert [(event["type"], event["state"]) for event in theirs[:2]] == [
        ("start", None),
        ("end", "succeeded"),
    ]
    assert list(read_events(path, job_id="ours"))[: len(events)] == [event.as_dict() for event in events]


def addition(node_id, operation="operator.add", second=1):
    inputs = [{"name": 0, "value": 1}, {"name": 1, "value": second}]
    return {"id": node_id, "task_type": "method", "task_identifier": operation, "default_inputs": inputs}


def chain(*nodes):
    links = [
        {
            "source": source["id"],
            "target": target["id"],
            "data_mapping": [{"source_output": "return_value", "target_input": 0}],
        }
        for source, target in itertools.pairwise(nodes)
    ]
    return {"graph": {"id": "chain", "schema_version": "1.2"}, "nodes": list(nodes), "links": links}


@pytest.mark.parametrize(
    ("graph", "n_events"),
    [
        pytest.param(chain(addition("a"), addition("b"), addition("c")), 2 * 3 + 4, id="succeeds"),
        pytest.param(
            chain(addition("a"), addition("b", "operator.truediv", 0), addition("c")), 8, id="fails"
        ),
    ],
)
def test_a_run_has_the_events_that_ewoks_sends(tmp_path, graph, n_events):
    theirs, ours = tmp_path / "theirs.db", tmp_path / "ours.db"
    try:
        execute_graph(graph, execinfo={"job_id": "j", "handlers": ewoks_handlers(theirs)})
    except RuntimeError:
        assert n_events == 8
    job_id, handlers = read_execinfo({"job_id": "j", "handlers": ewoks_handlers(ours)}, allow_imports=False)

    run_graph(graph, events=handlers, execinfo=job_id)

    def read(path):
        names = "job_id", "context", "type", "workflow_id", "node_id", "task_id", "error"
        with read_ewoks_events(f"file:{path}") as reader:
            return [{name: event[name] for name in names} for event in reader.get_events()]

    assert len(read(theirs)) == n_events
    assert read(ours) == read(theirs)


@pytest.fixture
def redis_url(tmp_path):
    missing = [name for name in ("redis-server",) if shutil.which(name) is None]
    try:
        import redis
    except ImportError:
        missing.append("the package redis")
    if missing:
        assert not os.environ.get("CI"), f"not installed: {missing}"
        pytest.skip(f"not installed: {', '.join(missing)}")
    socket = tmp_path / "redis.sock"
    command = [
        "redis-server",
        "--port",
        "0",
        "--unixsocket",
        str(socket),
        "--save",
        "",
        "--dir",
        str(tmp_path),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            with redis.Redis(unix_socket_path=str(socket)) as client:
                for _ in range(200):
                    try:
                        client.ping()
                    except redis.ConnectionError:
                        time.sleep(0.05)
                    else:
                        break
                else:
                    pytest.fail("redis-server does not answer")
            yield f"unix://{socket}"
        finally:
            server.terminate()


def redis_handlers(url, **arguments):
    described = [{"name": name, "value": value} for name, value in {"url": url, **arguments}.items()]
    return [{"class": "ewoksjob.events.handlers.RedisEwoksEventHandler", "arguments": described}]


def test_the_redis_reader_of_ewoks_reads_our_events(redis_url):
    from workflows.events.redis import RedisHandler

    events = emit_run([RedisHandler(redis_url)], "a")
    emit_run([RedisHandler(redis_url)], "b")

    with read_ewoks_events(redis_url) as reader:
        check_reader(reader, events)
        reader._proxy.close()


def test_events_in_redis_expire_where_that_is_asked_for(redis_url):
    import redis

    _, handlers = read_execinfo({"handlers": redis_handlers(redis_url, ttl=1000)}, allow_imports=False)
    emit_run(handlers, "a")

    with redis.Redis.from_url(redis_url) as client:
        keys = list(client.scan_iter("ewoks:a:*"))
        assert len(keys) == len(RUN) - 1  # ewoks sends nothing of a node that is skipped
        assert all(0 < client.ttl(key) <= 1000 for key in keys)
        assert client.get("ewoks_events_count") == str(len(keys)).encode()


def test_events_wait_for_a_redis_server_that_is_away(redis_url, caplog):
    from workflows.events.redis import RedisHandler

    handler = RedisHandler(f"{redis_url}.away")
    events = emit_run([handler.__call__], "a")  # so the stream does not close it
    assert len(caplog.records) == 1
    socket = redis_url.removeprefix("unix://")
    Path(f"{socket}.away").symlink_to(socket)

    handler.close()

    with read_ewoks_events(redis_url) as reader:
        assert list(reader.get_events(job_id="a")) == [event.as_ewoks() for event in events]
        reader._proxy.close()
