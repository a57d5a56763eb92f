"""By what an intensity is divided: monitors over references, given as numbers or where numbers are stored."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from processing.nexus.guard import open_h5
from processing.nexus.images import split_url
from processing.nexus.values import read_number
from workflows import InputError


def read_factor(
    *, monitor: Any = None, reference: Any = None, monitors: Any = None, references: Any = None
) -> float:
    """Return the product of the monitors over the product of the references.

    Each is a number, an array of one number, or the URL of one (``silx:///a.h5?path=/entry/mon``, or
    ``a.h5::/entry/mon``); what is None or empty counts as 1.

    Raises
    ------
    InputError
        The lists differ in length, or a value is not one positive number.
    """
    upper, lower = _listed("monitors", monitors), _listed("references", references)
    if len(upper) != len(lower):
        raise InputError(f"There are {len(upper)} monitors, but {len(lower)} references: give one for each")
    numbers = [_positive("monitor", value) for value in (*upper, monitor)]
    return prod(numbers) / prod(_positive("reference", value) for value in (*lower, reference))


def _listed(name: str, values: Any) -> list[Any]:
    if values is None:
        return []
    if not isinstance(values, Sequence | np.ndarray) or isinstance(values, str):
        raise InputError(f"{name} must be a list, not {values!r}")
    return list(values)


def _positive(name: str, value: Any) -> float:
    if value is None or (isinstance(value, str | list) and not value):
        return 1.0
    if isinstance(value, str):
        value = _stored(name, value)
    number = read_number(name, np.squeeze(value) if np.size(value) == 1 else value)
    if number <= 0:
        raise InputError(f"monitor and reference must be positive, not {number:g}")
    return number


def _stored(name: str, url: str) -> Any:
    """Read a number from an HDF5 file; a plain word is a counter, which only a scan has."""
    path, h5path, index = split_url(url)
    if h5path is None:
        raise InputError(
            f"The {name} {url!r} is no number: give one, or where it is stored as file.h5::/path; "
            "only a scan has counters"
        )
    with open_h5(path) as file:
        return file[h5path].read(*([] if index is None else [index]))
