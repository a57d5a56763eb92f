"""A zip, not compressed, as pieces of known size: what comes where is known before a file is read.

The programs that write a zip as a stream have to read all that comes before a place to begin at it, and
sum it up with a checksum that is slower than a disk. Here a file is read only for its own bytes and for
its checksum, which stands behind it and in the list at the end, and is made by zlib-ng, which is five
times as fast. The layout is that of the specification (APPNOTE 6.3.10, sections 4.3 and 4.5.3).
"""

import stat
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from zlib_ng.zlib_ng import crc32

from portal.storage.files import Content, FoundFile, Piece, Text

__all__ = ["zip_pieces"]

# Names are UTF-8; sizes and checksum follow the bytes.
_FLAGS = 0x0808
_VERSION, _ZIP64_VERSION = 20, 45
_UNIX = 3 << 8
_MODE = (stat.S_IFREG | 0o644) << 16
# From here on a number stands in the zip64 fields instead.
_LONG, _MANY = 0xFFFF_FFFF, 0xFFFF
_EARLIEST, _LATEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)

# Checksums of files as they were seen, so that a download that broke near its end need not read all
# again to say them in the list.
_known_sums: dict[FoundFile, int] = {}
_MAX_KNOWN_SUMS = 20_000
_known_sums_lock = threading.Lock()


def zip_pieces(entries: Iterable[tuple[str, Content]]) -> Iterator[Piece]:
    """Yield a zip of names and contents; nothing is read before a piece is asked for its bytes."""
    listed: list[_Member] = []
    offset = 0
    for name, content in entries:
        member = _Member(name.encode(), _Summed(content), offset)
        listed.append(member)
        pieces: tuple[Piece, ...] = (Text(member.header()), member.content, member.descriptor())
        offset += sum(piece.size for piece in pieces)
        yield from pieces
    central_size = 0
    for member in listed:
        piece = member.listing()
        central_size += piece.size
        yield piece
    yield Text(_end(n_members=len(listed), size=central_size, offset=offset))


class _Summed:
    """A content that sums itself up when it is sent; asked for its sum, it is read unless that is known."""

    def __init__(self, content: Content) -> None:
        self.size, self.mtime_ns = content.size, content.mtime_ns
        self._content = content

    def blocks(self, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes from ``start`` on, after those before were summed up."""
        crc = 0
        for block in self._content.blocks():
            crc = crc32(block, crc)
            if start < len(block):
                yield block[start:] if start else block
            start = max(start - len(block), 0)
        self._keep(crc)

    def crc(self) -> int:
        """Return the checksum."""
        if isinstance(self._content, FoundFile) and (known := _known_sums.get(self._content)) is not None:
            return known
        crc = 0
        for block in self._content.blocks():
            crc = crc32(block, crc)
        self._keep(crc)
        return crc

    def _keep(self, crc: int) -> None:
        if isinstance(self._content, FoundFile):
            with _known_sums_lock:
                _known_sums[self._content] = crc
                if len(_known_sums) > _MAX_KNOWN_SUMS:
                    del _known_sums[next(iter(_known_sums))]


@dataclass(frozen=True, slots=True)
class _Late:
    """Bytes of known number that are made when they are asked for."""

    size: int
    make: Callable[[], bytes]

    def blocks(self, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes from ``start`` on."""
        yield self.make()[start:]


@dataclass(frozen=True, slots=True)
class _Member:
    """One file of a zip, whose header is at ``offset``."""

    name: bytes
    content: _Summed
    offset: int

    def header(self) -> bytes:
        """Return what comes before its bytes."""
        size, extra = (_LONG, struct.pack("<HHQQ", 1, 16, 0, 0)) if self._is_long else (0, b"")
        fields = (self._version, _FLAGS, 0, *self._written_at(), 0, size, size, len(self.name), len(extra))
        return struct.pack("<4s5H3I2H", b"PK\3\4", *fields) + self.name + extra

    def descriptor(self) -> _Late:
        """Return what follows its bytes: their checksum and number."""
        layout = struct.Struct("<4sIQQ" if self._is_long else "<4sIII")
        size = self.content.size
        return _Late(layout.size, lambda: layout.pack(b"PK\7\x08", self.content.crc(), size, size))

    def listing(self) -> _Late:
        """Return its entry in the list at the end."""
        long = ([self.content.size] * 2 if self._is_long else []) + (
            [self.offset] if self.offset >= _LONG else []
        )
        extra = struct.pack(f"<HH{len(long)}Q", 1, 8 * len(long), *long) if long else b""
        return _Late(46 + len(self.name) + len(extra), lambda: self._listing(extra))

    def _listing(self, extra: bytes) -> bytes:
        size, offset = min(self.content.size, _LONG), min(self.offset, _LONG)
        version = _ZIP64_VERSION if extra else _VERSION
        told = (_UNIX | version, version, _FLAGS, 0, *self._written_at(), self.content.crc(), size, size)
        where = (len(self.name), len(extra), 0, 0, 0, _MODE, offset)
        return struct.pack("<4s6H3I5H2I", b"PK\1\2", *told, *where) + self.name + extra

    @property
    def _is_long(self) -> bool:
        return self.content.size >= _LONG

    @property
    def _version(self) -> int:
        return _ZIP64_VERSION if self._is_long else _VERSION

    def _written_at(self) -> tuple[int, int]:
        """Return time and date as MS-DOS wrote them, of the portal's time zone."""
        local = time.localtime(self.content.mtime_ns // 10**9)[:6]
        year, month, day, hour, minute, second = min(max(local, _EARLIEST), _LATEST)
        return hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day


def _end(*, n_members: int, size: int, offset: int) -> bytes:
    """Return what follows the list, which has this size and begins at this offset."""
    end = b""
    if n_members >= _MANY or size >= _LONG or offset >= _LONG:
        counts = (_ZIP64_VERSION, _ZIP64_VERSION, 0, 0, n_members, n_members, size, offset)
        end = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, *counts)
        end += struct.pack("<4sIQI", b"PK\6\7", 0, offset + size, 1)
    n_told = min(n_members, _MANY)
    told = (0, 0, n_told, n_told, min(size, _LONG), min(offset, _LONG), 0)
    return end + struct.pack("<4s4H2IH", b"PK\5\6", *told)
