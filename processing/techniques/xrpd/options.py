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

MIN_POINTS, MAX_POINTS = 10, 100_000
DEFAULT_POINTS = 1000
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


def read_method(method: str | Sequence[str]) -> Method:
    """Read a method written as "full/csr", "full_csr_cython" or ("full", "csr", "cython").

    Raises
    ------
    InputError
        pyFAI has no such one-dimensional method on this machine.
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
        if is_known and IntegrationMethod.is_available(1, *chosen):
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
    try:
        number = int(n_points)  # type: ignore[call-overload]
        is_whole = number == float(n_points)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        is_whole = False
    if not is_whole or not MIN_POINTS <= number <= MAX_POINTS:
        raise InputError(
            f"n_points must be a whole number from {MIN_POINTS} to {MAX_POINTS}, not {n_points!r}"
        )
    if unit not in UNITS:
        raise InputError(f"The unit {unit!r} is not one of {', '.join(UNITS)}")
    return Binning(
        number, str(unit), _range("radial_range", radial_range), _range("azimuth_range", azimuth_range)
    )


def read_number(name: str, value: object) -> float:
    """Check that an option is a finite number."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = float("nan")
    if not isfinite(number):
        raise InputError(f"{name} must be a finite number, not {value!r}")
    return number


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
