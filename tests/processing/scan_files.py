"""Small scans as beamlines write them, for the tests of the scan reader."""

import fabio.cbfimage
import fabio.edfimage
import fabio.tifimage
import h5py
import hdf5plugin
import numpy as np

ROWS, COLUMNS = 20, 30


def frames_of(n, first=0):
    """Frames whose every pixel tells which frame and which pixel it is."""
    pixels = np.arange(ROWS * COLUMNS, dtype=np.uint32).reshape(ROWS, COLUMNS)
    factors = np.arange(first + 1, first + n + 1, dtype=np.uint32)
    return pixels + 1000 * factors[:, None, None]


def put_nexus_class(group, nx_class, **attributes):
    group.attrs.update(NX_class=nx_class, **attributes)
    return group


def write_lima(path, frames, **storage):
    """One file of a detector's own program."""
    with h5py.File(path, "w") as file:
        file.create_dataset("entry_0000/measurement/data", data=frames, **storage)
    return path


def write_bliss_scan(
    file, name, frames, *, detector="eiger", lima=(), counters=(), finished=True, points=None
):
    """One scan of a BLISS master file; with ``lima`` files its frames are virtual or behind a link.

    Without frames, their dataset is still to be made.
    """
    entry = put_nexus_class(file.create_group(name), "NXentry")
    entry["title"] = "ascan samy 0 9 9 0.1"
    entry["start_time"] = "2026-01-01T10:00:00+01:00"
    put_nexus_class(entry.create_group("sample"), "NXsample")["name"] = "CeO2"
    instrument = put_nexus_class(entry.create_group("instrument"), "NXinstrument")
    put_nexus_class(instrument.create_group("positioners_start"), "NXcollection")["samy"] = 1.5
    measurement = put_nexus_class(entry.create_group("measurement"), "NXcollection")
    if detector:
        group = put_nexus_class(instrument.create_group(detector), "NXdetector")
        if frames is not None:
            put_frames(group, frames, lima)
        measurement[detector] = h5py.SoftLink(f"/{name}/instrument/{detector}/data")
    for counter, values in dict(counters).items():
        group = put_nexus_class(instrument.create_group(counter), "NXdetector")
        group["data"] = values
        measurement[counter] = h5py.SoftLink(f"/{name}/instrument/{counter}/data")
    if points is not None:
        entry["scan_parameters/npoints"] = points
    if finished:
        entry["end_time"] = "2026-01-01T10:01:00+01:00"
    return entry


def put_frames(group, frames, lima):
    if len(lima) == 1:
        group["data"] = h5py.ExternalLink(str(lima[0]), "/entry_0000/measurement/data")
    elif lima:
        layout = h5py.VirtualLayout(frames.shape, frames.dtype)
        per_file = -(-len(frames) // len(lima))
        for index, path in enumerate(lima):
            first, last = index * per_file, min(len(frames), (index + 1) * per_file)
            source = h5py.VirtualSource(
                str(path), "/entry_0000/measurement/data", (last - first, *frames.shape[1:])
            )
            layout[first:last] = source
        group.create_virtual_dataset("data", layout)
    else:
        group.create_dataset("data", data=frames, chunks=(1, *frames.shape[1:]), **hdf5plugin.Bitshuffle())


def write_bliss(path, **scan):
    with h5py.File(path, "w") as file:
        put_nexus_class(file, "NXroot", creator="Bliss")
        write_bliss_scan(file, "1.1", **scan)
    return path


def write_image(path, frame):
    match path.suffix:
        case ".edf":
            fabio.edfimage.EdfImage(frame).write(str(path))
        case ".cbf":
            fabio.cbfimage.CbfImage(frame.astype(np.int32)).write(str(path))
        case ".tif":
            fabio.tifimage.TifImage(frame.astype(np.int32)).write(str(path))
        case ".npy":
            np.save(path, frame)
    return path
