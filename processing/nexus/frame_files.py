"""Read the frames of an image file: TIFF, EDF, CBF, SPE through fabio, and NPY."""

import base64
import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path

import fabio
import numpy as np

from processing.nexus.place import Roots, contained_path
from workflows import InputError

__all__ = ["FABIO_FORMATS", "FrameFile", "real_numbers"]

FABIO_FORMATS = {".tif": "tif", ".tiff": "tif", ".edf": "edf", ".cbf": "cbf", ".spe": "spe"}
"""Suffix -> format of fabio.  Other formats can name further files, which nobody would check."""

IMAGE_DIMENSIONS = 2
CBF_BINARY = b"\x0c\x1a\x04\xd5"
"""What the binary part of a CBF file starts with; without it fabio would look for it for ever."""
CBF_HEAD_BYTES = 1 << 20


class FrameFile:
    """An open image file.

    Attributes
    ----------
    n_frames : int
    shape : (rows, columns)
    dtype : numpy dtype, in the byte order of the machine

    Raises
    ------
    InputError
        As for `contained_path`; or the suffix is not of a known format, or the file is damaged
        or shorter than it says, which fabio would fill with zeros.
    """

    problem: str | None = None
    n_expected: int | None

    def __init__(self, path: Path | str, roots: Roots | None = None) -> None:
        self.path = contained_path(path, roots)
        self._codec = FABIO_FORMATS.get(self.path.suffix.lower())
        self._stack: np.ndarray | None = None
        if self.path.suffix.lower() == ".npy":
            self._open_npy()
        elif self._codec is None:
            known = ", ".join((*FABIO_FORMATS, ".npy", ".h5"))
            raise InputError(f"{self.path.name} is not of a known image format ({known})")
        else:
            with _only_input_errors(self.path):
                self._open_with_fabio()

    def read(self, first: int, last: int) -> np.ndarray:
        """Read frames ``first`` to ``last`` (not included); array (n, rows, columns)."""
        if self._stack is not None:
            return np.array(self._stack[first:last], dtype=self.dtype)
        frames = np.empty((last - first, *self.shape), self.dtype)
        with _only_input_errors(self.path):
            for index in range(first, last):
                frames[index - first] = self._decode(index)
        return frames

    def _open_npy(self) -> None:
        try:
            data = np.load(self.path, allow_pickle=False, mmap_mode="r")
        except (ValueError, EOFError) as error:
            raise InputError(f"The file {self.path.name} is not a readable NPY file: {error}") from None
        if data.ndim < IMAGE_DIMENSIONS or data.size == 0:
            raise InputError(f"{self.path.name} is not a two-dimensional image: its shape is {data.shape}")
        self._stack = data.reshape(-1, *data.shape[-2:])
        self._describe(self._stack[0], len(self._stack))

    def _open_with_fabio(self) -> None:
        if self._codec == "cbf":
            self._check_cbf()
        self._image = fabio.fabioformats.factory(f"{self._codec}image").read(str(self.path))
        n_frames = max(1, self._image.nframes)
        if self._codec == "spe":  # fabio reads one frame and speaks of one
            n_frames = max(1, int(self._image.header.get("num_frames", 1)))
        self._shown = 0
        self._describe(self._decode(0), n_frames)

    def _describe(self, frame: np.ndarray, n_frames: int) -> None:
        self.n_frames = self.n_expected = n_frames
        self.shape = (int(frame.shape[0]), int(frame.shape[1]))
        self.dtype = real_numbers(frame[:1], self.path.name).dtype

    def _decode(self, index: int) -> np.ndarray:
        if self._codec == "spe":
            if index != self._shown:
                self._image.read(str(self.path), frame=index)
                self._shown = index
            shown = self._image
        elif self._codec == "edf":  # a frame would keep what it has decoded, and the image its frames
            shown = copy(self._image.get_frame(index))
        else:
            shown = self._image.getframe(index) if self._image.nframes > 1 else self._image
        if any(key.startswith("EDF_BinaryFile") for key in (*self._image.header, *shown.header)):
            raise InputError(f"{self.path.name} keeps its values in another file, which is not supported")
        data = np.asarray(shown.data)
        if getattr(shown, "incomplete_data", False):
            raise InputError(f"The image file {self.path.name} is truncated within frame {index}")
        if data.ndim != IMAGE_DIMENSIONS or data.size == 0:
            raise InputError(f"{self.path.name} is not a two-dimensional image: its shape is {data.shape}")
        return real_numbers(data, self.path.name)

    def _check_cbf(self) -> None:
        """Refuse what fabio would wait for without end, or decode although its checksum is wrong."""
        with self.path.open("rb") as file:
            if CBF_BINARY not in file.read(CBF_HEAD_BYTES):
                raise InputError(f"The image file {self.path.name} is truncated: it ends before its image")
        image = fabio.cbfimage.CbfImage()
        packed = image.read(str(self.path), only_raw=True)
        expected = image.header.get("Content-MD5")
        found = base64.b64encode(hashlib.md5(packed, usedforsecurity=False).digest()).decode()
        if expected is not None and expected != found:
            raise InputError(f"The image file {self.path.name} is damaged: its checksum is wrong")


def real_numbers(data: np.ndarray, name: str) -> np.ndarray:
    """Return the values in the byte order of the machine; refuse all but real numbers."""
    if data.dtype.kind not in "biuf":
        raise InputError(f"{name} is not an image: its values are {data.dtype}, not real numbers")
    return data.astype(data.dtype.newbyteorder("="), copy=False)


@contextmanager
def _only_input_errors(path: Path) -> Iterator[None]:
    """Turn whatever fabio raises about a damaged file into one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about header fields that are not needed here
            yield
    except (InputError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # a damaged file makes fabio raise almost anything
        if isinstance(error, OSError) and error.errno:
            raise
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"The image file {path.name} is damaged or empty ({reason})") from None
