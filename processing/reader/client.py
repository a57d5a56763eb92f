"""The web server's side: ask a question about an HDF5 file without opening it.

Every question is answered by a process of its own (`processing.reader.child`), forked in milliseconds by
a warm one that this side starts when it is first needed and that ends with it. So many at a time read, the
rest wait a little, and are told to come back when that is not enough.
"""

import json
import os
import select
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from processing.forkserver import Child, ForkServer

__all__ = ["Answer", "Limits", "Readers"]

_ERROR_STREAM = 2


@dataclass(frozen=True)
class Limits:
    """Of one question: bytes of values that it may ask for, bytes of memory, seconds."""

    max_bytes: int
    memory_limit_bytes: int
    time_limit_s: float


@dataclass(frozen=True)
class Answer:
    """An answer with a status as of HTTP; the content is what is left to read of an unnamed file.

    Where there is no content, ``message`` says why.
    """

    status: int
    content: FileIO | None = None
    content_type: str = ""
    attachment: str = ""
    message: str = ""


class Readers:
    """Asks readers, of which at most ``most`` run at a time.

    A question waits ``patience_s`` for a free one, and holds a thread of the web server meanwhile.
    """

    def __init__(
        self, limits: Limits, *, most: int, patience_s: float = 5.0, module: str = "processing.reader.child"
    ) -> None:
        self.limits = limits
        self._patience_s = patience_s
        self._free = threading.BoundedSemaphore(most)
        self._server = ForkServer(module)

    def ask(
        self, question: str, path: Path, query: Mapping[str, Sequence[str]], *, roots: Sequence[Path]
    ) -> Answer:
        """Ask one question of ``processing.nexus.questions`` about a file.

        The status is the answer's, or 503 when all readers were busy, 504 when one took too long, 422
        when the file made it crash.

        Raises
        ------
        ChildProcessError
            No reader can be started.
        """
        if not self._free.acquire(timeout=self._patience_s):
            return Answer(503, message="Too many files are being read at the moment; try again.")
        # Unbuffered, so that a server which sends the rest by its descriptor starts at the right place.
        file = os.fdopen(os.memfd_create("answer", os.MFD_CLOEXEC), "r+b", buffering=0)
        try:
            file.write(json.dumps(self._request(path, query, roots)).encode())
            file.seek(0)
            answer = self._answered(question, file, path.name)
        except BaseException:
            file.close()
            raise
        finally:
            self._free.release()
        if answer.content is None:
            file.close()
        return answer

    def stop(self) -> None:
        """End the process that forks the readers, and those that read."""
        self._server.stop()

    def _request(
        self, path: Path, query: Mapping[str, Sequence[str]], roots: Sequence[Path]
    ) -> dict[str, object]:
        return {
            "path": str(path),
            "query": {name: list(values) for name, values in query.items()},
            "roots": [str(root) for root in roots],
            "max_bytes": self.limits.max_bytes,
            "memory_limit_bytes": self.limits.memory_limit_bytes,
            "time_limit_s": self.limits.time_limit_s,
        }

    def _answered(self, question: str, file: FileIO, name: str) -> Answer:
        child = self._forked(question, file.fileno())
        try:
            ended = select.poll()
            ended.register(child.status, select.POLLIN)
            if not ended.poll(1000 * self.limits.time_limit_s):
                return Answer(504, message=f"Reading {name} took too long; choose less, or download it.")
            code = child.wait()
        finally:
            child.kill()
            child.close()
        if code:
            return Answer(422, message=f"Reading {name} failed; the file may be damaged.")
        file.seek(0)
        head = json.loads(file.readline())
        return Answer(head["status"], file, head["content_type"], head["attachment"])

    def _forked(self, question: str, out: int) -> Child:
        """Fork a reader; once more when the process that forks had died."""
        try:
            return self._server.fork(question, out=out, log=_ERROR_STREAM)
        except ChildProcessError:
            return self._server.fork(question, out=out, log=_ERROR_STREAM)
