"""The only way HDF5 is opened for reading.

An HDF5 file can point out of itself in three ways: external links, raw external storage and
virtual datasets, and the library follows all of them by itself, anywhere on the machine.
`open_h5` follows them one step at a time and only inside the given roots.  It also refuses a
virtual dataset whose source is missing, for which the library would return zeros.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from types import EllipsisType
from typing import Self

import h5py
import hdf5plugin  # noqa: F401 -- registers the compression filters of the detectors
import numpy as np

from processing.nexus.place import Roots, confine, confined, contained_path, real_paths
from workflows import InputError

__all__ = ["H5Reader", "Node", "Roots", "confine", "confined", "contained_path", "is_hdf5", "open_h5"]

MAX_HOPS = 16
"""Longest chain of soft links, external links and virtual sources."""

MAX_READ_BYTES = 1 << 29
"""Largest selection, and largest chunk, read at once."""

MAX_ATTRIBUTE_BYTES = 1 << 16

Selection = int | slice | EllipsisType


def is_hdf5(path: Path | str, roots: Roots | None = None) -> bool:
    """Whether the file's content is HDF5, whatever its name."""
    return bool(h5py.is_hdf5(contained_path(path, roots)))


def open_h5(path: Path | str, roots: Roots | None = None) -> "H5Reader":
    """Open an HDF5 file for reading; use it in a ``with`` statement.

    Raises
    ------
    InputError
        As for `contained_path`; or the file is truncated, or not HDF5.
    """
    return H5Reader(path, None if roots is None else real_paths(roots))


