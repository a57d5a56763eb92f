"""Which way round the image is stored: compare pyFAI's four orientations after a calibration.

A flat detector in a mirror sees the same rings at the same angles.  So an image that was stored
with its rows or columns reversed is fitted equally well, by a mirrored geometry, when
centre and tilt are free.  What tells the orientations apart is what is known besides the rings: the
values that are fixed, and an earlier calibration that was taken as the start.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pyFAI.calibrant import Calibrant

from processing.techniques.xrpd.geometry import Geometry
from processing.techniques.xrpd.ring_fit import RingFit, fit_rings, mirrored, residuals
from processing.techniques.xrpd.ring_points import RingPoints
from workflows import InputError

__all__ = ["OrientationFit", "compare_orientations", "describe_orientations", "own_fit"]

NAMES = {
    1: "orientation 1 (rows and columns reversed)",
    2: "orientation 2 (rows reversed)",
    3: "orientation 3 (native)",
    4: "orientation 4 (columns reversed)",
}

CLEARLY = 3.0
"""So many times smaller a residual has to be to say that another orientation fits better."""

MANY = 1000

AGREES = 5.0
"""A start agrees with the rings when its residual is within so many times that of the fit."""


@dataclass(frozen=True)
class OrientationFit:
    """One orientation: rms residual of the start as it was given, and of the fit, in degrees.

    ``fit`` is what went wrong where there is none; ``fit_deg`` is infinite then.
    """

    orientation: int
    start_deg: float
    fit: RingFit | InputError

    @property
    def fit_deg(self) -> float:
        """Root mean square residual of the fit in degrees."""
        return float("inf") if isinstance(self.fit, InputError) else float(np.degrees(self.fit.rms))


def compare_orientations(
    start: Geometry,
    points: RingPoints,
    *,
    shape: tuple[int, int],
    calibrant: Calibrant,
    free: frozenset[str],
) -> list[OrientationFit]:
    """Fit the same points, with the same values free, in each orientation of the image.

    Each fit starts twice, from the given values and from their mirror images, and the better one counts.
    """
    found = []
    for orientation in (1, 2, 3, 4):
        as_given = replace(start, orientation=orientation)
        left = residuals(as_given, points, shape=shape, calibrant=calibrant)
        best: RingFit | InputError | None = None
        for place in _starts(start, as_given, free, shape):
            try:
                fit = fit_rings(place, points, shape=shape, calibrant=calibrant, free=free)
            except InputError as problem:
                best = best or problem
            else:
                best = fit if not isinstance(best, RingFit) or fit.rms < best.rms else best
        if best is not None:
            found.append(OrientationFit(orientation, _rms_deg(left), best))
    return found


def own_fit(found: Sequence[OrientationFit], given: int) -> RingFit:
    """Return the fit in the orientation that was asked for, or raise what went wrong in it."""
    fit = next(one.fit for one in found if one.orientation == given)
    if isinstance(fit, InputError):
        raise fit
    return fit


def describe_orientations(found: Sequence[OrientationFit], given: int) -> str:
    """Say in words whether another orientation than the given one fits better."""
    own = next(one for one in found if one.orientation == given)
    best = min(found, key=lambda one: one.fit_deg)
    if own.fit_deg > CLEARLY * best.fit_deg:
        return (
            f"The rings fit {_compared(own.fit_deg, best.fit_deg)} with {NAMES[best.orientation]}. "
            f"The image seems to be stored flipped: set the orientation to {best.orientation}."
        )
    best = min(found, key=lambda one: one.start_deg)
    if own.start_deg > CLEARLY * best.start_deg and best.start_deg < AGREES * best.fit_deg:
        return (
            f"The starting geometry fits {_compared(own.start_deg, best.start_deg)} with "
            f"{NAMES[best.orientation]}. The image seems to be stored flipped with respect to it; "
            f"the refined geometry holds for orientation {given} only."
        )
    if any(own.fit_deg * CLEARLY > one.fit_deg for one in found if one is not own):
        return (
            "The rings alone do not tell how the image is stored: mirrored geometries fit them equally "
            f"well. The refined one holds for {NAMES[given]} only."
        )
    return f"No other orientation fits as well as {NAMES[given]}."


def _starts(
    start: Geometry, as_given: Geometry, free: frozenset[str], shape: tuple[int, int]
) -> list[Geometry]:
    """Return where a fit begins: what is fixed as it was given, what is free also as in the mirror."""
    image = mirrored(start, as_given.orientation, shape=shape)
    own = {name: getattr(image, name) for name in ("poni1", "poni2", "rot1", "rot2") if name in free}
    return [as_given, replace(as_given, **own)]


def _rms_deg(left: np.ndarray) -> float:
    return float(np.degrees(np.sqrt(np.mean(left**2))))


def _compared(larger: float, smaller: float) -> str:
    times = min(larger / max(smaller, 1e-9), MANY)
    said = f"more than {MANY}" if times == MANY else f"{times:.0f}" if times >= CLEARLY**2 else f"{times:.2g}"
    return f"{said} times better (residual {smaller:.2g} instead of {larger:.2g} degrees)"
