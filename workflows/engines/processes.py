"""Worker processes of one run, on this machine.

Each is driven by the thread that waits for its work, so that one that dies, or
has to be killed, takes nothing else along.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from multiprocessing.connection import wait
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from workflows.engines.work import lost_error, pack_work, unpack_result
from workflows.engines.worker import serve
from workflows.errors import Cancelled, TaskError, UnsupportedError
from workflows.events import utc_now
from workflows.running.calls import overdue
from workflows.running.results import NodeResult
from workflows.states import State
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

    from workflows.running.calls import NodeCall

START_METHODS = ("forkserver", "spawn")
"""A fork of a process with threads may hang for ever, so it is not among them."""

_LOOK_S = 0.1
_PATIENCE_S = 5.0


class ProcessWorkers:
    """Worker processes, started when they are needed and used again.

    Parameters
    ----------
    start_method
        How Python starts a process: ``forkserver`` (where there is one) or ``spawn``.
    grace_s
        How long a task may take to stop when it is asked to, before its process group is killed.
    """

    def __init__(self, *, start_method: str | None = None, grace_s: float = 5.0) -> None:
        self._context = _start_context(start_method)
        self._grace_s = grace_s
        self._idle: deque[_WorkerProcess] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._idle:
            self._idle.pop().stop()

    def execute(self, call: NodeCall, *, time_limit_s: float | None = None) -> NodeResult:
        """Run a task in a process, as ``NodeCall.execute`` does in a thread."""
        try:
            parcel = pack_work(call, time_limit_s=time_limit_s)
        except TaskError as error:
            call.announce_start()
            return NodeResult(State.FAILED, error=error)
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = _WorkerProcess(self._context)
        try:
            visit = _Visit(worker, call, time_limit_s=time_limit_s, grace_s=self._grace_s)
            result = visit.carry_out(parcel)
        except BaseException:
            worker.kill()
            raise
        if worker.is_usable:
            self._idle.append(worker)
        return result


class _WorkerProcess:
    """The near side of one worker process."""

    def __init__(self, context: SpawnContext | ForkServerContext) -> None:
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, dict(os.environ)), daemon=False)
        self.process.start()
        theirs.close()
        self.is_usable = True

    def tell(self, kind: str, value: Any = None) -> None:
        """Send a message; that nobody is there any more is noticed when the answer is read."""
        with contextlib.suppress(OSError):
            self.connection.send((kind, value))

    def read(self) -> tuple[str, Any] | None:
        """Return the next message, or None when there is none yet.

        Raises
        ------
        EOFError
            The process has died.
        """
        ready = wait([self.connection, self.process.sentinel], _LOOK_S)
        try:
            if self.connection in ready or self.connection.poll():
                message: tuple[str, Any] = self.connection.recv()
                return message
        except OSError as error:
            raise EOFError from error
        if ready:
            raise EOFError
        return None

    def stop(self) -> None:
        """End an idle worker, and with it all that its tasks have left behind."""
        self.tell("stop")
        self.process.join(_PATIENCE_S)
        self.kill()

    def kill(self) -> None:
        """End the process and its group by force, unless they have ended."""
        self.is_usable = False
        pid = self.process.pid
        if pid is not None:
            for kill in (os.kill, os.killpg):  # a process that is young does not lead its group yet
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    kill(pid, signal.SIGKILL)
        self.process.join()
        self.connection.close()

    def bury(self) -> str:
        """Say how a process that has died did so."""
        self.process.join(_PATIENCE_S)
        code = self.process.exitcode
        self.kill()
        if code is None:
            return "its process closed the connection"
        if code < 0:
            return f"its process was killed by {signal.Signals(-code).name}"
        return f"its process ended with the exit status {code}"


class _Visit:
    """One piece of work in a worker process."""

    def __init__(
        self, worker: _WorkerProcess, call: NodeCall, *, time_limit_s: float | None, grace_s: float
    ) -> None:
        self._worker = worker
        self._call = call
        self._time_limit_s = time_limit_s
        self._grace_s = grace_s
        self._started_at = utc_now()
        self._overdue_at: float | None = None
        self._kill_at: float | None = None

    def carry_out(self, parcel: bytes) -> NodeResult:
        self._worker.tell("work", parcel)
        while True:
            try:
                message = self._worker.read()
            except EOFError:
                error = lost_error(self._call, f"{self._worker.bury()} before the task had ended")
                return self._result(State.FAILED, error)
            if message is None:
                result = self._check_patience()
                if result is not None:
                    return result
            elif message[0] == "start":
                self._start()
            elif message[0] == "progress":
                self._call.report_progress(message[1])
            else:
                return unpack_result(self._call, message[1])

    def _start(self) -> None:
        self._started_at = utc_now()
        self._call.announce_start()
        if self._time_limit_s is not None:
            self._overdue_at = monotonic() + self._time_limit_s + self._grace_s

    def _check_patience(self) -> NodeResult | None:
        """Pass on that the run is cancelled; end what does not stop in time."""
        if self._kill_at is None and self._call.context.token.cancelled:
            self._worker.tell("cancel")
            self._kill_at = monotonic() + self._grace_s
        if self._kill_at is not None and monotonic() > self._kill_at:
            self._worker.kill()
            return self._result(State.CANCELLED, Cancelled("it did not stop by itself and was killed"))
        if self._time_limit_s is not None and self._overdue_at and monotonic() > self._overdue_at:
            self._worker.kill()
            node, name = self._call.node, self._call.task_class.__name__
            error = overdue(self._time_limit_s, node_id=node.id, label=node.label, task_name=name)
            return self._result(State.FAILED, error)
        return None

    def _result(self, state: State, error: TaskError | Cancelled) -> NodeResult:
        return NodeResult(state, error=error, started_at=self._started_at, ended_at=utc_now())


def _start_context(method: str | None) -> SpawnContext | ForkServerContext:
    available = [name for name in START_METHODS if name in multiprocessing.get_all_start_methods()]
    method = method or available[0]
    if method not in available:
        raise UnsupportedError(
            f"start_method is {' or '.join(available)}, not {method!r}{did_you_mean(method, available)}"
        )
    context: SpawnContext | ForkServerContext = multiprocessing.get_context(method)  # type: ignore[assignment]
    return context
