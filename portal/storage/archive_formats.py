"""The two kinds of archive. The same files give the same bytes each time, so a broken download can go on."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from tarfile import PAX_FORMAT, TarInfo
from typing import NamedTuple

from portal.storage.files import BLOCK_BYTES, Content, Piece, Text
from portal.storage.zip_layout import zip_pieces

__all__ = ["FORMATS", "ArchiveFormat", "Entry"]

_MODE = 0o644
_TAR_RECORD = 512


class Entry(NamedTuple):
    """A file in an archive, under its name there."""

    name: str
    content: Content


@dataclass(frozen=True)
class ArchiveFormat:
    """How entries become one file: a sequence of pieces, each of a size that is known before."""

    content_type: str
    pieces: Callable[[Iterable[Entry]], Iterator[Piece]]

    def length(self, entries: Iterable[Entry]) -> int:
        """Return the number of bytes; no content is read."""
        return sum(piece.size for piece in self.pieces(entries))

    def blocks(self, entries: Iterable[Entry], start: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` on; the pieces before it are passed over."""
        return _gathered(self._blocks(entries, start))

    def _blocks(self, entries: Iterable[Entry], start: int) -> Iterator[bytes]:
        for piece in self.pieces(entries):
            if start < piece.size:
                yield from piece.blocks(start)
            start = max(start - piece.size, 0)


def _tar_pieces(entries: Iterable[Entry]) -> Iterator[Piece]:
    """Yield a tar of the POSIX format with extended headers, which takes any name and size."""
    for name, content in entries:
        header = TarInfo(name)
        header.size, header.mode, header.mtime = content.size, _MODE, content.mtime_ns // 10**9
        yield Text(header.tobuf(PAX_FORMAT, "utf-8"))
        yield content
        yield Text(bytes(-content.size % _TAR_RECORD))
    yield Text(bytes(2 * _TAR_RECORD))


FORMATS = {
    "zip": ArchiveFormat("application/zip", zip_pieces),
    "tar": ArchiveFormat("application/x-tar", _tar_pieces),
}


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
