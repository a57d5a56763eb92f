"""The process that forks: see `processing.forkserver`, which starts it and talks to it."""

import contextlib
import importlib
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable

__all__ = ["READY", "kill", "serve"]

READY = b"ready"
"""What the process says when it has imported everything."""

_MESSAGE_BYTES = 4096
_N_DESCRIPTORS = 3


def kill(pid: int) -> None:
    """Kill a child and its group, which one that was forked just now does not lead yet."""
    for send in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError):
            send(pid, signal.SIGKILL)


def serve(control: socket.socket, module: str) -> None:
    """Fork children on request until the owner's end of the socket closes."""
    duty = importlib.import_module(module)  # by name: the owner's side must not import the science
    duty.prepare()
    statuses: dict[int, int] = {}
    wake_read, wake_write = os.pipe()
    own = (control.fileno(), wake_read, wake_write)
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write)
    with contextlib.suppress(BrokenPipeError):
        control.send(READY)
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(wake_read, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if wake_read in ready:
                os.read(wake_read, 512)
                _reap(statuses)
            if control in ready:
                request, descriptors, _, _ = _receive(control)
                if not request:
                    break
                others = [*own, *statuses.values()]
                pid = _fork(request.decode(), descriptors, others, duty.run_forked)
                statuses[pid] = descriptors[-1]
    for pid in statuses:
        kill(pid)


def _receive(control: socket.socket) -> tuple[bytes, list[int], int, object]:
    try:
        return socket.recv_fds(control, _MESSAGE_BYTES, _N_DESCRIPTORS)
    except ConnectionResetError:
        return b"", [], 0, None


def _fork(
    argument: str, descriptors: list[int], others: list[int], run_forked: Callable[[str, int], int]
) -> int:
    """Fork a child for the argument; ``others`` are the descriptors that it must not have."""
    out, log, status = descriptors
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(log, 1)
            os.dup2(log, 2)
            for other in (log, status, *others):
                os.close(other)
            os.set_inheritable(out, False)  # noqa: FBT003
            code = run_forked(argument, out)
        finally:
            os._exit(code)
    os.close(out)
    os.close(log)
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(status, f"{pid}\n".encode())
    return pid


def _reap(statuses: dict[int, int]) -> None:
    while statuses:
        pid, code = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        status = statuses.pop(pid)
        # What the run left behind ends with it, also when no worker is there any more to see to it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        # Whoever read the id may be gone; then nobody waits for the code either.
        with contextlib.suppress(BrokenPipeError):
            os.write(status, str(os.waitstatus_to_exitcode(code)).encode())
        os.close(status)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