class H5Reader:
    """An open HDF5 file together with the files its links lead to."""

    def __init__(self, path: Path | str, roots: tuple[Path, ...] | None) -> None:
        self.roots = roots
        self._files: dict[Path, h5py.File] = {}
        self._checked: set[tuple[str, int]] = set()
        self._first = self.open(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_linked()
        self._first.close()

    def close_linked(self) -> None:
        """Close the files that links have led to; what was found in them is of no use any more."""
        for real in [real for real, file in self._files.items() if file is not self._first]:
            self._files.pop(real).close()

    def __getitem__(self, path: str) -> "Node":
        """Follow a path from the root of the file.

        Raises
        ------
        InputError
            Nothing is there, a link on the way is broken, leaves the roots or goes in a
            circle, or the dataset takes its values from a missing or forbidden file.
        """
        return Node(self, path, self.follow(self._first["/"], path, hops=0))

    def open(self, path: Path | str, name: str | None = None) -> h5py.File:
        """Open a file inside the roots, once; ``name`` is what errors call it."""
        real = contained_path(path, self.roots, name=name)
        if real not in self._files:
            try:
                self._files[real] = h5py.File(real, "r", locking=False)
            except OSError as error:
                raise InputError(_why_not_opened(real, str(error))) from None
        return self._files[real]

    def follow(self, start: h5py.Group, path: str, hops: int) -> h5py.Group | h5py.Dataset:
        """Walk a path link by link, and check the storage of a dataset at its end."""
        found = start.file["/"] if path.startswith("/") else start
        for name in path.split("/"):
            if name not in ("", "."):
                found = self._step(found, name, hops)
        if isinstance(found, h5py.Dataset):
            self._check_storage(found, hops)
        return found

    def _step(self, group: h5py.Group, name: str, hops: int) -> h5py.Group | h5py.Dataset:
        where = f"{group.name.rstrip('/')}/{name} in {Path(group.file.filename).name}"
        if hops > MAX_HOPS:
            raise InputError(f"{where} is behind more than {MAX_HOPS} links")
        try:
            link = group.get(name, getlink=True) if isinstance(group, h5py.Group) else None
        except TypeError:
            raise InputError(f"{where} is a link of an unknown kind") from None
        match link:
            case None:
                raise InputError(f"There is no {where}")
            case h5py.SoftLink():
                return self.follow(group, link.path, hops + 1)
            case h5py.ExternalLink():
                target = self.open(_beside(group, link.filename), link.filename)
                return self.follow(target["/"], link.path, hops + 1)
        try:
            return group[name]
        except (KeyError, OSError, RuntimeError):
            raise InputError(f"{where} is damaged") from None

    def _check_storage(self, dataset: h5py.Dataset, hops: int) -> None:
        """Check every file outside its own that the library would read a dataset from."""
        key = (dataset.file.filename, h5py.h5o.get_info(dataset.id).addr)
        if key in self._checked:
            return
        for filename, _offset, _size in dataset.external or ():
            if not Path(filename).is_absolute():  # the library would look in the current directory
                raise InputError(f"{dataset.name} takes its values from {filename!r}, not a full path")
            contained_path(filename, self.roots)
        if dataset.is_virtual:
            for source in dict.fromkeys((s.file_name, s.dset_name) for s in dataset.virtual_sources()):
                self._check_source(dataset, *source, hops=hops)
        self._checked.add(key)

    def _check_source(self, dataset: h5py.Dataset, filename: str, path: str, hops: int) -> None:
        if re.search(r"(?<!%)(%%)*%b", filename + path):
            raise InputError(f"{dataset.name} is a virtual dataset over numbered files: not supported here")
        try:
            name = filename.replace("%%", "%")
            source = dataset.file if name == "." else self.open(_beside(dataset, name), name)
            self.follow(source["/"], path.replace("%%", "%"), hops + 1)
        except InputError as error:
            raise InputError(
                f"The virtual dataset {dataset.name} in {Path(dataset.file.filename).name} lacks a source "
                f"and would read as zeros: {error}"
            ) from None


class Node:
    """A group, dataset or named type that the guard has let through."""

    def __init__(self, reader: H5Reader, path: str, found: h5py.Group | h5py.Dataset) -> None:
        self.reader = reader
        self.path = path
        self.found = found
        """The h5py object; a dataset may be read from freely, a group is to be asked through the guard."""
        self.is_group = isinstance(found, h5py.Group)
        self.is_dataset = isinstance(found, h5py.Dataset)

    @property
    def filename(self) -> Path:
        """The file it really is in, after the links."""
        return Path(self.found.file.filename)

    def __getitem__(self, path: str) -> "Node":
        """Follow a path from here; errors as for `H5Reader`."""
        full = path if path.startswith("/") else f"{self.path.rstrip('/')}/{path}"
        return Node(self.reader, full, self.reader.follow(self.found, path, hops=0))

    def get(self, path: str) -> "Node | None":
        """Follow a path from here, or None where nothing can be reached."""
        try:
            return self[path]
        except InputError:
            return None

    def names(self) -> Iterable[str]:
        """Names of the children, in the order of the file; none for a dataset."""
        return iter(self.found) if self.is_group else iter(())

    def attribute(self, name: str, default: object = None) -> object:
        """Value of an attribute; the default where it is absent, too large or unreadable.

        Texts are str, also where a program has written a list of one text.
        """
        try:
            if h5py.h5a.open(self.found.id, name.encode()).get_storage_size() > MAX_ATTRIBUTE_BYTES:
                return default
            value = self.found.attrs[name]
        except (KeyError, OSError, TypeError, ValueError):
            return default
        if isinstance(value, np.ndarray) and value.dtype.kind in "SO":
            value = [_text(item) for item in value.flat]
            return value[0] if len(value) == 1 else value
        return _text(value)

    def read(self, *selection: Selection, max_bytes: int = MAX_READ_BYTES) -> np.ndarray:
        """Read a dataset, or a selection of integers and slices of it.

        Raises
        ------
        InputError
            The selection, or one chunk it needs, is larger than ``max_bytes``; it does not
            fit the shape; or the values cannot be decoded.
        """
        dataset = self.found
        if not self.is_dataset or dataset.shape is None:
            raise InputError(f"{self.path} holds no values")
        self._check_size(selection, max_bytes)
        try:
            return np.asarray(dataset[selection])
        except OSError as error:
            if "errno" in str(error):
                raise
            raise InputError(f"{self.path} in {self.filename.name} cannot be decoded: {error}") from None

    def _check_size(self, selection: tuple[Selection, ...], max_bytes: int) -> None:
        try:
            shape = np.broadcast_to(np.int8(0), self.found.shape)[selection].shape
        except (IndexError, TypeError):
            raise InputError(f"{selection} does not fit {self.path} of shape {self.found.shape}") from None
        for what, size in (("selection", shape), ("chunk", self.found.chunks or ())):
            n_bytes = int(np.prod(size, dtype=object)) * self.found.dtype.itemsize
            if n_bytes > max_bytes:
                raise InputError(
                    f"{self.path} is too large to read at once: "
                    f"a {what} of {n_bytes >> 20} MB, the limit is {max_bytes >> 20} MB"
                )


def _text(value: object) -> object:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _beside(found: h5py.Group | h5py.Dataset, filename: str) -> Path:
    """Resolve a file name inside a file as the library does: from the folder of that file."""
    return Path(found.file.filename).parent / filename


def _why_not_opened(path: Path, error: str) -> str:
    if found := re.search(r"truncated file: eof = (\d+).*stored_eof = (\d+)", error):
        return f"The HDF5 file {path.name} is truncated: it has {found[1]} of {found[2]} bytes"
    if "signature not found" in error:
        return f"The file {path.name} is not an HDF5 file"
    return f"The HDF5 file {path.name} cannot be opened: {error}"
