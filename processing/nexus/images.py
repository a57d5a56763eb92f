"""Read one detector image from an array, an image file or an HDF5/NeXus file."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import fabio
import numpy as np

from processing.nexus.guard import H5Reader, Node, Roots, contained_path, is_hdf5, open_h5
from workflows import InputError

FABIO_FORMATS = {".tif": "tif", ".tiff": "tif", ".edf": "edf", ".cbf": "cbf", ".spe": "spe"}
"""Suffix -> format of fabio.  Other formats can name further files, which nobody would check."""

MAX_NODES = 2000
"""How many objects of an HDF5 file are looked at in search of an image."""

IMAGE_DIMENSIONS = 2
MIN_PIXELS = 16
"""Fewer rows or columns are a matrix or a table, not an image; unless it is asked for by its path."""


@dataclass(frozen=True)
class Image:
    """One detector image.

    ``data`` is (rows, columns), of the dtype it has in the file; ``path`` and ``h5path`` say
    where it comes from (None for an array); ``n_frames`` is how many frames there were.
    """

    data: np.ndarray
    path: Path | None = None
    h5path: str | None = None
    n_frames: int = 1


def read_image(
    source: np.ndarray | str | Path, *, frame: int | None = None, roots: Roots | None = None
) -> Image:
    """Read one image.

    Parameters
    ----------
    source : array (rows, columns) or (frames, rows, columns), or path
        A TIFF, EDF, CBF, SPE or NPY file, or an HDF5 file, then also as
        ``file::/path/in/file?3`` or ``silx:file?path=/path/in/file&slice=3``.  Without a
        path in the file it is the data of the first NXdetector with images, else what the
        file plots by default, else the only dataset of two or more dimensions.
    frame : int, optional
        Which frame of a stack; default the one in ``source``, else the first.  Negative
        numbers count from the end.

    Raises
    ------
    InputError
        There is no such file or frame, no image or more than one, or the file is damaged.
    """
    if not isinstance(source, str | Path):
        return _pick_frame(np.asarray(source), frame)
    path, h5path, given_frame = split_url(str(source))
    frame = given_frame if frame is None else frame
    if is_hdf5(path, roots):
        with open_h5(path, roots) as file:
            node = file[h5path] if h5path else find_image(file, path.name)
            return _read_frame(node, frame)
    real = contained_path(path, roots)
    if real.suffix.lower() == ".npy":
        return _read_npy(real, frame)
    return _read_with_fabio(real, frame)


def split_url(url: str) -> tuple[Path, str | None, int | None]:
    """Split a location into file, path in the file and frame; the last two may be None."""
    url = re.sub(r"^(silx|fabio):(//)?", "", url)
    if Path(url).exists():
        return Path(url), None, None
    if "::" in url:
        path, _, rest = url.partition("::")
        h5path, _, query = rest.partition("?")
    else:
        path, _, query = url.partition("?")
        h5path = ""
    frame = None
    for item in filter(None, query.split("&")):
        value = item.removeprefix("path=").removeprefix("slice=")
        if value.startswith("/"):
            h5path = value
        elif found := re.fullmatch(r"(-?\d+)(,(:|\.\.\.))*", value):
            frame = int(found[1])
        else:
            raise InputError(f"{item!r} in {url} is neither a path nor one frame number")
    return Path(path), h5path or None, frame


def find_image(file: H5Reader, name: str) -> Node:
    """Find the dataset with the images, as `read_image` describes and with its errors."""
    problems: list[InputError] = []
    for node in (*_detector_data(file, problems), *_default_data(file)):
        if _is_image(node):
            return node
    if problems:
        raise problems[0]
    images = list(_all_images(file))
    if len(images) == 1:
        return images[0]
    if not images:
        raise InputError(f"The file {name} holds no image")
    some = ", ".join(node.path for node in images[:3])
    raise InputError(f"The file {name} holds {len(images)} images ({some}, ...): name one as {name}::/path")


def _is_image(node: Node | None) -> bool:
    return (
        node is not None
        and node.is_dataset
        and node.found.ndim >= IMAGE_DIMENSIONS
        and node.found.dtype.kind in "iuf"
        and min(node.found.shape[-2:]) >= MIN_PIXELS
    )


def children(group: Node | None, nx_class: str) -> Iterator[Node]:
    """Yield the children of a NeXus class, the default one first."""
    if group is None:
        return
    default = group.attribute("default")
    for name in sorted(islice(group.names(), MAX_NODES), key=lambda name: name != default):
        child = group.get(name)
        if child is not None and child.is_group and child.attribute("NX_class") == nx_class:
            yield child


def _detector_data(file: H5Reader, problems: list[InputError]) -> Iterator[Node]:
    """Yield the data of every NXdetector; what is there but out of reach goes to ``problems``."""
    for entry in children(file["/"], "NXentry"):
        for instrument in children(entry, "NXinstrument"):
            for detector in children(instrument, "NXdetector"):
                if "data" in detector.names():
                    try:
                        yield detector["data"]
                    except InputError as problem:
                        problems.append(problem)


def _default_data(file: H5Reader) -> Iterator[Node]:
    """Yield the signal that the file plots by default."""
    node: Node | None = file["/"]
    for _ in range(MAX_NODES):
        default = node.attribute("default") if node else None
        if node is None or not isinstance(default, str):
            break
        node = node.get(default)
    if node is not None and isinstance(signal := node.attribute("signal"), str):
        yield from filter(None, [node.get(signal)])


def _all_images(file: H5Reader) -> Iterator[Node]:
    """Every dataset that could be an image, below links that stay in the file."""
    waiting, looked_at = [file["/"]], 0
    while waiting and looked_at < MAX_NODES:
        group = waiting.pop()
        for name in group.names():
            looked_at += 1
            child = group.get(name) if group.is_group else None
            if child is not None and child.is_group and looked_at < MAX_NODES:
                waiting.append(child)
            elif child is not None and _is_image(child):
                yield child


def _read_frame(node: Node, frame: int | None) -> Image:
    if not node.is_dataset:
        raise InputError(f"{node.path} in {node.filename.name} is not a dataset")
    shape = node.found.shape or ()
    if len(shape) < IMAGE_DIMENSIONS:
        raise InputError(f"{node.path} in {node.filename.name} is not an image: its shape is {shape}")
    n_frames = int(np.prod(shape[:-2]))
    index = np.unravel_index(_checked_frame(frame, n_frames), shape[:-2] or (1,))
    selection = (int(i) for i in index[: len(shape) - IMAGE_DIMENSIONS])
    data = _real_numbers(node.read(*selection), node.path)
    return Image(data, node.filename, node.path, n_frames)


def _pick_frame(data: np.ndarray, frame: int | None, path: Path | None = None) -> Image:
    name = path.name if path else "the image"
    if data.ndim < IMAGE_DIMENSIONS or data.size == 0:
        raise InputError(f"{name} is not a two-dimensional image: its shape is {data.shape}")
    stack = _real_numbers(data, name).reshape(-1, *data.shape[-2:])
    return Image(stack[_checked_frame(frame, len(stack))], path, None, len(stack))


def _checked_frame(frame: int | None, n_frames: int) -> int:
    frame = 0 if frame is None else frame
    if not -n_frames <= frame < n_frames:
        raise InputError(f"There is no frame {frame}: the image has {n_frames} frames, counted from 0")
    return frame % n_frames


def _real_numbers(data: np.ndarray, name: str) -> np.ndarray:
    if data.dtype.kind not in "biuf":
        raise InputError(f"{name} is not an image: its values are {data.dtype}, not real numbers")
    return data.astype(data.dtype.newbyteorder("="), copy=False)


def _read_npy(path: Path, frame: int | None) -> Image:
    try:
        data = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InputError(f"The file {path.name} is not a readable NPY file: {error}") from None
    return _pick_frame(data, frame, path)


def _read_with_fabio(path: Path, frame: int | None) -> Image:
    """Read with the one format that the suffix stands for, never by guessing."""
    codec = FABIO_FORMATS.get(path.suffix.lower())
    if codec is None:
        known = ", ".join((*FABIO_FORMATS, ".npy", ".h5"))
        raise InputError(f"{path.name} is not of a known image format ({known})")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about header fields that are not needed here
            return _decode(path, codec, frame)
    except (InputError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # a damaged file makes fabio raise almost anything
        if isinstance(error, OSError) and error.errno:
            raise
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"The image file {path.name} is damaged or empty ({reason})") from None


def _decode(path: Path, codec: str, frame: int | None) -> Image:
    image = fabio.fabioformats.factory(f"{codec}image").read(str(path))
    n_frames = max(1, image.nframes)
    chosen = _checked_frame(frame, n_frames)
    shown = image.getframe(chosen) if n_frames > 1 else image
    if any(key.startswith("EDF_BinaryFile") for key in (*image.header, *shown.header)):
        raise InputError(f"{path.name} keeps its values in another file, which is not supported")
    data = np.asarray(shown.data)
    if data.ndim != IMAGE_DIMENSIONS or data.size == 0:
        raise InputError(f"{path.name} is not a two-dimensional image: its shape is {data.shape}")
    return Image(_real_numbers(data, path.name), path, None, n_frames)
