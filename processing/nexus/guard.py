"""The only way HDF5 is opened for reading.

An HDF5 file can point out of itself in three ways: external links, raw external storage and
virtual datasets, and the library follows all of them by itself, anywhere on the machine.
`open_h5` follows them one step at a time and only inside the given roots.  It also refuses a
virtual dataset whose source is missing, for which the library would return zeros.
"""

import re
from pathlib import Path
from typing import Self

import h5py
import hdf5plugin  # noqa: F401 -- registers the compression filters of the detectors

from processing.nexus.h5_file import open_file
from processing.nexus.node import Node
from processing.nexus.place import OutsideRoots, Roots, confine, confined, contained_path, real_paths
from workflows import InputError

__all__ = [
    "H5Reader",
    "MissingSource",
    "Node",
    "NotThere",
    "OutsideRoots",
    "Roots",
    "confine",
    "confined",
    "contained_path",
    "is_hdf5",
    "open_h5",
]

MAX_HOPS = 16
"""Longest chain of soft links, external links and virtual sources."""


class NotThere(InputError):
    """A path inside a file names nothing."""


class MissingSource(InputError):
    """A virtual dataset lacks a source; ``dataset`` may be read only where its sources were checked."""

    def __init__(self, text: str, dataset: h5py.Dataset) -> None:
        super().__init__(text)
        self.dataset = dataset


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
        self.close()

    def close(self) -> None:
        """Close all files."""
        self.close_linked()
        self._first.close()

    def close_linked(self, *, more_than: int = 0) -> None:
        """Close the files that links have led to, if there are more than so many.

        What was found in them is of no use any more.
        """
        if len(self._files) <= more_than:
            return
        for real in [real for real, file in self._files.items() if file is not self._first]:
            self._files.pop(real).close()

    def __getitem__(self, path: str) -> Node:
        """Follow a path from the root of the file.

        Raises
        ------
        InputError
            Nothing is there, a link on the way is broken, leaves the roots or goes in a
            circle, or the dataset takes its values from a missing or forbidden file.
        """
        return Node(self, path, self.follow(self._first["/"], path, hops=0))

    def glance(self, path: str) -> Node:
        """Follow a path as ``[]`` does, and leave the check of a dataset's storage to its reading.

        Its shape and type stand in the file itself and may be shown, be its values there or not.
        """
        return Node(self, path, self._walk(self._first["/"], path, 0), is_checked=False)

    def open(self, path: Path | str, name: str | None = None) -> h5py.File:
        """Open a file inside the roots, once; ``name`` is what errors call it."""
        real = contained_path(path, self.roots, name=name)
        if real not in self._files:
            self._files[real] = open_file(real)
        return self._files[real]

    def follow(self, start: h5py.Group, path: str, hops: int) -> h5py.Group | h5py.Dataset:
        """Walk a path link by link, and check the storage of a dataset at its end."""
        found = self._walk(start, path, hops)
        self.check(found, hops)
        return found

    def _walk(self, start: h5py.Group, path: str, hops: int) -> h5py.Group | h5py.Dataset:
        found = start.file["/"] if path.startswith("/") else start
        for name in path.split("/"):
            if name not in ("", "."):
                found = self._step(found, name, hops)
        return found

    def _step(self, group: h5py.Group, name: str, hops: int) -> h5py.Group | h5py.Dataset:
        where = f"{group.name.rstrip('/')}/{name} in {Path(group.file.filename).name}"
        if hops > MAX_HOPS:
            raise InputError(f"{where} is behind more than {MAX_HOPS} links")
        try:
            link = group.get(name, getlink=True) if isinstance(group, h5py.Group) else None
        except TypeError:
            raise InputError(f"{where} is a link of an unknown kind") from None
        except UnicodeError:
            raise InputError(f"{_readable(where)} has a name that is not UTF-8") from None
        match link:
            case None:
                raise NotThere(f"There is no {where}")
            case h5py.SoftLink():
                return self._walk(group, link.path, hops + 1)
            case h5py.ExternalLink():
                target = self.open(_beside(group, link.filename), link.filename)
                return self._walk(target["/"], link.path, hops + 1)
        try:
            return group[name]
        except (KeyError, OSError, RuntimeError):
            raise InputError(f"{where} is damaged") from None

    def check(self, found: h5py.Group | h5py.Dataset, hops: int = 0) -> None:
        """Check every file outside its own that the library would read a dataset from.

        Raises
        ------
        InputError
            One of them is missing or outside the roots.
        """
        if isinstance(found, h5py.Dataset):
            self._check_storage(found, hops)

    def _check_storage(self, dataset: h5py.Dataset, hops: int) -> None:
        key = (dataset.file.filename, h5py.h5o.get_info(dataset.id).addr)
        if key in self._checked:
            return
        for filename, _offset, _size in dataset.external or ():
            if not Path(filename).is_absolute():  # the library would look in the current directory
                raise InputError(f"{dataset.name} takes its values from {filename!r}, not a full path")
            contained_path(filename, self.roots)
        if dataset.is_virtual:
            for source in dict.fromkeys((s.file_name, s.dset_name) for s in dataset.virtual_sources()):
                self.open_source(dataset, *source, hops=hops)
        self._checked.add(key)

    def open_source(
        self, dataset: h5py.Dataset, filename: str, path: str, *, hops: int = 0
    ) -> h5py.Group | h5py.Dataset:
        """Open what a virtual dataset names as its source, with the sources of that one checked too.

        Raises
        ------
        MissingSource, OutsideRoots
            It is not there, or damaged; or it is outside the roots.
        """
        if re.search(r"(?<!%)(%%)*%b", filename + path):
            raise InputError(f"{dataset.name} is a virtual dataset over numbered files: not supported here")
        try:
            name = filename.replace("%%", "%")
            source = dataset.file if name == "." else self.open(_beside(dataset, name), name)
            return self.follow(source["/"], path.replace("%%", "%"), hops + 1)
        except InputError as error:
            text = (
                f"The virtual dataset {dataset.name} in {Path(dataset.file.filename).name} lacks a source "
                f"and would read as zeros: {error}"
            )
            if isinstance(error, OutsideRoots):
                raise OutsideRoots(text) from None
            raise MissingSource(text, dataset) from None


def _readable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _beside(found: h5py.Group | h5py.Dataset, filename: str) -> Path:
    """Resolve a file name inside a file as the library does: from the folder of that file."""
    return Path(found.file.filename).parent / filename
