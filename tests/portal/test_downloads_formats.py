"""Archives beyond what the first zips and tars could hold, read by the standard library."""

import io
import tarfile
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from portal.storage.archive_formats import FORMATS, Entry
from portal.storage.files import Text

BLOCK = bytes(1 << 18)


@dataclass(frozen=True)
class Zeros:
    """A file of so many zeros that needs no room."""

    size: int
    mtime_ns: int = 0

    def blocks(self, start=0):
        for place in range(start, self.size, len(BLOCK)):
            yield BLOCK[: self.size - place]


class Ends(io.RawIOBase):
    """The beginning and the end of an archive, which is all that is looked at of a huge one."""

    def __init__(self, kind, entries):
        self._first = self._last = b""
        self.length = self._place = 0
        for block in FORMATS[kind].blocks(entries, 0):
            self._first = self._first or block
            self._last = (self._last + block)[-(1 << 16) :] if len(block) < 1 << 16 else block
            self.length += len(block)

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self._place

    def seek(self, offset, whence=io.SEEK_SET):
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.length}[whence]
        return self._place

    def readinto(self, buffer):
        from_end = self.length - self._place
        part = self._last[-from_end:] if 0 < from_end <= len(self._last) else self._first[self._place :]
        part = part[: len(buffer)]
        assert part or from_end == 0
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)


@pytest.mark.parametrize("size", [2**31 - 1, 2**32])
def test_a_zip_holds_a_file_of_four_gigabytes_and_what_comes_after_it(size):
    entries = [Entry("huge.h5", Zeros(size)), Entry("last.txt", Text(b"the last"))]

    ends = Ends("zip", entries)

    assert ends.length == FORMATS["zip"].length(entries)
    with zipfile.ZipFile(ends) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        last = archive.read("last.txt")
        with archive.open("huge.h5") as huge:
            first = huge.read(10)
    assert sizes == {"huge.h5": size, "last.txt": 8}
    assert (first, last) == (bytes(10), b"the last")


def test_a_tar_holds_a_file_of_eight_gigabytes_and_what_comes_after_it():
    entries = [Entry("huge.h5", Zeros(2**33 + 1)), Entry("last.txt", Text(b"the last"))]

    ends = Ends("tar", entries)

    assert ends.length == FORMATS["tar"].length(entries)
    with tarfile.open(fileobj=ends) as archive:
        sizes = {member.name: member.size for member in archive.getmembers()}
        last = archive.extractfile("last.txt").read()
    assert sizes == {"huge.h5": 2**33 + 1, "last.txt": 8}
    assert last == b"the last"


@pytest.mark.parametrize("n_files", [2**16 - 2, 2**16 - 1, 2**16])
def test_a_zip_lists_more_files_than_an_old_one_could(n_files):
    entries = [Entry(f"{number}.txt", Text(b"")) for number in range(n_files)]

    body = b"".join(FORMATS["zip"].blocks(entries, 0))

    assert len(body) == FORMATS["zip"].length(entries)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.namelist() == [entry.name for entry in entries]


def test_a_zip_tells_the_time_of_a_file_wherever_and_whenever_it_is_made(settings):
    written_at = datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
    entries = [Entry("scan/λ.h5", Text(b"counts", int(written_at.timestamp()) * 10**9))]
    in_utc = b"".join(FORMATS["zip"].blocks(entries, 0))

    settings.TIME_ZONE = "Asia/Tokyo"
    elsewhere = b"".join(FORMATS["zip"].blocks(entries, 0))

    assert elsewhere == in_utc
    with zipfile.ZipFile(io.BytesIO(in_utc)) as archive:
        info = archive.getinfo("scan/λ.h5")
    assert info.date_time == (2020, 2, 3, 4, 5, 6)
    assert info.external_attr >> 16 == 0o100644


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("year", [1902, 1970, 2107, 2200])
def test_a_file_of_any_time_can_be_archived(kind, year):
    written_ns = (year - 1970) * 31_556_952 * 10**9
    entries = [Entry("old.txt", Text(b"old", written_ns))]

    body = b"".join(FORMATS[kind].blocks(entries, 0))

    assert len(body) == FORMATS[kind].length(entries)
    if kind == "zip":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            assert archive.testzip() is None
    else:
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            assert archive.getmember("old.txt").mtime == written_ns // 10**9
