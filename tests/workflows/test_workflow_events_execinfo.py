import logging
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from event_samples import emit_all

from workflows.errors import InputError, PolicyError, UnsupportedError
from workflows.events.execinfo import read_execinfo
from workflows.events.logging_handlers import LoggingAdapter
from workflows.events.readers import read_events

SQLITE_NAMES = [
    "ewokscore.events.handlers.Sqlite3EwoksEventHandler",
    "ewokscore.events.handlers.sqlite3.Sqlite3EwoksEventHandler",
    "ewoksjob.events.handlers.Sqlite3EwoksEventHandler",
]


class Keeper(logging.Handler):
    def __init__(self, level=0):
        super().__init__(level)
        self.records = []

    def emit(self, record):
        self.records.append(record)


class Plain:
    def __call__(self, event):
        pass


def handler(name, **arguments):
    return {"class": name, "arguments": [{"name": key, "value": value} for key, value in arguments.items()]}


@pytest.mark.parametrize("execinfo", [None, True, {}, {"job_id": None, "handlers": None}])
def test_a_job_without_an_id_gets_a_new_one(execinfo):
    (first, handlers), (second, _) = (read_execinfo(execinfo, allow_imports=False) for _ in range(2))

    assert handlers == []
    assert first != second
    assert UUID(first).version == 4


def test_false_means_no_events_at_all():
    execinfo = False

    assert read_execinfo(execinfo, allow_imports=False)[1] is None


def test_a_job_id_is_taken_as_given():
    uuid = uuid4()

    assert read_execinfo("scan 12", allow_imports=False) == ("scan 12", [])
    assert read_execinfo({"job_id": uuid}, allow_imports=False) == (str(uuid), [])


@pytest.mark.parametrize("name", SQLITE_NAMES)
def test_the_sqlite_handler_of_ewoks_is_ours_and_leaves_out_what_ewoks_does_not_send(tmp_path, name):
    path = tmp_path / "events.db"
    described = {"job_id": "j", "handlers": [handler(name, uri=f"file:{path}") | {"asynchronous": True}]}

    job_id, handlers = read_execinfo(described, allow_imports=False)
    events = emit_all(handlers, job_id=job_id)

    stored = list(read_events(path, job_id="j"))
    assert len(stored) == len(events) - 2
    assert not {"skipped", "cancelled"} & {event["state"] for event in stored}


def test_known_handlers_import_nothing_of_ewoks_or_redis():
    code = f"""
import sys
from workflows.events.execinfo import read_execinfo
read_execinfo({{"handlers": [{handler(SQLITE_NAMES[0], uri="x.db")!r}]}}, allow_imports=False)
print([name for name in sys.modules if name.startswith("ewoks") or name == "redis"])
"""

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "name", ["subprocess.Popen", "logging.StreamHandler", "ewokscore.events.handlers.os"]
)
def test_other_classes_are_refused_unless_imports_are_allowed(name):
    with pytest.raises(PolicyError, match=r"is not allowed here"):
        read_execinfo({"handlers": [handler(name, args="true")]}, allow_imports=False)


def test_a_log_handler_gets_records_with_the_fields_of_ewoks():
    name = f"{__name__}.Keeper"

    _, handlers = read_execinfo({"handlers": [handler(name)]}, allow_imports=True)
    events = emit_all(handlers)

    records = handlers[0]._handler.records
    expected = [event.as_ewoks() for event in events if not event.never_started]
    assert [{name: getattr(record, name) for name in expected[0]} for record in records] == expected
    assert [record.levelno for record in records if record.type == "end"] == [logging.INFO] + [
        logging.ERROR
    ] * 3


def test_a_log_handler_gets_records_of_its_level_only():
    _, handlers = read_execinfo(
        {"handlers": [handler(f"{__name__}.Keeper", level=logging.ERROR)]}, allow_imports=True
    )
    emit_all(handlers)

    assert {record.error for record in handlers[0]._handler.records} == {True}


@pytest.mark.parametrize("where", ["handler", "execinfo"])
def test_an_asynchronous_log_handler_has_everything_when_the_stream_is_closed(where):
    described = handler(f"{__name__}.Keeper") | ({"asynchronous": True} if where == "handler" else {})

    _, handlers = read_execinfo(
        {"handlers": [described], "asynchronous": where == "execinfo"}, allow_imports=True
    )
    events = emit_all(handlers)

    records = handlers[0]._handler.records
    assert [record.time for record in records] == [
        event.as_ewoks()["time"] for event in events if not event.never_started
    ]
    assert {record.threadName for record in records} == {"MainThread"}  # where the event was, not the writing


def test_any_callable_is_a_handler():
    _, handlers = read_execinfo({"handlers": [handler(f"{__name__}.Plain")]}, allow_imports=True)

    assert type(handlers[0]).__name__ == "Plain"
    assert not isinstance(handlers[0], LoggingAdapter)


@pytest.mark.parametrize(
    "execinfo",
    [
        3,
        ["j"],
        "",
        "x" * 256,
        {"job_id": 3},
        {"handlers": "x"},
        {"handlers": ["x"]},
        {"handlers": [{}]},
        {"handlers": [{"class": 3}]},
        {"handlers": [handler(SQLITE_NAMES[0], uri="x")] * 101},
        {"handlers": [handler(SQLITE_NAMES[0])]},
        {"handlers": [handler(SQLITE_NAMES[0], uri=3)]},
        {"handlers": [handler(SQLITE_NAMES[0], path="x")]},
        {"handlers": [{"class": SQLITE_NAMES[0], "arguments": {"uri": "x"}}]},
        {"handlers": [{"class": SQLITE_NAMES[0], "arguments": ["uri"]}]},
        {"handlers": [handler("ewoksjob.events.handlers.RedisEwoksEventHandler", url="redis://h", ttl=0)]},
        {"handlers": [handler("nodots")]},
        {"handlers": [handler("no_such_module.Handler")]},
        {"handlers": [handler("logging.NoSuchHandler")]},
        {"handlers": [handler("logging.FileHandler")]},
        {"handlers": [handler("datetime.datetime", year=2026, month=1, day=1)]},
    ],
)
def test_a_description_of_another_form_is_refused_in_one_sentence(execinfo):
    with pytest.raises(InputError) as refusal:
        read_execinfo(execinfo, allow_imports=True)

    assert "\n" not in refusal.value.message


def test_redis_is_asked_for_by_name_where_it_is_not_installed():
    described = {"handlers": [handler("ewoksjob.events.handlers.RedisEwoksEventHandler", url="nonsense")]}

    with pytest.raises((UnsupportedError, InputError), match=r"(?i)redis"):
        read_execinfo(described, allow_imports=False)
