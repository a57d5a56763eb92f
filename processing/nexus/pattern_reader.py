"""Read integrated patterns that are stored as an NXdata: ours, ewoksxrpd's and others'."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from processing.nexus.guard import Node, Roots, open_h5
from processing.nexus.images import split_url
from processing.nexus.writer import axis_names
from workflows import InputError

__all__ = ["StoredPatterns", "open_patterns"]

AZIMUTHS = ("chi", "azimuthal", "azimuth", "azimuthal_axis")
"""What the azimuthal axis of cakes is called."""


class StoredPatterns:
    """Patterns on one axis, read a block at a time.

    Attributes
    ----------
    radial : array (bins,)
    name, unit : str, of the radial axis: "2th" and "deg", as in the file; "" where it says nothing
    n_patterns : int
    is_single : bool, whether they are stored as one curve
    has_sigma : bool
    points : array (n_patterns,) or None, what each pattern was taken at
    points_name, points_unit : str
    url : str, for people
    """

    def __init__(self, data: Node, url: str) -> None:
        self.url = url
        signal_name = data.attribute("signal")
        if not data.is_group or not isinstance(signal_name, str):
            raise InputError(f"{url} is not a group of patterns (an NXdata with a signal)")
        self._signal = data[signal_name]
        self._shape = self._signal.found.shape
        names = axis_names(data) or ["."] * len(self._shape)
        if len(self._shape) not in (1, 2) or len(names) != len(self._shape) or names[0] in AZIMUTHS:
            raise InputError(f"{url} holds no patterns, but values of shape {self._shape} along {names}")
        self.is_single, self.n_bins = len(self._shape) == 1, self._shape[-1]
        self.n_patterns = 1 if self.is_single else self._shape[0]
        self._sigma = data.get(f"{signal_name}_errors") or data.get("errors")
        if self._sigma is not None and self._sigma.found.shape != self._shape:
            raise InputError(
                f"The errors of {url} have the shape {self._sigma.found.shape}, not {self._shape}"
            )
        self.has_sigma = self._sigma is not None
        self.radial, self.name, self.unit = _axis(data, names[-1], self.n_bins, url)
        self.points: np.ndarray | None = None
        self.points_name = self.points_unit = ""
        if not self.is_single and names[0] != ".":
            self.points, self.points_name, self.points_unit = _axis(data, names[0], self.n_patterns, url)

    def read(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Read patterns ``first`` to ``last`` (not included): intensity and sigma (n, bins)."""
        selection = () if self.is_single else (slice(first, last),)
        intensity = self._signal.read(*selection).reshape(-1, self.n_bins)
        if self._sigma is None:
            return intensity, None
        return intensity, self._sigma.read(*selection).reshape(-1, self.n_bins)


@contextmanager
def open_patterns(url: str, *, roots: Roots | None = None) -> Iterator[StoredPatterns]:
    """Open patterns by the location of their NXdata: ``file::/path`` or ``silx://file?path=/path``.

    Raises
    ------
    InputError
        There is no such file or group, it holds no patterns (cakes have an axis more), or their axis or
        errors do not fit.
    """
    path, h5path, _ = split_url(url)
    if h5path is None:
        raise InputError(f"Where in {path.name} are the patterns? Write {path.name}::/path")
    with open_h5(path, roots) as file:
        yield StoredPatterns(file[h5path], url)


def _axis(data: Node, name: str, size: int, url: str) -> tuple[np.ndarray, str, str]:
    if name == ".":
        return np.arange(size), "", ""
    node = data[name]
    if node.found.shape != (size,):
        raise InputError(f"The axis {name} of {url} has the shape {node.found.shape}, not ({size},)")
    # Ours is called by the definition's name, and says in words what it is.
    shown = str(node.attribute("long_name", name)) if name == "radial_axis" else name
    return node.read(), shown, str(node.attribute("units", ""))
