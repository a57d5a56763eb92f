"""Write images as files of their own through fabio: all of them whole, or none."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import fabio
import numpy as np

from processing.nexus.frame_files import FABIO_FORMATS, FrameFile
from workflows import InputError

__all__ = ["WRITABLE", "ImageToWrite", "write_images"]

WRITABLE = ("edf", "tif", "tiff", "cbf")
"""Endings of the formats that are written; SPE has no writer, and HDF5 its own."""

KEPT_ALIKE = ("edf", "tif")
"""Formats of fabio whose header is read back; CBF has fields of its own."""


class ImageToWrite(NamedTuple):
    """An image (rows, columns), the name of its file without ending, and what stands in its header."""

    name: str
    data: np.ndarray
    header: Mapping[str, str]


def write_images(folder: Path, images: Sequence[ImageToWrite], *, ext: str) -> list[Path]:
    """Write each image into a file ``<name>.<ext>``; older files of these names are replaced.

    Every file is read back before any of them appears.

    Raises
    ------
    InputError
        The folder does not exist, the format is not known or cannot hold the values, or two images have
        the same name, or one that is no file name.
    OSError
        The disk is full or cannot be written.
    """
    ext = ext.lower().lstrip(".")
    if ext not in WRITABLE:
        raise InputError(f"Images can be written as {', '.join(WRITABLE)}, not as {ext!r}")
    if not folder.is_dir():
        raise InputError(f"The folder {folder} does not exist")
    _check_names([image.name for image in images])
    with tempfile.TemporaryDirectory(prefix=".images.", suffix=".part", dir=folder) as beside:
        made = [_write(Path(beside) / f"{image.name}.{ext}", image, ext) for image in images]
        return [path.replace(folder / path.name) for path in made]


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if not name or name.startswith(".") or any(char in name for char in "/\\\0"):
            raise InputError(f"{name!r} cannot be the name of a file")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"Two of the images are called {twice}: their files would replace each other")


def _write(path: Path, image: ImageToWrite, ext: str) -> Path:
    codec = FABIO_FORMATS[f".{ext}"]
    data = _in_type_of(codec, image)
    made = fabio.fabioformats.factory(f"{codec}image")
    made.data = data
    if codec in KEPT_ALIKE:
        made.header.update(image.header)
    made.write(str(path))
    back = FrameFile(path).read(0, 1)[0]
    if back.shape != data.shape or not np.array_equal(back, data, equal_nan=data.dtype.kind == "f"):
        raise InputError(f"{image.name} of {data.dtype} cannot be kept in a file of format {ext}")
    with path.open("rb") as written:
        os.fsync(written.fileno())
    return path


def _in_type_of(codec: str, image: ImageToWrite) -> np.ndarray:
    """Return the values in a type that the format has, without changing any."""
    data = image.data
    if codec != "cbf":
        return data
    if data.dtype.kind not in "iu" or data.min() < -(2**31) or data.max() >= 2**31:
        raise InputError(f"{image.name} cannot be written as CBF, which holds whole numbers below 2^31 only")
    return data.astype(np.int32)
