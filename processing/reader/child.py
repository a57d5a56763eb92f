"""The reader: one question about one HDF5 file, answered in a process that can do nothing else.

Forked from a clean process (`processing.forkserver`) for one request, so whatever a file does to the
libraries that parse it ends with this process. It sees the dataset's own files and installed code only, has
no network, no secret, and bounded memory, time and output.
"""

import json
import os
import resource
import sys
import sysconfig
from pathlib import Path
from typing import Any

import numpy as np
import tifffile  # noqa: F401 -- otherwise each child would import it for itself

from processing.nexus.picture import picture_of
from processing.nexus.questions import answer
from processing.nexus.reply import Reply, json_reply
from processing.reader import landlock

__all__ = ["prepare", "run_forked"]

_OUTPUT_SHARE = 16
"""An answer as text is at most so many times as large as the values in it."""

# What numpy and others import when they need it; code, not data.
_LIBRARIES = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}


def prepare() -> None:
    """Let numpy import what it imports late; all else came with this module."""
    picture_of(np.zeros((1, 1)))


def run_forked(question: str, out: int) -> int:
    """Read from the file ``out`` what the question is about, and replace it by the answer."""
    with os.fdopen(out, "r+b") as file:
        request = json.loads(file.read())
        _confine(request)
        reply = _answered(question, request)
        head = {"status": reply.status, "content_type": reply.content_type, "attachment": reply.attachment}
        file.seek(0)
        file.truncate()
        file.write(json.dumps(head).encode() + b"\n")
        file.write(reply.content)
    return 0


def _confine(request: dict[str, Any]) -> None:
    """Give up everything but reading the dataset's files."""
    seconds = int(request["time_limit_s"]) + 1
    _limit(resource.RLIMIT_AS, request["memory_limit_bytes"])
    _limit(resource.RLIMIT_CPU, seconds)
    _limit(resource.RLIMIT_FSIZE, _OUTPUT_SHARE * request["max_bytes"])
    _limit(resource.RLIMIT_CORE, 0)
    # A virtual dataset may have thousands of sources.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if landlock.is_available():
        landlock.leave_only([*request["roots"], *_LIBRARIES])


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))


def _answered(question: str, request: dict[str, Any]) -> Reply:
    path = Path(request["path"])
    try:
        roots, max_bytes = request["roots"], request["max_bytes"]
        return answer(question, path, request["query"], roots=roots, max_bytes=max_bytes)
    except Exception as error:  # noqa: BLE001 - a damaged file makes the libraries raise almost anything
        sys.excepthook(type(error), error, error.__traceback__)
        reason = f"{path.name} cannot be read here ({type(error).__name__}); it may be damaged"
        return json_reply({"message": reason}, status=422)
