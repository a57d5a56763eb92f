"""Write a scan of many frames as a beamline does: laid out as by BLISS and Lima, or as plain NeXus.

Each different frame is packed once and stored as it was packed, so that a long scan of a few
different images is written as fast as the disk takes it.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
from pyFAI.units import hc

from processing.nexus.tree import part_of, put_group, put_values
from workflows import InputError

__all__ = ["LIMA_PATH", "Images", "Setup", "write_bliss_scan", "write_nexus_scan"]

LIMA_PATH = "entry_0000/measurement/data"


@dataclass(frozen=True)
class Images:
    """Frames of one shape and dtype, packed, and their order in the scan: numbers of packed frames."""

    shape: tuple[int, int]
    dtype: np.dtype
    packed: Sequence[bytes]
    order: Sequence[int]
    compression: str | None

    @classmethod
    def pack(cls, frames: Iterable[np.ndarray], order: Sequence[int], compression: str | None) -> "Images":
        """Pack frames one after the other; ``compression`` is "bitshuffle" (with LZ4) or None."""
        if compression not in ("bitshuffle", None):
            raise InputError(f"The compression is 'bitshuffle' or None, not {compression!r}")
        packed, shape, dtype = [], (0, 0), np.dtype("u4")
        for frame in frames:
            shape, dtype = frame.shape, frame.dtype
            with h5py.File("packing", "w", driver="core", backing_store=False) as file:
                stored = _new_stack(file, "data", (1, *shape), dtype, compression)
                stored[0] = frame
                packed.append(stored.id.read_direct_chunk((0, 0, 0))[1])
        return cls(shape, dtype, packed, order, compression)

    def put(self, group: h5py.Group, name: str, first: int, last: int) -> h5py.Dataset:
        """Add a dataset of some of the frames."""
        stored = _new_stack(group, name, (last - first, *self.shape), self.dtype, self.compression)
        for index in range(first, last):
            stored.id.write_direct_chunk((index - first, 0, 0), self.packed[self.order[index]])
        stored.attrs["interpretation"] = "image"
        return stored


@dataclass(frozen=True)
class Setup:
    """What a scan says of itself.

    ``pixel_size_m`` is (along the rows' axis, along the columns' axis); ``geometry`` pyFAI's, in m
    and rad; ``counters`` have one number a frame.
    """

    title: str
    started: datetime
    exposure_s: float
    sample: str
    instrument: str
    detector: str
    description: str
    pixel_size_m: tuple[float, float]
    energy_kev: float
    geometry: Mapping[str, object]
    counters: Mapping[str, np.ndarray]


def write_bliss_scan(path: Path, images: Images, setup: Setup, *, frames_per_file: int = 100) -> None:
    """Write ``path`` with the scan 1.1, whose frames are in files of the folder ``scan0001`` beside it.

    Raises
    ------
    OSError
        The disk is full or cannot be written; then there is no file ``path``.
    """
    n_frames = len(images.order)
    folder = path.parent / "scan0001"
    folder.mkdir(exist_ok=True)
    virtual = h5py.VirtualLayout((n_frames, *images.shape), images.dtype)
    for number, first in enumerate(range(0, n_frames, frames_per_file)):
        last = min(n_frames, first + frames_per_file)
        lima = folder / f"{setup.detector}_{number:04d}.h5"
        with _appearing(lima) as file:
            images.put(file, LIMA_PATH, first, last)
        source = h5py.VirtualSource(f"{folder.name}/{lima.name}", LIMA_PATH, (last - first, *images.shape))
        virtual[first:last] = source
    with _appearing(path) as file:
        file.attrs.update(NX_class="NXroot", creator="Bliss", default="1.1")
        entry = put_group(file, "1.1", "NXentry", default="plot")
        detector = _put_setup(entry, setup, n_frames)
        detector.create_virtual_dataset("data", virtual)
        detector["data"].attrs["interpretation"] = "image"
        put_values(detector, "type", "lima")
        put_values(put_group(entry, "scan_parameters", "NXparameters"), "npoints", n_frames)
        measurement = put_group(entry, "measurement", "NXcollection")
        measurement[setup.detector] = h5py.SoftLink(f"{detector.name}/data")
        for name, values in setup.counters.items():
            counter = put_group(entry["instrument"], name, "NXdetector")
            put_values(counter, "data", values)
            measurement[name] = h5py.SoftLink(f"{counter.name}/data")
        _put_end(entry, setup, n_frames)


def write_nexus_scan(path: Path, images: Images, setup: Setup) -> None:
    """Write one file: entry/instrument/<detector>/data, an NXmonitor for each counter; errors as above."""
    n_frames = len(images.order)
    with _appearing(path) as file:
        file.attrs.update(NX_class="NXroot", default="entry")
        entry = put_group(file, "entry", "NXentry", default="plot")
        detector = _put_setup(entry, setup, n_frames)
        images.put(detector, "data", 0, n_frames)
        for name, values in setup.counters.items():
            put_values(put_group(entry, name, "NXmonitor"), "data", values)
        _put_end(entry, setup, n_frames)


@contextmanager
def _appearing(path: Path) -> Iterator[h5py.File]:
    """Build a large file under another name; it gets its own when it is whole and on the disk."""
    with part_of(path) as beside:
        with h5py.File(beside, "w") as file:
            yield file
        with beside.open("rb") as written:
            os.fsync(written.fileno())


def _new_stack(
    group: h5py.Group, name: str, shape: tuple[int, ...], dtype: np.dtype, compression: str | None
) -> h5py.Dataset:
    packing: Mapping[str, Any] = hdf5plugin.Bitshuffle(cname="lz4") if compression else {}
    return group.create_dataset(name, shape, dtype, chunks=(1, *shape[1:]), track_times=False, **packing)


def _put_setup(entry: h5py.Group, setup: Setup, n_frames: int) -> h5py.Group:
    """Add everything but the frames and the counters; return the group of the detector."""
    put_values(entry, "title", setup.title)
    put_values(entry, "start_time", setup.started.isoformat())
    put_values(put_group(entry, "sample", "NXsample"), "name", setup.sample)
    beamline = put_group(entry, "instrument", "NXinstrument")
    put_values(beamline, "name", setup.instrument)
    mono = put_group(beamline, "monochromator", "NXmonochromator")
    put_values(mono, "energy", setup.energy_kev, units="keV")
    put_values(mono, "wavelength", hc / setup.energy_kev, units="angstrom")
    detector = put_group(beamline, setup.detector, "NXdetector")
    put_values(detector, "description", setup.description)
    put_values(detector, "count_time", np.full(n_frames, setup.exposure_s), units="s")
    put_values(detector, "distance", setup.geometry["dist"], units="m")
    put_values(detector, "y_pixel_size", setup.pixel_size_m[0], units="m")
    put_values(detector, "x_pixel_size", setup.pixel_size_m[1], units="m")
    return detector


def _put_end(entry: h5py.Group, setup: Setup, n_frames: int) -> None:
    plot = put_group(entry, "plot", "NXdata", signal="data", interpretation="image")
    plot["data"] = h5py.SoftLink(f"{entry.name}/instrument/{setup.detector}/data")
    ended = setup.started + timedelta(seconds=n_frames * setup.exposure_s)
    put_values(entry, "end_time", ended.isoformat())
