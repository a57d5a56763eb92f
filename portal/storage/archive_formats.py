"""The two kinds of archive. The same files give the same bytes each time, so a broken download can go on.

A tar goes on at once, because it is known what lies where in it. In a zip the checksum of each file follows
its bytes and stands in the list at the end too, so a zip is made anew and what was sent is passed over:
all of that is read again before the first byte of the rest.
"""

import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from tarfile import PAX_FORMAT, TarInfo
from typing import Any, NamedTuple
from zipfile import ZIP64_LIMIT, ZIP_FILECOUNT_LIMIT

from zipstream import ZIP_STORED, ZipStream, ZipStreamInfo

from portal.storage.files import BLOCK_BYTES, Content, Text

__all__ = ["FORMATS", "ArchiveFormat", "Entry"]

_MODE = 0o644
_TAR_RECORD = 512
# What ends a zip of many files or bytes, beside what ends any.
_ZIP64_END = 56 + 20
# What a zip can tell. The library would see to that as well, with a warning in the log for each file.
_EARLIEST, _LATEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)


class Entry(NamedTuple):
    """A file in an archive, under its name there."""

    name: str
    content: Content


@dataclass(frozen=True)
class ArchiveFormat:
    """How entries become one file.

    ``layout`` is another text whenever the same entries give other bytes. ``length`` counts the bytes
    and reads no content. ``blocks`` yields them from a place on, in blocks that suit the network.
    """

    content_type: str
    layout: str
    length: Callable[[Iterable[Entry]], int]
    blocks: Callable[[Iterable[Entry], int], Iterator[bytes]]


def _tar_length(entries: Iterable[Entry]) -> int:
    return sum(part.size for part in _tar_parts(entries))


def _tar_blocks(entries: Iterable[Entry], start: int) -> Iterator[bytes]:
    """Yield a tar from ``start`` on; of what comes before nothing is read."""
    return _gathered(_rest_of_tar(entries, start))


def _rest_of_tar(entries: Iterable[Entry], start: int) -> Iterator[bytes]:
    for part in _tar_parts(entries):
        if start < part.size:
            yield from part.blocks(start)
        start = max(start - part.size, 0)


def _tar_parts(entries: Iterable[Entry]) -> Iterator[Content]:
    """Yield a tar of the POSIX format with extended headers, which takes any name and size."""
    for name, content in entries:
        header = TarInfo(name)
        header.size, header.mode, header.mtime = content.size, _MODE, content.mtime_ns // 10**9
        yield Text(header.tobuf(PAX_FORMAT, "utf-8"))
        yield content
        yield Text(bytes(-content.size % _TAR_RECORD))
    yield Text(bytes(2 * _TAR_RECORD))


def _zip_length(entries: Iterable[Entry]) -> int:
    archive = _Zip(compress_type=ZIP_STORED, sized=True)
    for name, content in entries:
        archive.add(_Member(content), name, size=content.size)
    return len(archive)


def _zip_blocks(entries: Iterable[Entry], start: int) -> Iterator[bytes]:
    """Yield a zip from ``start`` on; what comes before is read again, for its checksums."""
    return _gathered(_rest_of_zip(entries, start))


def _rest_of_zip(entries: Iterable[Entry], start: int) -> Iterator[bytes]:
    for block in _zip_from_the_beginning(entries):
        if start < len(block):
            yield block[start:] if start else block
        start = max(start - len(block), 0)


def _zip_from_the_beginning(entries: Iterable[Entry]) -> Iterator[bytes]:
    archive = _Zip(compress_type=ZIP_STORED, sized=True)
    for name, content in entries:
        archive.add(_Member(content), name, size=content.size)
        yield from archive.file()
    yield from archive.footer()


@dataclass(frozen=True, slots=True)
class _Member:
    """A content as the library takes one: something that yields its bytes."""

    content: Content

    def __iter__(self) -> Iterator[bytes]:
        return self.content.blocks()


class _Zip(ZipStream):
    """A zip that depends on nothing but names, contents and when they were last written.

    The library gives what it does not open itself, by its path, the time of day; a file that it opens
    is not checked to be the one that was found.
    """

    def _gen_file_entry(self, *, iterable: _Member, arcname: str, **_: Any) -> Iterator[bytes]:
        """Yield one file as the library does, with its own time (UTC) and a fixed mode."""
        written_at = time.gmtime(iterable.content.mtime_ns // 10**9)[:6]
        info = ZipStreamInfo(arcname, min(max(written_at, _EARLIEST), _LATEST))
        info.external_attr = (stat.S_IFREG | _MODE) << 16
        info.file_size = iterable.content.size
        info.header_offset = self._pos
        for block in info._file_data(iterable):
            yield self._track(block)
        self._filelist.append(info)

    def __len__(self) -> int:
        """Return the number of bytes; the library forgets the zip64 end of exactly 65,535 files."""
        n_files, files_size, list_size = self._size_prog
        forgotten = n_files == ZIP_FILECOUNT_LIMIT and max(files_size, list_size) <= ZIP64_LIMIT
        return int(super().__len__()) + forgotten * _ZIP64_END


def _gathered(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in fewer blocks: each is a call to the network."""
    small: list[bytes] = []
    size = 0
    for block in blocks:
        small.append(block)
        size += len(block)
        if size >= BLOCK_BYTES:
            yield small[0] if len(small) == 1 else b"".join(small)
            small, size = [], 0
    yield b"".join(small)


FORMATS = {
    "zip": ArchiveFormat("application/zip", version("zipstream-ng"), _zip_length, _zip_blocks),
    # The number goes up with any change of the tar's layout.
    "tar": ArchiveFormat("application/x-tar", "1", _tar_length, _tar_blocks),
}
