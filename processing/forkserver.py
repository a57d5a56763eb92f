"""A warm process that has imported what its children need but never used it, and forks one per request.

Importing pyFAI and HDF5 takes seconds; a fork takes milliseconds. The process that forks must have
one thread and must not have used OpenMP, which does not survive a fork, so it is neither a Celery
worker nor a web server nor any other process that does something: it only imports, forks and reaps. It
is started with an empty environment, so that no secret of the portal is in reach of a child.

What its children do is a module's: ``prepare()`` is called once, ``run_forked(argument, out)`` in each
child. The worker forks runs (``processing.run``), the web server readers (``processing.reader.child``).

Its owner talks to it over a socket pair. A request carries the argument and three file descriptors:
``out``, what the child writes its answer to; where its output goes; and where the server tells the
child's process id and, at the end, its exit status. When the owner dies, however it dies, the socket
closes, and the server kills what still runs.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from processing.forkserver_process import READY, kill

__all__ = ["Child", "ForkServer", "Run"]

_KEPT_VARIABLES = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "OMP_NUM_THREADS",
    "HDF5_PLUGIN_PATH",
    "NUMBA_CACHE_DIR",
    "MPLCONFIGDIR",
    "PYTHONWARNINGS",
)


@dataclass
class Child:
    """A process of its own session; the file descriptor ``status`` can be read from once it has ended."""

    pid: int
    status: int

    def kill(self) -> None:
        """Kill the child and everything it started; harmless when it has ended."""
        kill(self.pid)

    def wait(self) -> int:
        """Return the exit code, negative for the signal that ended it; wait for it if need be.

        When the server itself died, its child is killed and counts as killed.
        """
        told = b""
        while chunk := os.read(self.status, 64):
            told += chunk
        if not told:
            self.kill()
            return -signal.SIGKILL
        return int(told)

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self.status)


@dataclass
class Run(Child):
    """A run in progress; the file descriptor ``events`` gives its event lines.

    Only ``status`` tells that it has ended: a task may close the other, or leave a process behind that
    keeps it open.
    """

    events: int

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self.events)
        super().close()


class ForkServer:
    """The owner's side: starts the server when it is first needed, and again if it died."""

    def __init__(self, module: str = "processing.run") -> None:
        self._module = module
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def warm_up(self) -> None:
        """Return once the server runs and has imported its module: at once, or after seconds.

        Raises
        ------
        ChildProcessError
            The server could not be started.
        """
        with self._lock:
            self._ensure_running()

    def start(self, recipe: Path, log: Path) -> Run:
        """Fork a run of the recipe; its output goes to the file ``log``.

        Raises
        ------
        ChildProcessError
            As of `fork`.
        """
        events_read, events_write = os.pipe()
        log_fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            child = self.fork(str(recipe), out=events_write, log=log_fd)
        except ChildProcessError:
            os.close(events_read)
            raise
        finally:
            os.close(events_write)
            os.close(log_fd)
        return Run(child.pid, child.status, events_read)

    def fork(self, argument: str, *, out: int, log: int) -> Child:
        """Fork a child; it gets the descriptors ``out`` and ``log``, which stay the caller's too.

        Raises
        ------
        ChildProcessError
            The server could not be started or died before it answered.
        """
        status_read, status_write = os.pipe()
        try:
            with self._lock:
                server = self._ensure_running()
                with contextlib.suppress(BrokenPipeError):  # then nobody tells an id either
                    socket.send_fds(server, [argument.encode()], [out, log, status_write])
        except BaseException:
            os.close(status_read)
            raise
        finally:
            os.close(status_write)
        try:
            return Child(_told_pid(status_read), status_read)
        except ChildProcessError:
            os.close(status_read)
            with self._lock:
                if self._socket is server:  # dying, which the process itself may not yet show
                    self._stop()
            raise

    def stop(self) -> None:
        """Stop the server; runs in progress are killed."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.wait(timeout=10)
        self._process = self._socket = None

    def _ensure_running(self) -> socket.socket:
        if self._socket is not None and self._process is not None and self._process.poll() is None:
            return self._socket
        self._stop()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "processing.forkserver_process", str(theirs.fileno()), self._module],
                pass_fds=[theirs.fileno()],
                env=_clean_environment(),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        if self._socket.recv(len(READY)) != READY:
            self._stop()
            raise ChildProcessError("the process that forks others could not be started")
        return self._socket


def _told_pid(status: int) -> int:
    """Read the process id, which the server tells as one line before anything else."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(status, 1)
        if not byte:
            raise ChildProcessError("the process that forks others has died")
        line += byte
    return int(line)


def _clean_environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
