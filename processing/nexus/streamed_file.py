"""Build a large HDF5 file on the disk: whole or not at all, readable as it grows."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from processing.nexus.tree import ROOM_BYTES, disk_errors, part_of, take_room

__all__ = ["StreamedFile", "streamed_file"]

# Every HDF5 library since 1.10 reads these files; older forms cannot be read as they grow.
_FORM = {"libver": ("v110", "v110"), "locking": False}


class StreamedFile:
    """A file that grows under another name than its own.

    Attributes
    ----------
    path : path
        Where it is until it is whole.
    file : h5py.File
        Another one after `end_reading`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: h5py.File = h5py.File(path, "w", **_FORM)
        self._room = 0

    def let_read(self) -> None:
        """Let others read from now on (SWMR); nothing but values can be added any more."""
        self.file.swmr_mode = True

    def end_reading(self) -> None:
        """Let everything be added again; those who read have to open the file again."""
        self.file.close()
        self.file = h5py.File(self.path, "r+", **_FORM)

    def take_room(self, n_bytes: int) -> None:
        """Take the room on the disk for values of ``n_bytes``, see `processing.nexus.tree.take_room`."""
        needed = self.file.id.get_filesize() + n_bytes + ROOM_BYTES
        if needed > self._room:
            self._room = needed + ROOM_BYTES
            take_room(self.path, self._room)


@contextmanager
def streamed_file(path: Path) -> Iterator[StreamedFile]:
    """Build a file on the disk; it has its own name when it is whole and on the disk.

    Raises
    ------
    InputError
        The folder does not exist.
    OSError
        The disk is full (errno 28) or cannot be written; there is no new file then.
    """
    with part_of(path) as beside, disk_errors(path):
        streamed = StreamedFile(beside)
        try:
            yield streamed
            streamed.end_reading()  # HDF5 gives back the room that was not needed
        finally:
            streamed.file.close()
        with beside.open("rb") as written:
            os.fsync(written.fileno())
