"""Read one detector image from an array, an image file or an HDF5/NeXus file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from processing.nexus.frame_files import FrameFile, real_numbers
from processing.nexus.guard import H5Reader, Node, Roots, is_hdf5, open_h5
from workflows import InputError

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
    image = FrameFile(path, roots)
    chosen = _checked_frame(frame, image.n_frames)
    return Image(image.read(chosen, chosen + 1)[0], image.path, None, image.n_frames)


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
        if is_image(node):
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


def is_image(node: Node | None) -> bool:
    """Whether a node is a dataset that could hold images."""
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
            elif child is not None and is_image(child):
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
    data = real_numbers(node.read(*selection), node.path)
    return Image(data, node.filename, node.path, n_frames)


def _pick_frame(data: np.ndarray, frame: int | None) -> Image:
    if data.ndim < IMAGE_DIMENSIONS or data.size == 0:
        raise InputError(f"the image is not a two-dimensional image: its shape is {data.shape}")
    stack = real_numbers(data, "the image").reshape(-1, *data.shape[-2:])
    return Image(stack[_checked_frame(frame, len(stack))], None, None, len(stack))


def _checked_frame(frame: int | None, n_frames: int) -> int:
    frame = 0 if frame is None else frame
    if not -n_frames <= frame < n_frames:
        raise InputError(f"There is no frame {frame}: the image has {n_frames} frames, counted from 0")
    return frame % n_frames
