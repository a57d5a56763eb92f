"""Which frames of an HDF5 dataset were really written.

HDF5 gives its fill value, mostly zero, wherever nothing was written: in chunks that a detector has
not reached, behind the end of a raw file, and where a virtual dataset has no source.  A scan that is
read while it is measured, or one that was aborted, has all of these.
"""

from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from processing.nexus.guard import H5Reader, OutsideRoots
from workflows import InputError

__all__ = ["Written", "count_written"]

FRAME_DIMENSIONS = 2


class Written(NamedTuple):
    """How far a dataset is written.

    ``rows`` is how many of its first index are there, without a gap; ``problem`` says why it is not
    more where that is an error (a source is missing, or frames after a gap were written).
    """

    rows: int
    problem: str | None = None


def count_written(reader: H5Reader, dataset: h5py.Dataset, known: int = 0) -> Written:
    """Count what was written of a dataset along its first axis.

    Parameters
    ----------
    known : int
        How many are known to be there.

    Raises
    ------
    OutsideRoots
        A source is outside the roots.
    """
    if not dataset.shape or dataset.size == 0:
        return Written(0)
    if dataset.is_virtual:
        return _count_mapped(reader, dataset)
    if dataset.external:
        return _count_raw(dataset)
    if dataset.chunks is not None:
        return _count_chunks(dataset, known)
    return Written(dataset.shape[0] if dataset.id.get_storage_size() else 0)


def _count_chunks(dataset: h5py.Dataset, known: int) -> Written:
    grid = [-(-length // chunk) for length, chunk in zip(dataset.shape, dataset.chunks, strict=True)]
    n_written = dataset.id.get_num_chunks()
    if n_written == int(np.prod(grid)):
        return Written(dataset.shape[0])
    layer = known // dataset.chunks[0]
    while layer < grid[0] and _is_layer_written(dataset, layer, grid[1:]):
        layer += 1
    # A layer that is being written may have some of its chunks; more than that are behind a gap.
    per_layer = int(np.prod(grid[1:]))
    rows = min(layer * dataset.chunks[0], dataset.shape[0])
    if n_written >= (layer + 1) * per_layer:
        name = Path(dataset.file.filename).name
        return Written(
            rows, f"Frame {rows} of {dataset.name} in {name} was never written, though later ones were"
        )
    return Written(rows)


def _is_layer_written(dataset: h5py.Dataset, layer: int, grid: list[int]) -> bool:
    for place in np.ndindex(*grid):
        corner = tuple(index * chunk for index, chunk in zip((layer, *place), dataset.chunks, strict=True))
        if dataset.id.get_chunk_info_by_coord(corner).byte_offset is None:
            return False
    return True


def _count_raw(dataset: h5py.Dataset) -> Written:
    """Count the rows in raw files, one after the other; the library gives zeros behind their end."""
    n_bytes = 0
    for filename, offset, size in dataset.external:
        there = max(0, Path(filename).stat().st_size - offset)
        n_bytes += min(there, size)
        if there < size:
            break
    rows = n_bytes // (dataset.dtype.itemsize * int(np.prod(dataset.shape[1:])))
    if rows >= dataset.shape[0]:
        return Written(dataset.shape[0])
    return Written(
        rows, f"The raw file {filename} is shorter than {dataset.name}, whose frame {rows} is in it"
    )


def _count_mapped(reader: H5Reader, dataset: h5py.Dataset) -> Written:
    """Count the rows of a virtual dataset that have a source, and no source without its values."""
    has_source = np.zeros(dataset.shape[0], bool)
    is_missing = np.zeros(dataset.shape[0], bool)
    problem = None
    for mapping in dataset.virtual_sources():
        target = _selected(mapping.vspace, dataset.shape)
        there, why = _count_source(reader, dataset, mapping, target.size)
        has_source[target[there]] = True
        is_missing[target[~there]] = True
        problem = problem or why
    usable = has_source & ~is_missing
    rows = dataset.shape[0] if usable.all() else int(usable.argmin())
    if dataset.ndim <= FRAME_DIMENSIONS and rows < dataset.shape[0]:
        rows = 0
    if rows < dataset.shape[0] and problem is None:
        name = Path(dataset.file.filename).name
        problem = f"The virtual dataset {dataset.name} in {name} has no source for frame {rows}"
    return Written(rows, problem)


def _count_source(
    reader: H5Reader, dataset: h5py.Dataset, mapping: h5py._hl.vds.VDSmap, n_rows: int
) -> tuple[np.ndarray, str | None]:
    """Return which of the rows that a source is to fill are there: bool (n_rows,), and why not all."""
    try:
        source = reader.open_source(dataset, mapping.file_name, mapping.dset_name)
        rows, problem = count_written(reader, source)
    except OutsideRoots:
        raise
    except InputError as error:
        return np.zeros(n_rows, bool), error.message
    if source.ndim < dataset.ndim:  # one image a file
        there = np.full(n_rows, rows == source.shape[0])
    elif mapping.src_space.get_select_type() == h5py.h5s.SEL_HYPERSLABS:
        there = _selected(mapping.src_space, source.shape, n_rows) < rows
    else:  # all of it, of which the library reads nothing where its size is another
        there = (np.arange(n_rows) < rows) & (source.shape[0] >= n_rows)
    if problem is None and not there.all():
        name = Path(source.file.filename).name
        problem = (
            f"The virtual dataset {dataset.name} wants {n_rows} frames of {source.name} in {name}, "
            f"which has {rows} and would read as zeros behind them"
        )
    return there, problem


def _selected(space: h5py.h5s.SpaceID, shape: tuple[int, ...], n_rows: int | None = None) -> np.ndarray:
    """Return the indices along the first axis that a selection of a dataset of this shape takes."""
    if space.get_select_type() != h5py.h5s.SEL_HYPERSLABS:
        return np.arange(shape[0])
    if not space.is_regular_hyperslab():
        first, last = space.get_select_bounds()
        return np.arange(first[0], last[0] + 1)
    start, stride, count, block = (int(values[0]) for values in space.get_regular_hyperslab())
    limit = shape[0] if n_rows is None else n_rows * max(stride, block) + start
    if block > limit:  # unlimited
        block = limit - start
    count = min(count, -(-(limit - start) // max(1, stride)))
    rows = (start + np.arange(count)[:, None] * stride + np.arange(block)).ravel()
    return rows[:n_rows] if n_rows is not None else rows[rows < shape[0]]
