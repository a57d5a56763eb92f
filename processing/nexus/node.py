"""One object of an HDF5 file, behind the guard."""

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import EllipsisType
from typing import TYPE_CHECKING

import h5py
import numpy as np

from workflows import InputError

if TYPE_CHECKING:
    from processing.nexus.guard import H5Reader

__all__ = ["MAX_READ_BYTES", "Node", "Selection"]

MAX_READ_BYTES = 1 << 29
"""Largest selection, and largest chunk, read at once."""

MAX_ATTRIBUTE_BYTES = 1 << 16

Selection = int | slice | EllipsisType


class Node:
    """A group, dataset or named type that the guard has let through."""

    def __init__(
        self,
        reader: "H5Reader",
        path: str,
        found: h5py.Group | h5py.Dataset,
        *,
        is_checked: bool = True,
    ) -> None:
        self.reader = reader
        self.path = path
        self.found = found
        """The h5py object; a dataset may be read from freely once it ``is_checked``, a group is to be asked
        through the guard."""
        self.is_checked = is_checked
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

    def attribute_names(self, *, most: int) -> Iterator[str]:
        """Names of the first attributes, those left out that are too large to be read at once."""
        for name in islice(self.found.attrs, most):
            if self._is_small(name):
                yield name

    def attribute(self, name: str, default: object = None) -> object:
        """Value of an attribute; the default where it is absent, too large or unreadable.

        Texts are str, also where a program has written a list of one text.
        """
        if not self._is_small(name):
            return default
        try:
            value = self.found.attrs[name]
        except (KeyError, OSError, TypeError, ValueError):
            return default
        if isinstance(value, np.ndarray) and value.dtype.kind in "SO":
            value = [_text(item) for item in value.flat]
            return value[0] if len(value) == 1 else value
        return _text(value)

    def _is_small(self, name: str) -> bool:
        try:
            size: int = h5py.h5a.open(self.found.id, name.encode()).get_storage_size()
        except (KeyError, OSError, ValueError):
            return False
        return size <= MAX_ATTRIBUTE_BYTES

    def read(self, *selection: Selection, max_bytes: int = MAX_READ_BYTES) -> np.ndarray:
        """Read a dataset, or a selection of integers and slices of it.

        Raises
        ------
        InputError
            The selection, or one chunk it needs, is larger than ``max_bytes``; it does not
            fit the shape; the values cannot be decoded; or, after a `H5Reader.glance`, they are
            in a file that is missing or forbidden.
        """
        dataset = self.found
        if not self.is_checked:
            self.reader.check(dataset)
            self.is_checked = True
        if not self.is_dataset or dataset.shape is None:
            raise InputError(f"{self.path} holds no values")
        self._check_size(selection, max_bytes)
        try:
            return np.asarray(dataset[selection])
        except OSError as error:
            if "errno" in str(error):
                raise
            raise InputError(f"{self.path} in {self.filename.name} cannot be decoded: {error}") from None

    def selected_shape(self, *selection: Selection) -> tuple[int, ...]:
        """Return the shape of what a selection of a dataset would read; InputError where it does not fit."""
        shape = self.found.shape
        n_left_out = len(shape) - sum(item is not Ellipsis for item in selection)
        place = selection.index(Ellipsis) if Ellipsis in selection else len(selection)
        full = (*selection[:place], *[slice(None)] * n_left_out, *selection[place + 1 :])
        if n_left_out < 0 or len(full) != len(shape) or not all(map(_fits, full, shape)):
            raise InputError(f"{selection} does not fit {self.path} of shape {shape}")
        pairs = zip(full, shape, strict=True)
        return tuple(len(range(n)[item]) for item, n in pairs if isinstance(item, slice))

    def bytes_of(self, shape: tuple[int, ...]) -> int:
        """Return the size in memory of so many values of a dataset; of texts, of the references to them."""
        return math.prod(shape) * int(self.found.dtype.itemsize)

    def _check_size(self, selection: tuple[Selection, ...], max_bytes: int) -> None:
        shape = self.selected_shape(*selection)
        for what, size in (("selection", shape), ("chunk", self.found.chunks or ())):
            if (n_bytes := self.bytes_of(size)) > max_bytes:
                raise InputError(
                    f"{self.path} is too large to read at once: "
                    f"a {what} of {n_bytes >> 20} MB, the limit is {max_bytes >> 20} MB"
                )


def _text(value: object) -> object:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _fits(item: Selection, n: int) -> bool:
    """Whether an integer or slice selects from ``n`` values; HDF5 reads forwards only."""
    if isinstance(item, slice):
        return item.step is None or item.step > 0
    return isinstance(item, int) and -n <= item < n
