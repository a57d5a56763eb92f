"""The content of the files that values name."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from workflows.store.errors import NotStorable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_NAME = 4096
"""No file has a longer path, in bytes."""
DIRECTORY = "directory"
"""The state of a folder: what is in it is not looked at."""

_SETTLED_AFTER_S = 2.0
_CHUNK = 1 << 20


def file_states(texts: Iterable[str]) -> dict[str, str]:
    """Return for each text that names an existing file its SHA-256, for folders ``directory``.

    A text names a file if it is the path of one, or a URI or ``path::/inside``
    whose file part is. Relative paths are those of the working directory. Other
    texts are left out.

    Raises
    ------
    NotStorable
        A file cannot be read, or changes while it is read.
    """
    found: dict[str, str] = {}
    for text in texts:
        for name in _names(text):
            state = _state(name)
            if state is not None:
                found[text] = state
                break
    return found


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file; one that stays as it is is read only once in a process.

    Raises
    ------
    NotStorable
        It cannot be read, or changes while it is read.
    """
    try:
        path = Path(path).absolute()
        with path.open("rb") as stream:  # which asks a file server anew, and stat() may not
            before = os.fstat(stream.fileno())
        # A file may be changed twice in one tick of its clock; so what is new is not remembered.
        if time.time() - max(before.st_mtime, before.st_ctime) > _SETTLED_AFTER_S:
            return _remembered_digest(path, _stamp(before))
        return _read_digest(path, _stamp(before))
    except OSError as error:
        raise NotStorable(f"the file {str(path)!r} cannot be read: {error.strerror}") from error


def _names(text: str) -> Iterator[str]:
    """Yield the paths that a text may stand for."""
    if not text or "\0" in text or len(text) > LONGEST_NAME:
        return
    yield text
    scheme, separator, rest = text.partition("://")
    if separator and scheme.isalnum():
        text = rest[rest.find("/") :] if rest.startswith("localhost/") else rest
    for end in ("::", "?"):
        text = text.partition(end)[0]
    if text:
        yield text
    if "%" in text:
        yield unquote(text)


def _state(name: str) -> str | None:
    try:
        mode = Path(name).stat().st_mode
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(mode):
        return DIRECTORY
    return file_digest(name) if stat.S_ISREG(mode) else None


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@lru_cache(maxsize=4096)
def _remembered_digest(path: Path, stamp: tuple[int, ...]) -> str:
    return _read_digest(path, stamp)


def _read_digest(path: Path, stamp: tuple[int, ...]) -> str:
    hashed = hashlib.sha256()
    n_bytes = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            hashed.update(chunk)
            n_bytes += len(chunk)
        after = os.fstat(stream.fileno())
    if _stamp(after) != stamp or n_bytes != after.st_size:
        raise NotStorable(f"the file {str(path)!r} changed while it was read")
    return hashed.hexdigest()
