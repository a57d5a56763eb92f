"""Build a large HDF5 file on the disk: whole or not at all, readable as it grows."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from processing.nexus.tree import ROOM_BYTES, disk_errors, part_of, take_room
from workflows import InputError

__all__ = ["StreamedFile", "streamed_file"]

# Every HDF5 library since 1.10 reads these files; older forms cannot be read as they grow.
_FORM = {"libver": ("v110", "v110"), "locking": False}


class StreamedFile:
    """A file that grows under another name than its own; a copy of an older one grows on.

    Attributes
    ----------
    path : path
        Where it is until it is whole.
    file : h5py.File
        Another one after `end_reading`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_new = not path.exists()
        self.file: h5py.File = h5py.File(path, "w" if self._is_new else "r+", **_FORM)
        self._room = 0

    def let_read(self) -> None:
        """Let others read from now on (SWMR); nothing but values can be added any more.

        Not to a file that was there before: its form may be too old.
        """
        if self._is_new:
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
def streamed_file(path: Path, *, add: bool = False) -> Iterator[StreamedFile]:
    """Build a file on the disk; it has its own name when it is whole and on the disk.

    Parameters
    ----------
    add : bool
        Add to the file that is there already, if there is one: to a copy, which replaces it.

    Raises
    ------
    InputError
        The folder does not exist; or the file was changed meanwhile, and stays as it was changed.
    OSError
        The disk is full (errno 28) or cannot be written, or the old file is no HDF5 file; what is
        there stays as it is.
    """
    before = _state(path) if add else None
    with part_of(path) as beside, disk_errors(path):
        if before is not None:
            shutil.copyfile(path, beside)
        streamed = StreamedFile(beside)
        try:
            yield streamed
            streamed.end_reading()  # HDF5 gives back the room that was not needed
        finally:
            streamed.file.close()
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        if add and _state(path) != before:
            raise InputError(f"The file {path} was changed by another program: try again")


def _state(path: Path) -> tuple[int, int, int] | None:
    """Tell two contents of a file apart; None without a file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
