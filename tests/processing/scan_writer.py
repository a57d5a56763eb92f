"""Writes nine frames, one after the other: ``python -m tests.processing.scan_writer MODE FOLDER``."""

import sys
import time
from pathlib import Path

import h5py
import hdf5plugin

from tests.processing.scan_files import (
    COLUMNS,
    ROWS,
    frames_of,
    write_bliss,
    write_bliss_scan,
    write_image,
    write_lima,
)

N_FRAMES = 9
PAUSE_S = 0.06


def write_images(folder):
    for index, frame in enumerate(frames_of(N_FRAMES)):
        whole = write_image(folder / "part.cbf", frame).read_bytes()
        with (folder / f"a_{index:04d}.cbf").open("wb") as file:  # as over a slow network
            file.write(whole[:300])
            file.flush()
            time.sleep(PAUSE_S)
            file.write(whole[300:])


def write_virtual(folder):
    frames = frames_of(N_FRAMES)
    names = [f"lima_{n}.h5" for n in range(3)]
    write_bliss(folder / "scan.h5", frames=frames, lima=names, finished=False, points=N_FRAMES)
    for index, name in enumerate(names):
        time.sleep(5 * PAUSE_S)
        write_lima(folder / "part.h5", frames[3 * index : 3 * index + 3]).rename(folder / name)


def write_datasets(folder, modes):
    """``swmr`` or plain; ``fixed``: made for all frames; ``points``, ``end_time``: what tells the end."""
    time.sleep(PAUSE_S)
    with h5py.File(folder / "scan.h5", "w", libver="latest" if "swmr" in modes else None) as file:
        points = N_FRAMES if "points" in modes else None
        entry = write_bliss_scan(file, "1.1", None, finished=False, points=points)
        n_first, limit = (N_FRAMES, N_FRAMES) if "fixed" in modes else (0, None)
        data = entry.create_dataset(
            "instrument/eiger/data",
            (n_first, ROWS, COLUMNS),
            "u4",
            maxshape=(limit, ROWS, COLUMNS),
            chunks=(1, ROWS, COLUMNS),
            **hdf5plugin.Bitshuffle(),
        )
        diode = entry.create_dataset("measurement/diode", (0,), "f8", maxshape=(None,), chunks=(4,))
        file.flush()
        if "swmr" in modes:
            file.swmr_mode = True
        for index, frame in enumerate(frames_of(N_FRAMES)):
            time.sleep(PAUSE_S)
            data.resize(max(n_first, index + 1), axis=0)
            data[index] = frame
            file.flush()
            diode.resize(index + 1, axis=0)
            diode[index] = index
            file.flush()
        if "end_time" in modes:
            entry["end_time"] = "2026-01-01T10:01:00+01:00"
            file.flush()
        sys.stdin.read()  # the file stays open


if __name__ == "__main__":
    match sys.argv[1]:
        case "images":
            write_images(Path(sys.argv[2]))
        case "virtual":
            write_virtual(Path(sys.argv[2]))
        case modes:
            write_datasets(Path(sys.argv[2]), modes.split())
