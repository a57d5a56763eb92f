"""Open an HDF5 file for reading while another program may be writing it."""

import re
from pathlib import Path

import h5py

from workflows import InputError

__all__ = ["open_file"]

NO_CACHE = 0
"""Bytes of unpacked chunks that the library keeps for each dataset.

A scan is read once and in order; with a cache, each file that a virtual dataset has led to would keep its
last frames, 8 MB, for as long as the dataset is open.
"""


def open_file(path: Path) -> h5py.File:
    """Open a file without locking it, so that its writer is never disturbed.

    A file that is written in the mode for one writer and many readers (SWMR) can be opened in that
    mode only, which its head says.

    Raises
    ------
    InputError
        The file is truncated, not HDF5, or being written by a program that lets nobody read.
    """
    try:
        return h5py.File(path, "r", locking=False, rdcc_nbytes=NO_CACHE)
    except OSError as error:
        if "already open for write" not in str(error):
            raise InputError(_why_not_opened(path, str(error))) from None
    try:
        return h5py.File(path, "r", locking=False, swmr=True, rdcc_nbytes=NO_CACHE)
    except OSError as error:
        raise InputError(_why_not_opened(path, str(error))) from None


def _why_not_opened(path: Path, error: str) -> str:
    if found := re.search(r"truncated file: eof = (\d+).*stored_eof = (\d+)", error):
        return f"The HDF5 file {path.name} is truncated: it has {found[1]} of {found[2]} bytes"
    if "signature not found" in error:
        return f"The file {path.name} is not an HDF5 file"
    if "not already open for SWMR" in error:
        return (
            f"The HDF5 file {path.name} is being written, or its writer died: "
            "wait until it is closed, or run h5clear --status on it"
        )
    return f"The HDF5 file {path.name} cannot be opened: {error}"
