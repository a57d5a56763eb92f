"""Read one number, given as such or by its place in an HDF5 file; read attributes."""

from math import isfinite
from pathlib import Path

import numpy as np

from processing.nexus.guard import Roots, open_h5
from processing.nexus.images import split_url
from workflows import InputError

__all__ = ["read_attributes", "read_number", "read_value"]

MAX_ATTRIBUTES = 1000


def read_value(name: str, source: object, *, roots: Roots | None = None) -> float:
    """Read a finite number.

    Parameters
    ----------
    name : str
        What errors call it.
    source : number, text of a number, or location
        ``file::/path/in/file?3`` or ``silx:file?path=/path/in/file&slice=3``; the number after the path
        is needed only where the dataset has several values.

    Raises
    ------
    InputError
        It is not a number, or there is no such file or dataset; or it has several values.
    """
    return read_number(name, _stored_value(name, str(source), roots) if _is_location(source) else source)


def read_number(name: str, value: object) -> float:
    """Check that a value is a finite number."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = float("nan")
    if not isfinite(number):
        raise InputError(f"{name} must be a finite number, not {value!r}")
    return number


def read_attributes(path: Path, h5path: str, *, roots: Roots | None = None) -> dict[str, object]:
    """Read the attributes of an object in an HDF5 file; those that are too large or unreadable are left out.

    Raises
    ------
    InputError
        There is no such file or object.
    """
    with open_h5(path, roots) as file:
        node = file[h5path]
        given = {name: node.attribute(name) for name in node.attribute_names(most=MAX_ATTRIBUTES)}
    return {name: value for name, value in given.items() if value is not None}


def _is_location(source: object) -> bool:
    if not isinstance(source, str | Path):
        return False
    return "::" in str(source) or "path=" in str(source)


def _stored_value(name: str, url: str, roots: Roots | None) -> object:
    path, h5path, index = split_url(url)
    if h5path is None:
        raise InputError(f"{name} is in the file {path.name}, but where? Write {path.name}::/path")
    with open_h5(path, roots) as file:
        values = np.ravel(file[h5path].read())
    if index is None and values.size == 1:
        index = 0
    if index is None or not -values.size <= index < values.size:
        raise InputError(f"{name}: {h5path} in {path.name} has {values.size} values; name one as {h5path}?0")
    return values[index].item()
