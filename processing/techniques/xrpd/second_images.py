"""The images that belong to an image: mask, dark current and flat field, read and checked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from processing.nexus.images import read_image
from workflows import InputError

DARK_FLAT_METHODS = (None, "", "default", "counts")
Shape = tuple[int, int]


def read_mask(source: Any, shape: Shape) -> np.ndarray | None:
    """Read a mask, (rows, columns), not zero where a pixel is ignored; None for none.

    Raises
    ------
    InputError
        It has another shape than the image, holds what is no number, or leaves no pixel.
    """
    if source is None:
        return None
    mask = _read_one("mask", source, shape)
    if not np.isfinite(mask).all():
        raise InputError(
            "The mask holds values that are no numbers: give 0 for a good pixel, 1 for a bad one"
        )
    if mask.all():
        raise InputError(
            "The mask ignores every pixel: it must be 0 where a pixel is good (is it the other way round?)"
        )
    return mask


def read_dark_and_flat(
    dark: Any, flat: Any, shape: Shape, *, method: str | None = None
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Read the dark current and the flat field; of several images the mean, None for none.

    ``method`` "counts" says that the flat field was counted with the dark current in it: it becomes
    flat - dark, at least 1.

    Raises
    ------
    InputError
        An image has another shape than the one it belongs to, or the method is unknown.
    """
    if method not in DARK_FLAT_METHODS:
        raise InputError(f"darkflatmethod must be 'counts' or not be given, not {method!r}")
    dark, flat = _mean("darkcurrent", dark, shape), _mean("flatfield", flat, shape)
    if method == "counts" and flat is not None:
        flat = np.maximum(flat if dark is None else flat - dark, 1)
    return dark, flat


def file_name(source: Any) -> str | None:
    """Return how a record calls the source of an image."""
    if source is None:
        return None
    return str(source) if isinstance(source, str | Path) else ", ".join(_paths(source)) or "an array"


def _mean(name: str, source: Any, shape: Shape) -> np.ndarray | None:
    if source is None:
        return None
    if isinstance(source, str) and "," in source and not Path(source).exists():
        source = [part.strip() for part in source.split(",")]
    paths = _paths(source)
    if not paths:
        return _read_one(name, source, shape)
    total = np.zeros(shape)
    for path in paths:
        total += _read_one(name, path, shape)
    return (total / len(paths)).astype(np.float32)


def _paths(source: Any) -> list[str]:
    """Return the paths in a list of them; none for anything else."""
    is_list = isinstance(source, Sequence) and not isinstance(source, str)
    return [str(item) for item in source if isinstance(item, str | Path)] if is_list else []


def _read_one(name: str, source: Any, shape: Shape) -> np.ndarray:
    data = read_image(source).data
    if data.shape != shape:
        raise InputError(
            f"The {name} has shape {data.shape}, but the image has {shape}: take one of this detector"
        )
    return data
