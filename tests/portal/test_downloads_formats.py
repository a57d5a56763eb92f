"""Archives beyond what the first zips and tars could hold, read by the standard library."""

import io
import tarfile
import zipfile
from dataclasses import dataclass

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


class Archive(io.RawIOBase):
    """An archive that is made while it is read, each time from the place that is asked for."""

    def __init__(self, kind, entries):
        self._format, self._entries, self._place = FORMATS[kind], entries, 0
        self.length = self._format.length(entries)

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
        n_read = 0
        for block in self._format.blocks(self._entries, self._place):
            taken = block[: len(buffer) - n_read]
            buffer[n_read : n_read + len(taken)] = taken
            n_read += len(taken)
            if n_read == len(buffer):
                break
        self._place += n_read
        return n_read


@pytest.mark.parametrize("size", [2**32 - 2, 2**32 - 1])
def test_a_zip_holds_a_file_of_four_gigabytes_and_what_comes_after_it(size):
    entries = [Entry("huge.h5", Zeros(size)), Entry("last.txt", Text(b"the last"))]

    with zipfile.ZipFile(Archive("zip", entries)) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        last = archive.read("last.txt")
        with archive.open("huge.h5") as huge:
            first = huge.read(10)

    assert sizes == {"huge.h5": size, "last.txt": 8}
    assert (first, last) == (bytes(10), b"the last")


def test_a_tar_holds_a_file_of_eight_gigabytes_and_what_comes_after_it():
    entries = [Entry("huge.h5", Zeros(2**33 + 1)), Entry("last.txt", Text(b"the last"))]

    with tarfile.open(fileobj=Archive("tar", entries)) as archive:
        sizes = {member.name: member.size for member in archive.getmembers()}
        last = archive.extractfile("last.txt").read()

    assert sizes == {"huge.h5": 2**33 + 1, "last.txt": 8}
    assert last == b"the last"


def test_a_zip_lists_more_files_than_an_old_one_could():
    entries = [Entry(f"{number}.txt", Text(b"")) for number in range(2**16)]

    body = b"".join(FORMATS["zip"].blocks(entries, 0))

    assert len(body) == FORMATS["zip"].length(entries)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.namelist() == [entry.name for entry in entries]


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
