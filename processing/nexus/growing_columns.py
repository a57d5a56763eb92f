"""Datasets that grow by one row a frame, all by the same number of rows."""

import math
import time
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from processing.nexus.streamed_file import StreamedFile

__all__ = ["Columns"]

CHUNK_BYTES = 1 << 14
"""Packed at once: one pattern of 4096 bins, or several shorter ones.

Small, because a chunk that is not full when it is shown to readers is packed and stored again."""

N_NUMBERS = 1024
"""The same for datasets of one number a frame."""

PACKING = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
"""Every HDF5 library unpacks it; 0.3 ms for a pattern of 4096 bins, which gets a third smaller."""

SHOW_S = 1.0
"""How often readers are shown what there is, in seconds."""


class Columns:
    """The growing datasets of a file, by names of the caller's.

    Attributes
    ----------
    n_rows : int
    datasets : mapping of name to dataset
    """

    def __init__(self, streamed: StreamedFile) -> None:
        self.n_rows = 0
        self.datasets: dict[str, h5py.Dataset] = {}
        self._streamed = streamed
        self._shown_at = -math.inf

    def __bool__(self) -> bool:
        return bool(self.datasets)

    def __contains__(self, name: str) -> bool:
        return name in self.datasets

    def add(
        self,
        name: str,
        group: h5py.Group,
        dataset_name: str,
        shape: tuple[int, ...] = (),
        /,
        **attributes: Any,
    ) -> None:
        """Add a dataset; its rows have the ``shape``, and are float32 if they are more than a number."""
        size = int(np.prod(shape))
        rows = max(1, CHUNK_BYTES // (4 * size)) if shape else N_NUMBERS
        dataset = group.create_dataset(
            dataset_name,
            (0, *shape),
            "f4" if shape else "f8",
            maxshape=(None, *shape),
            chunks=(rows, *shape),
            track_times=False,
            **(PACKING if shape else {}),
        )
        dataset.attrs.update(attributes)
        self.datasets[name] = dataset

    def append(self, values: Mapping[str, np.ndarray]) -> None:
        """Add the next rows of every dataset, arrays of one length; OSError if the disk is full."""
        self._streamed.take_room(sum(8 * array.size for array in values.values()))
        n = min(len(array) for array in values.values())
        for name, array in values.items():
            dataset = self.datasets[name]
            dataset.resize(self.n_rows + n, axis=0)
            dataset[self.n_rows :] = array
        self.n_rows += n
        self._show()

    def _show(self) -> None:
        if time.monotonic() - self._shown_at < SHOW_S:
            return
        for dataset in self.datasets.values():
            dataset.flush()
        self._shown_at = time.monotonic()
