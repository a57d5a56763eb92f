"""The two kinds of archive, each of known length and written by the standard library.

The same files give the same bytes each time, so that a broken download can go on.

A tar knows where each file lies, so its rest starts at once. A zip has a checksum after each file: its
rest is sent after all that comes before was read again, which takes about as long as reading it from
the disk.
"""

import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from tarfile import PAX_FORMAT, TarInfo
from typing import NamedTuple
from zipfile import ZIP64_LIMIT, ZIP_FILECOUNT_LIMIT, ZIP_STORED, ZipFile, ZipInfo

from portal.storage.files import BLOCK_BYTES, Content, Text

__all__ = ["FORMATS", "ArchiveFormat", "Entry"]

_MODE = 0o644
_TAR_RECORD = 512
# Of the structures in the specification of zip (APPNOTE, section 4.3), in bytes.
_ZIP_LOCAL, _ZIP_CENTRAL, _ZIP_END, _ZIP64_ENDS = 30, 46, 22, 56 + 20
_ZIP_SIZES, _ZIP64_SIZES = 16, 24
_ZIP_SIZES_FOLLOW = 0x08
_ZIP_YEARS = ((1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58))


class Entry(NamedTuple):
    """A file in an archive, under its name there."""

    name: str
    content: Content


@dataclass(frozen=True)
class ArchiveFormat:
    """How entries become one file.

    ``length`` counts its bytes without reading any content; ``blocks`` yields them from a place on.
    """

    content_type: str
    length: Callable[[Iterable[Entry]], int]
    blocks: Callable[[Iterable[Entry], int], Iterator[bytes]]


def tar_length(entries: Iterable[Entry]) -> int:
    """Return the length of a tar."""
    return sum(piece.size for piece in _tar_pieces(entries))


def tar_blocks(entries: Iterable[Entry], start: int) -> Iterator[bytes]:
    """Yield a tar from byte ``start`` on; what comes before is neither made nor read."""
    for piece in _tar_pieces(entries):
        if start < piece.size:
            yield from piece.blocks(start)
        start = max(start - piece.size, 0)


def zip_length(entries: Iterable[Entry]) -> int:
    """Return the length of a zip."""
    offset = central = count = 0
    for entry in entries:
        size = entry.content.size
        is_long = size > ZIP64_LIMIT
        info = _zip_info(entry)
        info.flag_bits = _ZIP_SIZES_FOLLOW
        header = len(info.FileHeader(is_long))
        name = header - _ZIP_LOCAL - (20 if is_long else 0)
        long_fields = (2 if is_long else 0) + (1 if offset > ZIP64_LIMIT else 0)
        central += _ZIP_CENTRAL + name + (4 + 8 * long_fields if long_fields else 0)
        offset += header + size + (_ZIP64_SIZES if is_long else _ZIP_SIZES)
        count += 1
    is_long = count > ZIP_FILECOUNT_LIMIT or offset > ZIP64_LIMIT or central > ZIP64_LIMIT
    return offset + central + _ZIP_END + (_ZIP64_ENDS if is_long else 0)


def zip_blocks(entries: Iterable[Entry], start: int) -> Iterator[bytes]:
    """Yield a zip from byte ``start`` on; what comes before is read for its checksums."""
    for block in _zip_from_the_start(entries):
        if start < len(block):
            yield block[start:] if start else block
        start = max(start - len(block), 0)


FORMATS = {
    "zip": ArchiveFormat("application/zip", zip_length, zip_blocks),
    "tar": ArchiveFormat("application/x-tar", tar_length, tar_blocks),
}


def _tar_pieces(entries: Iterable[Entry]) -> Iterator[Content]:
    for name, content in entries:
        header = TarInfo(name)
        header.size, header.mode, header.mtime = content.size, _MODE, content.mtime_ns // 10**9
        yield Text(header.tobuf(PAX_FORMAT, "utf-8"))
        yield content
        yield Text(bytes(-content.size % _TAR_RECORD))
    yield Text(bytes(2 * _TAR_RECORD))


class _Written:
    """Takes what ``ZipFile`` writes; it cannot seek, so sizes and checksums follow each file."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self.size = 0

    def write(self, block: bytes) -> int:
        self._blocks.append(block)
        self.size += len(block)
        return len(block)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        """Return all that was written since the last time."""
        blocks, self._blocks, self.size = self._blocks, [], 0
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def _zip_from_the_start(entries: Iterable[Entry]) -> Iterator[bytes]:
    written = _Written()
    with ZipFile(written, "w", ZIP_STORED) as archive:  # type: ignore[call-overload]
        for entry in entries:
            with archive.open(_zip_info(entry), "w", force_zip64=entry.content.size > ZIP64_LIMIT) as file:
                for block in entry.content.blocks():
                    file.write(block)
                    if written.size >= BLOCK_BYTES:
                        yield written.take()
    yield written.take()


def _zip_info(entry: Entry) -> ZipInfo:
    earliest, latest = _ZIP_YEARS
    written_at = time.localtime(entry.content.mtime_ns // 10**9)[:6]
    info = ZipInfo(entry.name, min(max(written_at, earliest), latest))
    info.external_attr = (stat.S_IFREG | _MODE) << 16
    return info
