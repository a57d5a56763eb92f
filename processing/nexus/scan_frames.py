"""The frames of a scan, wherever they are: in a dataset of an HDF5 file, or in an array."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from processing.nexus.frame_files import real_numbers
from processing.nexus.guard import H5Reader, MissingSource, Node, Roots, open_h5
from processing.nexus.images import IMAGE_DIMENSIONS
from processing.nexus.scan_layouts import Place
from processing.nexus.scan_metadata import (
    counter_nodes,
    expected_frames,
    is_finished,
    read_counter,
    read_metadata,
)
from processing.nexus.scan_storage import count_written
from workflows import InputError

__all__ = ["ArrayFrames", "Frames", "H5Frames"]


class Frames(Protocol):
    """Frames that may become more.

    ``n_expected`` is how many there will be, None where nobody knows; ``problem`` why the frames
    after the last one cannot be read, where that is an error; ``chunk`` how many frames are stored
    together.
    """

    shape: tuple[int, int]
    dtype: np.dtype
    n_frames: int
    n_expected: int | None
    problem: str | None
    chunk: int
    url: str
    location: dict[str, Any]

    @property
    def is_finished(self) -> bool:
        """Whether the source says that it is over."""

    def read(self, first: int, last: int) -> np.ndarray:
        """Read frames that are there; array (n, rows, columns)."""

    def refresh(self) -> None:
        """Look again how many frames there are; an InputError leaves the numbers as they were."""

    def counter(self, name: str) -> np.ndarray | None:
        """Read all values of a counter."""

    def counters(self) -> list[str]:
        """Names of the counters."""

    def metadata(self) -> dict[str, Any]:
        """Read what the source says of itself."""

    def close(self) -> None:
        """Close the files."""


class ArrayFrames:
    """An array in memory: (rows, columns) or (..., rows, columns)."""

    problem: str | None = None
    is_finished = True
    chunk = 1
    url = "array"

    def __init__(self, data: np.ndarray) -> None:
        if data.ndim < IMAGE_DIMENSIONS or data.size == 0:
            raise InputError(f"The array is not a stack of images: its shape is {data.shape}")
        self._stack = real_numbers(data, "The array").reshape(-1, *data.shape[-2:])
        self.n_frames, rows, columns = self._stack.shape
        self.n_expected: int | None = self.n_frames
        self.shape, self.dtype = (rows, columns), self._stack.dtype
        self.location: dict[str, Any] = {"array": data}

    def read(self, first: int, last: int) -> np.ndarray:
        """Return a view of the array."""
        return self._stack[first:last]

    def refresh(self) -> None:
        """Do nothing: an array stays as it is."""

    def counter(self, name: str) -> None:
        """Return None: an array has no counters."""

    def counters(self) -> list[str]:
        """Return nothing: an array has no counters."""
        return []

    def metadata(self) -> dict[str, Any]:
        """Return nothing: an array says nothing of itself."""
        return {}

    def close(self) -> None:
        """There is nothing to close."""


class H5Frames:
    """A dataset (..., rows, columns) of an HDF5 file; several leading axes are counted in C order."""

    def __init__(self, path: Path, place: Place, roots: Roots | None) -> None:
        self.location: dict[str, Any] = {"file": str(path), "entry": place.entry, "data": place.data}
        self.location["detector"] = place.detector
        self.url = f"{path}::{place.data}"
        self._path, self._place, self._roots = path, place, roots
        self._data: Node | None = None
        self._rows = self.n_frames = 0
        self.n_expected: int | None = None
        self.is_finished = False
        self.problem: str | None = None
        self.refresh()

    def refresh(self) -> None:
        """Open the file anew: only so does the library see what another program has written."""
        self.close()
        with self._opened() as data:
            self._look(data)

    def read(self, first: int, last: int) -> np.ndarray:
        """Read frames; several leading axes row by row."""
        with self._opened() as data:
            leading = data.found.shape[:-IMAGE_DIMENSIONS]
            if len(leading) <= 1:
                frames = data.read(slice(first, last)) if leading else data.read()[None]
            else:
                parts = [data.read(*index) for index in _slices(first, last, leading)]
                frames = np.concatenate([part.reshape(-1, *self.shape) for part in parts])
            if frames.shape != (last - first, *self.shape):
                raise InputError(f"{data.path} in {self._path.name} became shorter while it was read")
            return real_numbers(frames, data.path)

    def counter(self, name: str) -> np.ndarray | None:
        """Read a counter of the scan that the dataset belongs to."""
        with self._opened() as data:
            entry = self._entry(data)
            return None if entry is None else read_counter(entry, name)

    def counters(self) -> list[str]:
        """Names of the counters that have a value for each frame."""
        with self._opened() as data:
            entry = self._entry(data)
            nodes = {} if entry is None else counter_nodes(entry)
            return [name for name, node in nodes.items() if node.found.size >= self.n_frames]

    def metadata(self) -> dict[str, Any]:
        """Read what the scan says of itself."""
        place = self._place
        names = {"scan": place.entry and place.entry.strip("/"), "detector": place.detector}
        with self._opened() as data:
            found = read_metadata(self._entry(data))
        return {name: value for name, value in names.items() if value} | found

    def close(self) -> None:
        """Close all files; reading opens them again."""
        data, self._data = self._data, None
        if data is not None:
            data.reader.close()

    @contextmanager
    def _opened(self) -> Iterator[Node]:
        """Open the file, and close it again while it may still change.

        Whoever opens a file that is open in the same process, or was when it forked, shares what the
        library remembers of it, and would see it as it was then.
        """
        if self._data is None:
            self._data = self._open()
        try:
            yield self._data
        finally:
            if not self.is_finished and self.n_frames != self.n_expected:
                self.close()

    def _open(self) -> Node:
        reader = open_h5(self._path, self._roots)
        try:
            return _dataset(reader, self._place.data)
        except BaseException:
            reader.close()
            raise

    def _entry(self, data: Node) -> Node | None:
        return data.reader[self._place.entry] if self._place.entry else None

    def _look(self, data: Node) -> None:
        entry = self._entry(data)
        is_over = is_finished(entry)  # before the frames are counted: it is written after them
        shape: tuple[int, ...] = (data.found.shape or ()) if data.is_dataset else ()
        if len(shape) < IMAGE_DIMENSIONS or data.found.dtype.kind not in "biuf":
            raise InputError(f"{data.path} in {self._path.name} holds no images: its shape is {shape}")
        written = count_written(data.reader, data.found, self._rows)
        if len(shape) == IMAGE_DIMENSIONS:
            n_frames = int(written.rows == shape[0])
        else:
            n_frames = written.rows * int(np.prod(shape[1:-IMAGE_DIMENSIONS]))
        expected = expected_frames(entry, data)
        self.shape = (int(shape[-2]), int(shape[-1]))
        self.dtype = data.found.dtype.newbyteorder("=")
        chunks = data.found.chunks
        self.chunk = chunks[0] if chunks and len(shape) == IMAGE_DIMENSIONS + 1 else 1
        self._rows, self.n_frames, self.problem = written.rows, n_frames, written.problem
        self.n_expected = expected if expected is not None and expected >= n_frames else None
        self.is_finished = is_over


def _dataset(reader: H5Reader, path: str) -> Node:
    """Follow a path; a virtual dataset that lacks some sources is there as far as the others go."""
    try:
        return reader[path]
    except MissingSource as error:
        return Node(reader, path, error.dataset)


def _slices(first: int, last: int, leading: tuple[int, ...]) -> list[tuple[Any, ...]]:
    """Split a range of C-ordered indices into one selection for each row of the last leading axis."""
    parts = []
    while first < last:
        *outer, inner = (int(index) for index in np.unravel_index(first, leading))
        n = min(last - first, leading[-1] - inner)
        parts.append((*outer, slice(inner, inner + n)))
        first += n
    return parts
