"""HDF5 is read for the web in a process that can harm nothing: not other files, not the server."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

from processing.reader import landlock
from processing.reader.client import Limits, Readers
from tests.processes import children, still_running
from tests.processing.hostile import HOSTILE, SECRET, write_hostile

PROJECT = Path(__file__).resolve().parents[2]
LIMITS = Limits(max_bytes=1 << 20, memory_limit_bytes=2 << 30, time_limit_s=20)
needs_landlock = pytest.mark.skipif(not landlock.is_available(), reason="This kernel has no Landlock")


@pytest.fixture(scope="module")
def readers():
    readers = Readers(LIMITS, most=2)
    yield readers
    readers.stop()


@pytest.fixture(scope="module")
def unguarded():
    """Readers without the guard: what holds them back is the confinement of their process alone."""
    readers = Readers(LIMITS, most=2, module="tests.processing.unguarded")
    yield readers
    readers.stop()


def ask(readers, question, path, query=None, *, roots=None):
    """Return the status and the bytes of an answer, or the message that is there instead."""
    answer = readers.ask(question, path, query or {}, roots=roots or [path.parent])
    if answer.content is None:
        return answer.status, answer.message
    with answer.content as content:
        return answer.status, content.read()


def write(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values
    return path


@needs_landlock
def test_the_kernel_refuses_what_the_guard_would_have_let_pass(unguarded, outside, monkeypatch):
    told = {}
    for kind in HOSTILE:
        folder = outside.parent / kind
        folder.mkdir()
        monkeypatch.chdir(folder)
        path, h5path = write_hostile(kind, folder, outside)
        with h5py.File(path) as file:
            assert file[h5path][0] == SECRET  # nothing else stands in the way
        told[kind] = ask(unguarded, h5path, path)[1].decode()

    assert [kind for kind, text in told.items() if str(SECRET) in text] == []


def test_a_file_inside_the_roots_is_read_by_the_unguarded_reader_too(unguarded, root):
    path = write(root / "a.h5", x=SECRET)

    assert str(SECRET).encode() in ask(unguarded, "/x", path)[1]


def test_a_reader_has_no_secret_in_reach(unguarded, root, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "in the environment of the web server")
    readers = Readers(LIMITS, most=1, module="tests.processing.unguarded")

    told = json.loads(ask(readers, "surroundings", root / "a.h5")[1])
    readers.stop()

    assert "PATH" in told["environment"]
    assert "SECRET_KEY" not in told["environment"]
    assert told["readable"] == [not landlock.is_available()]


def test_a_link_out_of_the_roots_is_refused_by_name(readers, root, outside):
    path = root / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink("../outside/secret.h5", "/secret")

    status, told = ask(readers, "data", path, {"path": ["/x"]})

    assert status == 403
    assert "outside the folders" in json.loads(told)["message"]


def test_each_dataset_sees_its_own_files_only(readers, root):
    ours, theirs = root / "ours", root / "theirs"
    ours.mkdir()
    theirs.mkdir()
    write(theirs / "b.h5", x=SECRET)
    path = ours / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink("../theirs/b.h5", "/x")

    assert ask(readers, "data", path, {"path": ["/x"]}, roots=[ours])[0] == 403
    assert (
        ask(readers, "data", path, {"path": ["/x"]}, roots=[ours, theirs / "b.h5"])[1] == str(SECRET).encode()
    )


def test_a_reader_gets_no_more_memory_than_its_limit(root):
    path = root / "bomb.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", shape=(1 << 29,), dtype="u1", fillvalue=1)
    readers = Readers(Limits(max_bytes=1 << 30, memory_limit_bytes=600 << 20, time_limit_s=20), most=1)

    status, told = ask(readers, "data", path, {"path": ["/x"], "format": ["bin"]})
    after, _ = ask(readers, "meta", path)
    readers.stop()

    assert status == 413
    assert "more memory" in json.loads(told)["message"]
    assert after == 200


def test_a_reader_that_takes_too_long_is_ended(root):
    limits = Limits(max_bytes=1 << 20, memory_limit_bytes=2 << 30, time_limit_s=0.5)
    readers = Readers(limits, most=1, module="tests.processing.unguarded")

    status, told = ask(readers, "wait", root / "a.h5")
    left = children(readers._server._process.pid)
    readers.stop()

    assert status == 504
    assert "too long" in told
    assert still_running(left, within_s=5) == []


def test_a_reader_that_is_killed_harms_nobody_else(unguarded, root):
    path = write(root / "a.h5", x=SECRET)

    status, told = ask(unguarded, "killed", path)

    assert (status, told) == (422, "Reading a.h5 failed; the file may be damaged.")
    assert ask(unguarded, "/x", path)[0] == 200


def test_the_process_that_forks_readers_is_started_again_when_it_died(root):
    path = write(root / "a.h5", x=1)
    readers = Readers(LIMITS, most=1)
    ask(readers, "meta", path)
    os.kill(readers._server._process.pid, signal.SIGKILL)

    status, _ = ask(readers, "meta", path)
    readers.stop()

    assert status == 200


def test_more_questions_than_readers_wait_and_are_told_when_it_takes_too_long(root):
    path = write(root / "a.h5", x=1)
    limits = Limits(max_bytes=1 << 20, memory_limit_bytes=2 << 30, time_limit_s=2)
    readers = Readers(limits, most=1, patience_s=0.2, module="tests.processing.unguarded")
    ask(readers, "/x", path)

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(ask, readers, "wait", path)
        while not children(readers._server._process.pid):
            time.sleep(0.01)
        status, told = ask(readers, "/x", path)
        assert waiting.result()[0] == 504
    after, _ = ask(readers, "/x", path)
    readers.stop()

    assert (status, after) == (503, 200)
    assert "try again" in told


def test_many_questions_at_once_are_all_answered(readers, root):
    path = write(root / "a.h5", x=np.arange(100))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(readers, "data", path, {"path": ["/x"]}), range(24)))

    assert answers == [(200, json.dumps(list(range(100)), separators=(",", ":")).encode())] * 24


def test_no_reader_outlives_the_web_server(root):
    program = (
        "import sys; from pathlib import Path; from processing.reader.client import Limits, Readers\n"
        "readers = Readers(Limits(1 << 20, 2 << 30, 60), most=1, module='tests.processing.unguarded')\n"
        "readers.ask('surroundings', Path(sys.argv[1]), {}, roots=[])\n"
        "print(readers._server._process.pid, flush=True)\n"
        "readers.ask('wait', Path(sys.argv[1]), {}, roots=[])\n"
    )
    web = subprocess.Popen(
        [sys.executable, "-c", program, str(root / "a.h5")], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    server = int(web.stdout.readline())
    while not (readers := children(server)):
        time.sleep(0.02)

    web.kill()
    web.communicate()

    assert still_running([server, *readers], within_s=5) == []


@pytest.mark.parametrize("content", [b"", b"no HDF5", b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 20])
def test_a_damaged_file_is_told_as_such(readers, root, content):
    path = root / "a.h5"
    path.write_bytes(content)

    status, told = ask(readers, "meta", path)

    assert status == 404
    assert "a.h5" in json.loads(told)["message"]


def test_every_byte_changed_in_turn_gives_an_answer_or_a_refusal(readers, root):
    good = write(root / "good.h5", x=np.arange(10), y=["a", "b"]).read_bytes()
    path = root / "bad.h5"
    statuses = set()
    for place in range(0, 1600, 97):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :])
        statuses.add(ask(readers, "look", path, {"path": ["/x"]})[0])

    assert statuses <= {200, 404, 422}
