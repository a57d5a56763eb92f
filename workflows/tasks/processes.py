"""Running a program in a process group of its own, so that it can be stopped with all its children."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_CAPTURED_BYTES = 64 * 1024**2
"""What one stream of a program may write when it is captured; it is kept in memory."""

_CHUNK = 65536
_LOOK_S = 0.05
_GRACE_S = 1.0


@dataclass(frozen=True)
class Finished:
    """How a program ended, and what it wrote; None for what was not captured."""

    return_code: int
    out: str | None
    err: str | None


def run_program(
    command: Sequence[str], *, capture: bool, merge_err: bool, check: Callable[[], None]
) -> Finished:
    """Run a program to its end; it reads nothing, and writes where this process does unless captured.

    ``check`` is called every 50 ms; what it raises stops the program and all
    its children, first politely, and after 1 s for good.

    Raises
    ------
    OSError
        The program cannot be started.
    OverflowError
        It wrote more than ``MOST_CAPTURED_BYTES``; it was stopped.
    """
    error_pipe = subprocess.STDOUT if merge_err else subprocess.PIPE
    process = subprocess.Popen(  # noqa: S603 -- what a script task is for; the policy was asked
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if capture else None,
        stderr=error_pipe if capture else None,
        start_new_session=True,
    )
    try:
        texts = _read(process, check)
        while process.poll() is None:
            check()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_S)
    except BaseException:
        _stop_group(process)
        raise
    finally:
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    return Finished(process.returncode, texts.get("stdout"), texts.get("stderr"))


def _read(process: subprocess.Popen[bytes], check: Callable[[], None]) -> dict[str, str]:
    """Read both streams to their ends."""
    pieces: dict[str, bytearray] = {}
    with selectors.DefaultSelector() as selector:
        for name in ("stdout", "stderr"):
            stream: IO[bytes] | None = getattr(process, name)
            if stream is not None:
                pieces[name] = bytearray()
                selector.register(stream, selectors.EVENT_READ, name)
        while selector.get_map():
            check()
            for key, _ in selector.select(_LOOK_S):
                if not _read_some(key.fd, pieces[key.data]):
                    selector.unregister(key.fileobj)
    return {name: piece.decode(errors="replace") for name, piece in pieces.items()}


def _read_some(descriptor: int, piece: bytearray) -> bool:
    """Append what there is to read; False at the end of the stream."""
    chunk = os.read(descriptor, _CHUNK)
    piece += chunk
    if len(piece) > MOST_CAPTURED_BYTES:
        raise OverflowError(
            f"it wrote more than {MOST_CAPTURED_BYTES} bytes, which are too many to capture: "
            "let it write to a file"
        )
    return bool(chunk)


def _stop_group(process: subprocess.Popen[Any]) -> None:
    """Stop a program and what it started; the group of a process has its number."""
    deadline = time.monotonic() + _GRACE_S
    _signal_group(process.pid, signal.SIGTERM)
    while _group_lives(process) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _group_lives(process: subprocess.Popen[Any]) -> bool:
    process.poll()  # a zombie would keep its group alive
    return _signal_group(process.pid, 0)


def _signal_group(group: int, number: int) -> bool:
    """Send a signal; False if nobody is left to get it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
