"""A demo portal on this machine: ``python -m portal.demo [--data FOLDER] [--port 8000]``.

Sets the portal up, loads demo data or registers a folder, starts the web server and one worker, and
stops both at Ctrl-C. A real site starts the same two programs by its own means (``docs/deploy.md``).
"""

import argparse
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

__all__ = ["main"]

HOST = "127.0.0.1"
# Of the web server's answer and of the worker's first sign of life.
READY_WITHIN_S = 60
# After that a program that was asked to end is killed.
STOP_WITHIN_S = 10
LOOK_EVERY_S = 0.2
SHOWN_LOG_LINES = 20

PROJECT = Path(__file__).resolve().parent.parent
WORKER = (
    "celery -A portal worker --pool threads --concurrency 2 --queues reprise"
    " --without-gossip --without-mingle --without-heartbeat"
)
WEB = (
    "gunicorn portal.wsgi --worker-class gthread --workers 2 --threads 4"
    " --graceful-timeout 5 --no-control-socket"
)

Children = dict[str, "subprocess.Popen[bytes]"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until it is told to stop; return 0 then, 1 when something failed."""
    parser = argparse.ArgumentParser(
        prog="python -m portal.demo", description="A demo portal on this machine."
    )
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="register this folder instead of demo data"
    )
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args(arguments)
    if options.data and not options.data.is_dir():
        return _failed(f"{options.data} is not a folder.")
    if _is_taken(options.port):
        return _failed(f"Port {options.port} is in use; choose another: make demo PORT={options.port + 1}")
    try:
        _set_up(options.data)
    except KeyboardInterrupt:
        return _failed("Stopped before the portal was ready; the next start continues.")
    return _serve(options.port)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        # As the web server does: a port that was in use a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def _set_up(data: Path | None) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    if data:
        # For this process, and for the two programs that it starts.
        settings.RAW_ROOTS.append(data.resolve())
        os.environ["REPRISE_RAW_ROOTS"] = ",".join(map(str, settings.RAW_ROOTS))
    call_command("setup_portal")
    call_command("load_demo", data=data)
    connection.close()


def _serve(port: int) -> int:
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: signals.append(received))
    started = timezone.now()
    with _children(port) as children:

        def is_ready() -> bool:
            return _answers(port) and _is_alive(children["worker"].pid, since=started)

        ready = _wait(is_ready, children, signals, READY_WITHIN_S)
        if ready:
            _say(_greeting(port))
            _wait(lambda: False, children, signals)
        for name, child in children.items():
            if child.poll() is not None and not signals:
                return _failed(
                    f"The {name} program has ended by itself ({child.returncode}).\n{_last_words(name)}"
                )
    if not (ready or signals):
        return _failed(f"Nothing answered within {READY_WITHIN_S} s; see {_log('web')} and {_log('worker')}.")
    _say("Stopped. What was loaded and computed is kept for the next start.")
    return 0


@contextlib.contextmanager
def _children(port: int) -> Iterator[Children]:
    """Start the programs, each a session of its own: Ctrl-C reaches them through this process only."""
    children: Children = {}
    try:
        for name, command in {"worker": WORKER, "web": f"{WEB} --bind {HOST}:{port}"}.items():
            with _log(name).open("wb") as log:
                children[name] = subprocess.Popen(  # noqa: S603 - our own programs
                    [sys.executable, "-m", *command.split()],
                    cwd=PROJECT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        yield children
    finally:
        _stop(children)


def _stop(children: Children) -> None:
    for child in children.values():
        child.terminate()
    deadline = time.monotonic() + STOP_WITHIN_S
    for child in children.values():
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        # What is left of its session, be it the program itself or what it started.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _wait(
    until: Callable[[], bool], children: Children, signals: list[int], longest_s: float = float("inf")
) -> bool:
    """Return True as soon as ``until`` holds; False when told to stop, at a child's end, or too late."""
    deadline = time.monotonic() + longest_s
    while (
        not signals
        and time.monotonic() < deadline
        and all(child.poll() is None for child in children.values())
    ):
        if until():
            return True
        time.sleep(LOOK_EVERY_S)
    return False


def _answers(port: int) -> bool:
    web = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        web.request("GET", "/")
        return web.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        web.close()


def _is_alive(worker_pid: int, *, since: datetime) -> bool:
    from portal.jobs.models import Worker  # noqa: PLC0415 - models exist after the set-up

    try:
        return Worker.objects.filter(name__endswith=f":{worker_pid}", seen_at__gte=since).exists()
    finally:
        connection.close()


def _greeting(port: int) -> str:
    from portal.ingest.demo import LOGINS  # noqa: PLC0415 - as in _is_alive

    logins = [f"    {login.name:<10} {login.password:<23} {login.sees}" for login in LOGINS]
    return "\n".join(["", f"Reprise is ready: http://{HOST}:{port}/", "", *logins, "", "Ctrl-C stops it."])


def _log(name: str) -> Path:
    return Path(settings.LOGS_FOLDER) / f"demo-{name}.log"


def _last_words(name: str) -> str:
    return "\n".join(_log(name).read_text(errors="replace").splitlines()[-SHOWN_LOG_LINES:])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _failed(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
