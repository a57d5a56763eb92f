"""Build NeXus files: whole or not at all, the same bytes for the same content.

Small files are built in memory and written by ordinary file calls, so that a full disk is an
`OSError` with its number, and never a half-written file under its final name.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from workflows import InputError

IN_MEMORY_BYTES = 1 << 28
"""A larger file is changed in place."""


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
def changed_file(path: Path) -> Iterator[h5py.File]:
    """Change a file: a small one in memory and then at once, a large one in place.

    Raises
    ------
    OSError
        It is no HDF5 file; or the disk is full (errno 28) or cannot be written.
    """
    try:
        if path.stat().st_size > IN_MEMORY_BYTES:
            with h5py.File(path, "r+") as file:
                yield file
            return
        with h5py.File(path, "r+", driver="core", backing_store=False) as file:
            yield file
            file.flush()
            content = file.id.get_file_image()
    except (OSError, RuntimeError) as error:
        if "No space left" in str(error):  # HDF5 reports it in words only
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise
    write_whole(path, content)


def put_group(parent: h5py.Group, name: str, nx_class: str, **attributes: Any) -> h5py.Group:
    """Add a group of a NeXus class."""
    group = parent.create_group(name)
    group.attrs.update(NX_class=nx_class, **attributes)
    return group


def put_values(group: h5py.Group, name: str, value: Any, **attributes: Any) -> None:
    """Add a dataset with attributes, without the time, so that equal content is equal bytes."""
    group.create_dataset(name, data=value, track_times=False).attrs.update(attributes)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name, then give it its own; an old one is replaced at once."""
    if not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} does not exist")
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
