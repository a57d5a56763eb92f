"""What a reader sees of an HDF5 file: groups and datasets that the guard has let through."""

from __future__ import annotations

from pathlib import Path
from types import EllipsisType
from typing import TYPE_CHECKING

import h5py
import numpy as np

from workflows import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processing.nexus.guard import H5Reader

__all__ = ["MAX_READ_BYTES", "Node"]

MAX_READ_BYTES = 1 << 29
"""Largest selection, and largest chunk, read at once."""

MAX_ATTRIBUTE_BYTES = 1 << 16

Selection = int | slice | EllipsisType


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

    def __getitem__(self, path: str) -> Node:
        """Follow a path from here; errors as for `H5Reader`."""
        full = path if path.startswith("/") else f"{self.path.rstrip('/')}/{path}"
        return Node(self.reader, full, self.reader.follow(self.found, path, hops=0))

    def get(self, path: str) -> Node | None:
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
