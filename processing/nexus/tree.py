"""Build NeXus files: whole or not at all, the same bytes for the same content.

Small files are built in memory and written by ordinary file calls, so that a full disk is an
`OSError` with its number, and never a half-written file under its final name.  Large ones are
built on the disk, see `processing.nexus.streamed_file`.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any

import h5py

from workflows import InputError

IN_MEMORY_BYTES = 1 << 24
"""A larger file is changed in place."""

ROOM_BYTES = 1 << 20
"""Taken on the disk ahead of what is asked for, for HDF5's own structures."""


@contextmanager
def new_file(path: Path) -> Iterator[h5py.File]:
    """Build a file in memory and write it at the end; nothing is written after an error.

    Raises
    ------
    InputError
        The folder does not exist.
    OSError
        The disk is full (errno 28) or cannot be written.
    """
    with h5py.File(path.name, "w", driver="core", backing_store=False) as file:
        yield file
        file.flush()
        content = file.id.get_file_image()
    write_whole(path, content)


@contextmanager
def changed_file(path: Path, *, added_bytes: int = 0) -> Iterator[h5py.File]:
    """Change a file: a small one in memory and then at once, a large one in place.

    A process that is killed while it changes a large file leaves a broken one: publish a file
    after it was changed, never before.

    Parameters
    ----------
    added_bytes : int
        About how much will be added; room for it is taken on the disk first.

    Raises
    ------
    OSError
        It is no HDF5 file; or the disk is full (errno 28) or cannot be written, and the file is
        what it was.
    """
    with disk_errors(path):
        size = path.stat().st_size
        if size > IN_MEMORY_BYTES:
            take_room(path, size + added_bytes + ROOM_BYTES)
            with h5py.File(path, "r+") as file:
                yield file
            return
        with h5py.File(path, "r+", driver="core", backing_store=False) as file:
            yield file
            file.flush()
            content = file.id.get_file_image()
    write_whole(path, content)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Give a full disk or quota its number: HDF5 reports it in words only."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        for number in (errno.ENOSPC, errno.EDQUOT):
            if os.strerror(number) in str(error):
                raise OSError(number, os.strerror(number), str(path)) from error
        raise


def take_room(path: Path, n_bytes: int) -> None:
    """Let a file have ``n_bytes`` on the disk; what it holds stays as it is.

    HDF5 can neither close a file nor end the process in peace once the disk was full under it,
    so the room for what it will write is taken before.  It gives back what it did not need.

    Raises
    ------
    OSError
        The disk is full (errno 28), or the quota is used up; the file has its old length.
    """
    with path.open("r+b") as file:
        length = os.fstat(file.fileno()).st_size
        if n_bytes <= length:
            return
        try:
            os.posix_fallocate(file.fileno(), 0, n_bytes)
        except OSError as error:
            file.truncate(length)
            raise OSError(error.errno, error.strerror, str(path)) from None


def put_group(parent: h5py.Group, name: str, nx_class: str, **attributes: Any) -> h5py.Group:
    """Add a group of a NeXus class."""
    group = parent.create_group(name)
    group.attrs.update(NX_class=nx_class, **attributes)
    return group


def put_values(group: h5py.Group, name: str, value: Any, **attributes: Any) -> None:
    """Add a dataset with attributes, without the time, so that equal content is equal bytes."""
    group.create_dataset(name, data=value, track_times=False).attrs.update(attributes)


def now_text() -> str:
    """Return the time to the second, as NeXus writes it."""
    return datetime.fromtimestamp(round(time()), tz=UTC).isoformat()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name, then give it its own; an old one is replaced at once."""
    with part_of(path) as beside, beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def part_of(path: Path) -> Iterator[Path]:
    """Give a file another name beside its own while it is written, and its own one at the end.

    Raises
    ------
    InputError
        The folder does not exist.
    """
    if not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} does not exist")
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
