"""Many files as one archive of known length, which a broken download can be continued of."""

import hashlib
import logging
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.defaultfilters import filesizeformat

from portal.catalogue.errors import Busy, InvalidInput, NotFound, PortalError
from portal.storage.archive_formats import FORMATS, ArchiveFormat, Entry
from portal.storage.attachment import as_attachment
from portal.storage.files import FileChanged, Text
from portal.storage.lists import checksum_line
from portal.storage.paths import DatasetPlace
from portal.storage.ranges import ranged_response
from portal.storage.selection import CHECKSUMS_NAME, Selection, files_of, totals

__all__ = ["MAX_FILES", "ArchiveTooLarge", "archive_response", "refuse_too_large"]

log = logging.getLogger(__name__)

# An entry takes half a kilobyte of memory while a tar is sent, a whole one while a zip is.
MAX_FILES = 200_000


class ArchiveTooLarge(InvalidInput):
    """The selection is above the limit for archives; a list of its files is not."""


def refuse_too_large(*, files: int, size_bytes: int) -> None:
    """Raise ``ArchiveTooLarge`` for more than an archive may hold."""
    limit = settings.ARCHIVE_LIMIT_BYTES
    if size_bytes > limit or files > MAX_FILES:
        raise ArchiveTooLarge(
            f"This is {filesizeformat(size_bytes)} in {files:,} files; one archive holds at most"
            f" {filesizeformat(limit)} in {MAX_FILES:,} files. Fetch the files by a list (format=curl or"
            " format=metalink), which has no limit, or choose fewer datasets."
        )


def archive_response(request: HttpRequest, selection: Selection, kind: str) -> HttpResponseBase:
    """Return all files of a selection as a ``zip`` or ``tar``, not compressed, of exact length.

    It holds a list of checksums too. A broken download is continued by a range: as long as no file
    changes, the bytes and the ETag are the same.

    Raises
    ------
    NotFound
        There is no file, or one of them is not in place.
    ArchiveTooLarge
        See ``refuse_too_large``.
    Busy
        As many archives as the settings allow are on their way.
    """
    registered = totals(selection)
    refuse_too_large(
        files=sum(row.files for row in registered), size_bytes=sum(row.size_bytes for row in registered)
    )
    turn = _Turn()
    try:
        archive = _planned(selection, kind)
        response = ranged_response(
            request,
            etag=archive.etag,
            size=archive.length,
            body=lambda start, length: StreamingHttpResponse(_Sending(archive, start, length, turn)),
        )
    except BaseException:
        turn.end()
        raise
    if not response.streaming:
        turn.end()
    # A proxy passes on what comes, instead of filling its disk.
    response["X-Accel-Buffering"] = "no"
    return as_attachment(response, f"{selection.title}.{kind}", archive.format.content_type)


@dataclass(frozen=True)
class _Archive:
    """An archive before its first byte is sent."""

    title: str
    format: ArchiveFormat
    entries: list[Entry]
    length: int
    etag: str

    def blocks(self, start: int, length: int) -> Generator[bytes]:
        """Yield exactly so many bytes, or fail: a short answer must not pass for the end."""
        left = length
        for block in self.format.blocks(self.entries, start):
            yield block[:left] if left < len(block) else block
            left -= len(block)
            if left <= 0:
                return
        raise FileChanged(f"The archive is {left} bytes shorter than announced.")


def _planned(selection: Selection, kind: str) -> _Archive:
    """Look at every file once and decide everything that the archive's bytes depend on."""
    entries, checksums = _entries(selection)
    if not entries:
        raise NotFound(f"{selection.title} has no files to download.")
    refuse_too_large(files=len(entries), size_bytes=sum(entry.content.size for entry in entries))
    newest = max(entry.content.mtime_ns for entry in entries)
    entries.insert(0, Entry(CHECKSUMS_NAME, Text(checksums, newest)))
    form = FORMATS[kind]
    # A download must not go on in an archive of another layout.
    seen = hashlib.sha256(f"{kind} {form.layout}\n".encode() + checksums)
    for name, content in entries:
        seen.update(f"{name}\0{content.size}\0{content.mtime_ns}\0".encode())
    return _Archive(selection.title, form, entries, form.length(entries), f'"{seen.hexdigest()[:32]}"')


def _entries(selection: Selection) -> tuple[list[Entry], bytes]:
    """Return the files as they are on disk, and the list of their registered checksums."""
    entries, checksums = [], bytearray()
    place = dataset = None
    for file in files_of(selection.datasets):
        if place is None or file.dataset is not dataset:
            dataset, place = file.dataset, DatasetPlace(file.dataset)
        entries.append(Entry(file.name, place.find(file.registered_name)))
        checksums += checksum_line(file).encode()
    return entries, bytes(checksums)


class _Turn:
    """One of the few archives that a process sends at a time, so that threads are left for pages.

    Raises
    ------
    Busy
        There are as many as the settings allow.
    """

    _lock = threading.Lock()
    _n_running = 0

    def __init__(self) -> None:
        with self._lock:
            if _Turn._n_running >= settings.ARCHIVES_AT_A_TIME:
                raise Busy(
                    "As many archives are being downloaded as this portal can send at a time."
                    " Try again in a minute, or fetch the files by a list (format=curl or format=metalink)."
                )
            _Turn._n_running += 1
        self._is_over = False

    def end(self) -> None:
        """Make room for the next one; a second call does nothing."""
        with self._lock:
            if not self._is_over:
                self._is_over = True
                _Turn._n_running -= 1


class _Sending:
    """The body of an answer: ends its turn when it is closed, whether or not it was ever begun."""

    def __init__(self, archive: _Archive, start: int, length: int, turn: _Turn) -> None:
        self._title, self._turn = archive.title, turn
        self._blocks = archive.blocks(start, length)

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._blocks
        except PortalError as error:
            # The server breaks the connection, which is the only way left to tell the client.
            log.error("The archive of %s broke off: %s", self._title, error)  # noqa: TRY400
            raise

    def close(self) -> None:
        """Let go of the open file, and of the turn."""
        self._blocks.close()
        self._turn.end()
