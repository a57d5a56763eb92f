"""One file on disk: what was found when it was checked, and its bytes as long as it stays the same.

Between the check of a path and the reading of it somebody may put another file, or a link to another
person's file, in its place. So a file is known by device and inode as well, nothing is read before the
opened file is seen to be the one that was checked, and at the end it must not have been written to.
"""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from portal.catalogue.errors import PortalError

__all__ = ["BLOCK_BYTES", "Content", "FileChanged", "FoundFile", "Part", "Text"]

# Fits the processor's cache, so that what is read, summed and sent is fetched from memory once.
BLOCK_BYTES = 1 << 18


class FileChanged(PortalError):
    """A file is no longer what it was when its download was prepared."""

    code = "file_changed"


class Content(Protocol):
    """Bytes of known number."""

    @property
    def size(self) -> int:
        """How many bytes."""

    @property
    def mtime_ns(self) -> int:
        """When they were last written, in ns since 1970."""

    def blocks(self, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes from ``start`` on."""


@dataclass(frozen=True, slots=True)
class Text:
    """Bytes that are in memory already."""

    data: bytes
    mtime_ns: int = 0

    @property
    def size(self) -> int:
        """How many bytes."""
        return len(self.data)

    def blocks(self, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes from ``start`` on."""
        if start < len(self.data):
            yield self.data[start:]


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file, under its real path, as it was when it was checked."""

    path: str
    size: int
    mtime_ns: int
    device: int
    inode: int

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> "FoundFile":
        """Return what a look at a file has told."""
        return cls(path, status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino)

    @property
    def etag(self) -> str:
        """A strong validator: it changes with the file."""
        return f'"{self.mtime_ns:x}-{self.size:x}"'

    def open(self) -> io.FileIO:
        """Open the file that was checked.

        Raises
        ------
        FileChanged
            It is gone, was written to, or another one is in its place.
        """
        try:
            # Never through a link, and never waiting for the other end of a pipe.
            number = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise FileChanged(f"{self.path} cannot be opened: {error.strerror}.") from None
        file = io.FileIO(number)
        try:
            self._check(file)
        except FileChanged:
            file.close()
            raise
        return file

    def blocks(self, start: int = 0) -> Iterator[bytes]:
        """Yield the file from byte ``start`` to the end that it had.

        Raises
        ------
        FileChanged
            As ``open``, and at the end when the file was written to meanwhile.
        """
        with self.open() as file:
            part = Part(file, start, self.size - start)
            while block := part.read(BLOCK_BYTES):
                yield block
            self._check(file)

    def _check(self, file: io.FileIO) -> None:
        if self.of(self.path, os.fstat(file.fileno())) != self:
            raise FileChanged(f"{self.path} has changed since its download was prepared.")


class Part:
    """A part of an open file, as a file of its own that ``sendfile`` can send."""

    def __init__(self, file: io.FileIO, start: int, length: int) -> None:
        self._file, self._left = file, length
        file.seek(start)

    def fileno(self) -> int:
        """Return the descriptor, which stands at the part's beginning until something is read."""
        return self._file.fileno()

    def read(self, count: int = -1) -> bytes:
        """Return at most ``count`` bytes, and none only at the end; FileChanged if that comes too early."""
        wanted = self._left if count < 0 else min(count, self._left)
        block = self._file.read(wanted) if wanted else b""
        if wanted and not block:
            raise FileChanged(f"A file became shorter while it was sent; {self._left} bytes are missing.")
        self._left -= len(block)
        return block

    def close(self) -> None:
        """Close the file."""
        self._file.close()
