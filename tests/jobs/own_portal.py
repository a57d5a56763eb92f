"""A portal of a test's own: a data folder, a database, workers to start and to kill.

Everything of it runs in other processes; ``desk.py`` is the one that does what a test asks.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.processes import children, is_running, still_running

__all__ = ["LEASE_S", "Desk", "OwnPortal", "WorkerProcess"]

PROJECT = Path(__file__).resolve().parents[2]
WORKER = (
    "celery -A portal worker --pool threads --concurrency 2 --queues reprise"
    " --without-gossip --without-mingle --without-heartbeat"
)
LEASE_S = 3.0
_QUICK = {
    "REPRISE_LEASE": str(LEASE_S),
    "REPRISE_SWEEP_INTERVAL": "0.5",
    "REPRISE_ANNOUNCE_AGAIN": "1",
    "REPRISE_RETRY_PAUSES": "0.2,0.5",
}
_OURS = re.compile("REPRISE_|DJANGO_|DATABASE_URL|CELERY_|SECRET_KEY")
# Far above the usual time; the machine may be busy.
_START_WITHIN_S = 60


class OwnPortal:
    """``database`` is a URL; "" stands for SQLite in the data folder."""

    def __init__(self, folder: Path, database: str = "") -> None:
        self.data = folder / "data"
        self.log = folder / "log.txt"
        folder.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
        given = {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "REPRISE_DATA": str(self.data),
            "REPRISE_RAW_ROOTS": str(folder / "raw"),
        }
        if database:
            given["DATABASE_URL"] = database
        self.environment = {**kept, **_QUICK, **given}
        self._started = []
        self._worker = None
        self._desk = self.open_desk()
        self.do("set_up", raw=str(folder / "raw"))

    def do(self, duty, **given):
        """Have something done at the portal's own desk."""
        return self._desk.do(duty, **given)

    def open_desk(self, **environment) -> "Desk":
        """Start one more desk, where need be with other settings."""
        desk = Desk(self.start(sys.executable, "-m", "tests.jobs.desk", environment=environment, pipe=True))
        desk.do("answer")
        return desk

    def worker(self) -> "WorkerProcess":
        """Return the worker, started if there is none."""
        if self._worker is None or not self._worker.is_running():
            self._worker = self.start_worker()
        return self._worker

    def stop_workers(self):
        if self._worker is not None and self._worker.is_running():
            self._worker.kill()

    def start_worker(self, **environment) -> "WorkerProcess":
        """Start a worker, and return when it is ready."""
        process = self.start(sys.executable, "-m", *WORKER.split(), environment=environment)
        worker = WorkerProcess(process)
        deadline = time.monotonic() + _START_WITHIN_S
        while not self.do("is_working", process=process.pid):
            assert process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.1)
        return worker

    def start(self, *command, environment, pipe=False):
        """Start a program as the leader of its own group of processes."""
        stream = subprocess.PIPE if pipe else subprocess.DEVNULL
        with self.log.open("a") as log:
            process = subprocess.Popen(
                command,
                cwd=PROJECT,
                env={**self.environment, **environment},
                stdin=stream,
                stdout=subprocess.PIPE if pipe else log,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def wait_for(self, jobs, *states, within_s=60):
        """Return the jobs once each is in one of the states (default: has ended)."""
        wanted = states or ("succeeded", "failed", "cancelled")
        deadline = time.monotonic() + within_s
        while True:
            rows = self.do("jobs", ids=jobs)
            if all(row["state"] in wanted for row in rows):
                return rows
            assert time.monotonic() < deadline, (rows, self.log.read_text()[-3000:])
            time.sleep(0.1)

    def staged(self):
        """Return what lies in the staging folder."""
        return sorted((self.data / "staging").rglob("*"))

    def published(self, job):
        """Return the folders of a job's attempts below the outputs."""
        folder = self.data / "outputs" / job
        return sorted(folder.iterdir()) if folder.exists() else []

    def is_clean(self, *, within_s=10):
        """Whether staging is, or gets, empty."""
        deadline = time.monotonic() + within_s
        while self.staged() and time.monotonic() < deadline:
            time.sleep(0.1)
        return not self.staged()

    def close(self):
        for process in self._started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()


class Desk:
    """A process in the portal that does one duty of ``desk.py`` after the other."""

    def __init__(self, process) -> None:
        self.process = process

    def do(self, duty, **given):
        self.begin(duty, **given)
        line = self.process.stdout.readline()
        assert line, f"the desk has died of {duty}"
        told = json.loads(line)
        assert "error" not in told, told.get("error")
        return told["answer"]

    def begin(self, duty, **given):
        """Ask for a duty without waiting for its answer: this desk may die of it."""
        self.process.stdin.write(json.dumps({"duty": duty, "given": given}) + "\n")
        self.process.stdin.flush()


class WorkerProcess:
    """A running worker."""

    def __init__(self, process) -> None:
        self.process = process

    @property
    def fork_server(self):
        [server] = [pid for pid in children(self.process.pid) if "processing.forkserver" in _command(pid)]
        return server

    def runs(self):
        """Return the process ids of the runs in progress."""
        return children(self.fork_server)

    def wait_for_run(self, within_s=30):
        deadline = time.monotonic() + within_s
        while not (runs := self.runs()):
            assert time.monotonic() < deadline, "no run was started"
            time.sleep(0.02)
        return runs[0]

    def kill(self):
        """Kill the worker's group; return what else it had started and still runs 5 s later."""
        server = self.fork_server
        left = [server, *children(server)]
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return still_running(left, within_s=5)

    def terminate(self, within_s=20):
        """Ask the worker to end, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=within_s)

    def is_running(self):
        return is_running(self.process.pid)


def _command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
