"""How to integrate: methods, units and bins, by the names that pyFAI gives them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

import pyFAI.integrator.azimuthal  # noqa: F401 -- fills the registry of methods
from pyFAI.method_registry import IntegrationMethod

from workflows import InputError

SPLITS = ("no", "bbox", "full")
ALGORITHMS = ("histogram", "csr", "csc", "lut")
IMPLEMENTATIONS = ("cython", "python")

UNITS = {
    "2th_deg": ("2theta", "deg"),
    "2th_rad": ("2theta", "rad"),
    "q_nm^-1": ("q", "1/nm"),
    "q_A^-1": ("q", "1/angstrom"),
    "r_mm": ("radius", "mm"),
    "d*2_A^-2": ("d*2", "1/angstrom^2"),
}
"""pyFAI name of a radial unit -> name of the quantity, and its unit as NeXus writes it."""

AZIMUTHAL_UNIT = "chi_deg"
"""pyFAI name of the azimuthal unit of all cakes."""

MIN_POINTS, MAX_POINTS = 10, 100_000
DEFAULT_POINTS = 1000
MIN_SECTORS, MAX_SECTORS = 1, 3600
DEFAULT_SECTORS = 360
MAX_CAKE_POINTS = 10_000_000
"""Bins of a cake in all; the loop takes about 200 bytes for each."""
RANGE_ENDS = 2


class Method(NamedTuple):
    """A pyFAI integration method: how pixels are split, which algorithm, which implementation."""

    split: str
    algorithm: str
    implementation: str = "cython"

    def __str__(self) -> str:
        return "/".join(self)


DEFAULT_METHOD = Method("full", "csr")


@dataclass(frozen=True)
class Binning:
    """Which bins: number, pyFAI unit, radial range in that unit, azimuthal range in degrees."""

    n_points: int = DEFAULT_POINTS
    unit: str = "2th_deg"
    radial_range: tuple[float, float] | None = None
    azimuth_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Binning2D:
    """Which bins of a cake: numbers, pyFAI unit and range of the radius, azimuthal range in degrees."""

    n_radial: int = DEFAULT_POINTS
    n_azimuthal: int = DEFAULT_SECTORS
    unit: str = "2th_deg"
    radial_range: tuple[float, float] | None = None
    azimuth_range: tuple[float, float] | None = None


def read_method(method: str | Sequence[str], *, dimension: int = 1) -> Method:
    """Read a method written as "full/csr", "full_csr_cython" or ("full", "csr", "cython").

    Raises
    ------
    InputError
        pyFAI has no such method of this dimension (1, or 2: a cake) on this machine.
    """
    parts = method.replace("/", "_").split("_") if isinstance(method, str) else method
    names = [str(part).strip().lower() for part in parts]
    if len(names) in (2, 3):
        chosen = Method(*names)
        is_known = (
            chosen.split in SPLITS
            and chosen.algorithm in ALGORITHMS
            and chosen.implementation in IMPLEMENTATIONS
        )
        if is_known and IntegrationMethod.is_available(dimension, *chosen):
            return chosen
    known = ", ".join(f"{split}/{algorithm}" for split in SPLITS for algorithm in ALGORITHMS)
    raise InputError(f"The method {method!r} is not one of {known}")


def read_binning(
    n_points: object, unit: object, radial_range: object = None, azimuth_range: object = None
) -> Binning:
    """Check the bins that were asked for.

    Raises
    ------
    InputError
        The number of points is not a whole number from 10 to 100000, the unit is unknown, or
        a range is not two increasing numbers.
    """
    return Binning(
        _whole("n_points", n_points, MIN_POINTS, MAX_POINTS),
        _unit(unit),
        _range("radial_range", radial_range),
        _range("azimuth_range", azimuth_range),
    )


def read_binning2d(
    n_radial: object,
    n_azimuthal: object,
    unit: object,
    *,
    radial_range: object = None,
    azimuth_range: object = None,
) -> Binning2D:
    """Check the bins of a cake that were asked for.

    Raises
    ------
    InputError
        ``n_radial`` is not a whole number from 10 to 100000, or ``n_azimuthal`` from 1 to 3600; they
        are more than 10 million bins in all; the unit is unknown, or a range is not two increasing numbers.
    """
    binning = Binning2D(
        _whole("n_radial", n_radial, MIN_POINTS, MAX_POINTS),
        _whole("n_azimuthal", n_azimuthal, MIN_SECTORS, MAX_SECTORS),
        _unit(unit),
        _range("radial_range", radial_range),
        _range("azimuth_range", azimuth_range),
    )
    if binning.n_radial * binning.n_azimuthal > MAX_CAKE_POINTS:
        raise InputError(
            f"A cake has at most {MAX_CAKE_POINTS} bins, not {binning.n_radial} times {binning.n_azimuthal}"
        )
    return binning


def _whole(name: str, value: object, least: int, most: int) -> int:
    try:
        number = int(value)  # type: ignore[call-overload]
        is_whole = number == float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        is_whole = False
    if not is_whole or not least <= number <= most:
        raise InputError(f"{name} must be a whole number from {least} to {most}, not {value!r}")
    return int(number)


def _unit(unit: object) -> str:
    if unit not in UNITS:
        raise InputError(f"The unit {unit!r} is not one of {', '.join(UNITS)}")
    return str(unit)


def _range(name: str, ends: object) -> tuple[float, float] | None:
    if ends is None:
        return None
    try:
        low, high = (float(end) for end in ends)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        low = high = float("nan")
    if not (isfinite(low) and isfinite(high) and low < high):
        raise InputError(f"{name} must be two increasing numbers, not {ends!r}")
    return low, high
