"""Write sums of images into an HDF5 file, as ewoksxrpd lays them out, whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np

from processing.nexus.place import contained_path
from processing.nexus.tree import (
    ROOM_BYTES,
    disk_errors,
    now_text,
    part_of,
    put_group,
    put_values,
    take_room,
)
from workflows import InputError

__all__ = ["ImageResults", "added_images"]


class ImageResults:
    """An NXdata of images, of which the first is the one that is shown.

    Beside ``<name>`` stand ``<name>_nb_images`` and, where known, ``<name>_monitor``.
    """

    def __init__(self, group: h5py.Group, path: Path) -> None:
        self._group, self._path = group, path

    def put(self, name: str, image: np.ndarray, *, n_frames: int, monitor: float | None) -> tuple[str, str]:
        """Add an image (rows, columns); return its location and that of its monitor ("" without)."""
        self._take_room(image.nbytes)
        put_values(self._group, f"{name}_nb_images", n_frames)
        stored = self._group.create_dataset(
            name,
            data=image,
            chunks=image.shape,
            track_times=False,
            **hdf5plugin.Bitshuffle(cname="lz4"),
        )
        stored.attrs["interpretation"] = "image"
        self._group.attrs.setdefault("signal", name)
        url = f"{self._path}::{self._group.name}/{name}"
        if monitor is None:
            return url, ""
        put_values(self._group, f"{name}_monitor", monitor)
        return url, f"{url}_monitor"

    def _take_room(self, n_bytes: int) -> None:
        file = self._group.file
        take_room(Path(file.filename), file.id.get_filesize() + n_bytes + ROOM_BYTES)


@contextmanager
def added_images(path: Path, *, entry: str, process: str) -> Iterator[ImageResults]:
    """Add ``/<entry>/<process>/results`` to an HDF5 file, or to a new one.

    What is there already is copied first: the file is as it was until the new group is whole.

    Raises
    ------
    InputError
        The folder does not exist, the file is not HDF5, or it has such a process already.
    OSError
        The disk is full or cannot be written.
    """
    with part_of(path) as beside, disk_errors(path):
        if path.exists():
            shutil.copyfile(contained_path(path), beside)
        with _opened(beside, path.name) as file:
            yield ImageResults(_new_results(file, entry, process, path.name), path)
        with beside.open("rb") as written:
            os.fsync(written.fileno())


def _opened(path: Path, name: str) -> h5py.File:
    if path.exists() and not h5py.is_hdf5(path):
        raise InputError(f"The file {name} is not an HDF5 file")
    return h5py.File(path, "a")


def _new_results(file: h5py.File, entry: str, process: str, name: str) -> h5py.Group:
    for part in (entry, process):
        if not part or "/" in part or part in (".", ".."):
            raise InputError(f"{part!r} cannot be the name of a group in {name}")
    if not isinstance(file.get(entry, getlink=True, default=h5py.HardLink()), h5py.HardLink):
        raise InputError(f"{entry} of {name} is a link to another place")
    group = file[entry] if entry in file else file.create_group(entry)
    if not isinstance(group, h5py.Group):
        raise InputError(f"{entry} of {name} is not a group")
    if process in group:
        raise InputError(f"There is {entry}/{process} in {name} already: give another output_process")
    file.attrs.setdefault("NX_class", "NXroot")
    file.attrs.setdefault("default", entry)
    group.attrs.setdefault("NX_class", "NXentry")
    group.attrs["default"] = process
    made = put_group(group, process, "NXprocess", default="results")
    put_values(made, "program", "reprise")
    put_values(made, "date", now_text())
    return put_group(made, "results", "NXdata", interpretation="image")
