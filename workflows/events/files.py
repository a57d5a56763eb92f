"""Events in a file: one JSON document a line."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflows.events.stream import Event


_encoded = json.JSONEncoder(default=str).encode  # json.dumps would make an encoder each time


class JsonLinesHandler:
    """Appends events to a file, one line each; several processes of one machine may share the file.

    A line is handed to the system at once, in one piece: when the process is
    killed nothing is lost. A power cut may take the lines of the last seconds.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        self._file: int | None = None

    def __call__(self, event: Event) -> None:
        """Append the JSON form of an event."""
        line = _encoded(event.as_dict()).encode() + b"\n"
        with self._lock:
            if self._file is None:
                self._file = self._open()
            while line:
                line = line[os.write(self._file, line) :]

    def close(self) -> None:
        """Close the file; the next event opens it again."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":  # cut by a power failure
            os.write(file, b"\n")
        return file
