"""``python -m portal.demo`` by real processes: it starts, answers, stops and leaves nothing behind."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from portal.ingest.demo import LOGINS
from tests.processes import descendants, still_running

PROJECT = Path(__file__).resolve().parents[2]
# Far above the usual time; the machine may be busy.
LONGEST_START_S = 120


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory):
    """The environment of a person at a machine where nothing is configured, with a data folder of its own.

    The first start fills the folder, so all later ones are quick.
    """
    ours = re.compile("REPRISE_|DJANGO_|DATABASE_URL|CELERY_|SECRET_KEY")
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    return {**kept, "REPRISE_DATA": str(tmp_path_factory.mktemp("demo"))}


@pytest.fixture
def start(surroundings):
    """Start the demo; whatever a test leaves running is killed."""
    started = []

    def start(*arguments):
        demo = subprocess.Popen(
            [sys.executable, "-m", "portal.demo", *arguments],
            cwd=PROJECT,
            env=surroundings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(demo)
        return demo

    yield start
    for demo in started:
        for pid in [*descendants(demo.pid), demo.pid] if demo.poll() is None else []:
            os.kill(pid, signal.SIGKILL)
        demo.stdout.close()
        demo.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read_until_ready(demo):
    """Return what the demo printed up to the line that says it is ready."""
    printed = ""
    for line in demo.stdout:
        printed += line
        if line.startswith("Ctrl-C"):
            return printed
    raise AssertionError(printed)


def status_of(port):
    web = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    web.request("GET", "/")
    status = web.getresponse().status
    web.close()
    return status


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.thorough)])
def test_the_demo_answers_and_a_signal_stops_all_of_it(start, number):
    port = free_port()
    demo = start("--port", str(port))

    printed = read_until_ready(demo)
    status, started = status_of(port), descendants(demo.pid)
    demo.send_signal(number)
    rest, _ = demo.communicate(timeout=30)

    assert f"http://127.0.0.1:{port}/" in printed
    for login in LOGINS:
        assert re.search(rf"{login.name} +{login.password} +{login.sees}", printed)
    assert status == 200
    # The web server with its two workers, the worker with the process that starts runs.
    assert len(started) >= 5
    assert "Stopped." in rest
    assert demo.returncode == 0
    assert still_running(started, within_s=5) == []


@pytest.mark.thorough
@pytest.mark.parametrize(("program", "name"), [("gunicorn", "web"), ("celery", "worker")])
def test_a_program_that_dies_is_reported_and_ends_the_rest(start, program, name):
    demo = start("--port", str(free_port()))
    read_until_ready(demo)
    started = descendants(demo.pid)
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in started}

    os.kill(next(pid for pid, command in commands.items() if program.encode() in command), signal.SIGKILL)
    rest, _ = demo.communicate(timeout=30)

    assert f"The {name} program has ended by itself (-9)." in rest
    assert demo.returncode == 1
    assert still_running(started, within_s=5) == []


def test_a_port_in_use_is_told_with_a_way_out(start):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        demo = start("--port", str(port))
        printed, _ = demo.communicate(timeout=LONGEST_START_S)

    assert f"Port {port} is in use; choose another: make demo PORT={port + 1}" in printed
    assert demo.returncode == 1


def test_a_folder_of_real_files_is_registered(start, tmp_path):
    (tmp_path / "image.tif").write_bytes(b"")
    demo = start("--port", str(free_port()), "--data", str(tmp_path))

    printed = read_until_ready(demo)

    assert f"registered  {tmp_path}/image.tif: 1 files" in printed


def test_a_folder_that_is_not_there_is_told(start, tmp_path):
    demo = start("--data", str(tmp_path / "nowhere"))
    printed, _ = demo.communicate(timeout=LONGEST_START_S)

    assert "nowhere is not a folder." in printed
    assert demo.returncode == 1


def test_the_deploy_guide_lists_every_variable_of_the_settings():
    settings = (PROJECT / "portal" / "settings.py").read_text()
    guide = (PROJECT / "docs" / "deploy.md").read_text()

    read = set(re.findall(r'env(?:\.\w+)?\(\s*"(\w+)"', settings))
    listed = set(re.findall(r"^\| `(\w+)` \|", guide, re.MULTILINE))

    assert read == listed
