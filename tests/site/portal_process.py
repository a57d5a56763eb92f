"""A whole portal as ``make demo`` starts it: web server, worker, embedded defaults, in throw-away folders."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.processes import children

PROJECT = Path(__file__).resolve().parents[2]


@dataclass
class Site:
    """A running portal. ``data`` is its data folder, ``raw`` the registered one, if any."""

    url: str
    data: Path
    raw: Path | None
    process: "subprocess.Popen[str]"

    def worker_pid(self) -> int:
        """Return the process id of the worker."""
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children(self.process.pid)}
        return next(pid for pid, command in commands.items() if b"celery" in command)


@contextmanager
def running_portal(*, data: Path, raw: Path | None = None) -> Iterator[Site]:
    """Serve the datasets of a folder, or else the demo facility, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = re.compile("REPRISE_|DJANGO_|DATABASE_URL|CELERY_|SECRET_KEY")
    env = {name: value for name, value in os.environ.items() if not ours.match(name)}
    demo = subprocess.Popen(
        [sys.executable, "-m", "portal.demo", "--port", str(port), *(["--data", str(raw)] if raw else [])],
        cwd=PROJECT,
        env={**env, "REPRISE_DATA": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert demo.stdout is not None
    printed = ""
    for line in demo.stdout:
        printed += line
        if line.startswith("Ctrl-C"):
            break
    assert "is ready" in printed, printed
    try:
        yield Site(f"http://127.0.0.1:{port}", data, raw, demo)
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=30)
