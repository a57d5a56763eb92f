"""What a result file plots by default: the signal, its axes and what is told beside them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from processing.nexus.guard import Node, open_h5
from processing.nexus.writer import axis_names, default_plot
from workflows import InputError

__all__ = ["Axis", "StoredPlot", "open_plot"]

BLOCK_BYTES = 8 << 20
"""Of the signal in memory at once; a chunk that is larger is read whole."""

UNIT_SIGNS = {"deg": "°", "degree": "°", "1/nm": "nm⁻¹", "1/angstrom": "Å⁻¹", "1/angstrom^2": "Å⁻²"}
LABELS = {"2theta": "2θ", "2th": "2θ", "azimuthal bin center": "azimuth", "chi": "azimuth"}
QUANTITIES = {"2th": "2theta"}
UNITS = {"degree": "deg", "nm^-1": "1/nm", "A^-1": "1/angstrom"}
"""As pyFAI and programs that follow it write them -> as NeXus does."""

N_CAKE_DIMENSIONS = 3


@dataclass(frozen=True)
class Axis:
    """An axis as it was stored; ``quantity`` is q, 2theta, ... and ``unit`` as NeXus writes it."""

    values: np.ndarray
    quantity: str
    unit: str

    @property
    def label(self) -> str:
        """Its name for people."""
        return LABELS.get(self.quantity, self.quantity.replace("_", " "))

    @property
    def unit_sign(self) -> str:
        """Its unit for people."""
        return UNIT_SIGNS.get(self.unit, self.unit)

    @property
    def is_count(self) -> bool:
        """Whether it only counts from 0."""
        return not self.unit and bool((self.values == np.arange(self.values.size)).all())

    @property
    def is_steady(self) -> bool:
        """Whether it rises or falls all along."""
        steps = np.diff(self.values)
        return bool(np.isfinite(self.values).all() and ((steps > 0).all() or (steps < 0).all()))


@dataclass(frozen=True)
class StoredPlot:
    """A signal (frames, [azimuths,] points) with its axes; None where the file gives none.

    ``wavelength`` (angstrom) and ``distance`` (m) are NaN where not known.
    """

    signal: Node
    radial: Axis
    azimuth: Axis | None
    along: Axis | None
    wavelength: float
    distance: float
    calibration: dict[str, float | str] = field(default_factory=dict)
    """What the integration was told of the calibration: ``calibrant``, ``calibration_residual_deg``,
    ``calibration_chi2``, ``calibration_note``."""

    @property
    def n_frames(self) -> int:
        """How many patterns or cakes there are."""
        is_single = self.signal.found.ndim == (1 if self.azimuth is None else 2)
        return 1 if is_single else int(self.signal.found.shape[0])

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the number of a first frame and some frames from it on, (n, [azimuths,] points) in floats."""
        frame = self.signal.found.shape[-1 if self.azimuth is None else -2 :]
        if self.signal.found.ndim == len(frame):
            yield 0, self.signal.read().astype(float)[None]
            return
        chunk = (self.signal.found.chunks or (1,))[0]
        fitting = BLOCK_BYTES // max(self.signal.bytes_of(frame), 1)
        step = max(fitting // chunk * chunk, 1)
        for first in range(0, self.n_frames, step):
            yield first, self.signal.read(slice(first, first + step)).astype(float)


@contextmanager
def open_plot(path: Path) -> Iterator[StoredPlot]:
    """Open a result file at its default plot.

    Raises
    ------
    InputError
        The file holds no pattern, scan of patterns or cake.
    """
    with open_h5(path) as file:
        data = default_plot(file["/"])
        if data is None:
            raise InputError(f"The file {Path(path).name} holds no pattern")
        signal = data[str(data.attribute("signal"))]
        axes = _axes_of(data, signal, Path(path).name)
        is_cake = signal.found.ndim == N_CAKE_DIMENSIONS or _is_azimuth(axes[-2])
        entry = file["/"].get(data.path.strip("/").split("/")[0])
        yield StoredPlot(
            signal,
            radial=axes[-1] or Axis(np.arange(0), "", ""),
            azimuth=(axes[-2] or _numbers(signal.found.shape[-2])) if is_cake else None,
            along=axes[-3 if is_cake else -2],
            wavelength=_number(entry, "instrument/monochromator/wavelength"),
            distance=_number(entry, "instrument/detector/distance"),
            calibration=dict(_calibration(entry)),
        )


def _axes_of(data: Node, signal: Node, name: str) -> list[Axis | None]:
    """Return the axis of each dimension, at least three."""
    names, shape = axis_names(data), signal.found.shape
    if not names or names[-1] == ".":
        raise InputError(f"The file {name} holds no pattern, but values without an axis")
    if not 0 < len(shape) <= N_CAKE_DIMENSIONS or len(names) != len(shape) or 0 in shape:
        raise InputError(f"The file {name} holds no pattern, but values of shape {shape}")
    axes = [_axis(data, axis, length) for axis, length in zip(names, shape, strict=True)]
    if axes[-1] is None:
        raise InputError(f"The file {name} holds no pattern, but values of shape {shape}")
    return [*[None] * (N_CAKE_DIMENSIONS - len(axes)), *axes]


def _axis(data: Node, name: str, length: int) -> Axis | None:
    node = data.get(name) if name != "." else None
    if node is None or not node.is_dataset or node.found.shape != (length,):
        return None
    if node.found.dtype.kind not in "iuf":
        return None
    quantity = str(node.attribute("long_name", name)).split(" (")[0]
    unit = str(node.attribute("units", ""))
    return Axis(node.read().astype(float), QUANTITIES.get(quantity, quantity), UNITS.get(unit, unit))


def _is_azimuth(axis: Axis | None) -> bool:
    return axis is not None and axis.label.startswith("azimuth")


def _numbers(length: int) -> Axis:
    return Axis(np.arange(length, dtype=float), "azimuth", "")


def _calibration(entry: Node | None) -> Iterator[tuple[str, float | str]]:
    for name in ("calibrant", "calibration_residual_deg", "calibration_chi2", "calibration_note"):
        node = entry.get(f"reduction/input/{name}") if entry else None
        if node is not None and node.is_dataset and node.found.shape == ():
            value = node.read()[()]
            yield name, value.decode(errors="replace") if isinstance(value, bytes) else float(value)


def _number(entry: Node | None, path: str) -> float:
    """Read one number below a group; NaN where there is none."""
    found = entry.get(path) if entry else None
    is_number = found is not None and found.is_dataset and found.found.dtype.kind in "iuf"
    return float(found.read()) if found and is_number and found.found.shape == () else float("nan")
