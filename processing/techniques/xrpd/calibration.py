"""Calibrate the geometry of a detector with the image of a calibrant.

1. Identify the rings: look around the start for a place where bright spots lie on rings, then take
   points on more and more rings, in narrower and narrower windows, with distance, centre and tilt free.
2. Fit to these points what the user wants refined, from the user's start.
3. Compare with the other orientations of the image.

The first step does not depend on what is fixed: a ring keeps its number whatever the
reason why it is not where it is expected.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from pyFAI.calibrant import Calibrant

from processing.techniques.xrpd.calibrants import ring_labels
from processing.techniques.xrpd.geometry import Geometry
from processing.techniques.xrpd.orientations import (
    OrientationFit,
    compare_orientations,
    describe_orientations,
    own_fit,
)
from processing.techniques.xrpd.ring_fit import (
    RingFit,
    expected_angles,
    fit_rings,
    is_near,
    model_of,
)
from processing.techniques.xrpd.ring_points import RingMap, RingPoints, find_points, visible_rings
from processing.techniques.xrpd.ring_search import Spots, bright_spots, search_place, share_on_rings
from workflows import InputError

__all__ = ["Calibration", "RingResult", "calibrate"]

PLACE = frozenset({"dist", "poni1", "poni2"})
TILT = frozenset({"rot1", "rot2"})

STAGES = ((4, np.inf, PLACE), (8, 25.0, PLACE | TILT), (None, 12.0, PLACE | TILT), (None, 8.0, PLACE | TILT))
"""Rings from inside, half width of the window in pixels, what is free; one after the other."""

MIN_POINTS = 24
MIN_SHARE, MIN_SHARE_IF_SHARP, SHARP_PIXELS = 0.6, 0.4, 0.5
"""Share of the bright spots on rings, beyond chance.  Of the right calibrant 0.7 with a second phase in
the image, and 0.75 to 1 without; of a wrong one up to 0.57, and then the fit is worse than a pixel."""

RING_PIXELS = 1.5
"""Half the width of a ring in pixels, for that share."""

MAX_RMS_PIXELS, MAX_RMS_DEG = 2.0, 0.1
"""A fit that is worse than both does not describe the rings."""

MAX_DISTANCE_ERROR, MAX_ENERGY_ERROR = 0.05, 0.01
"""Relative standard deviations up to which a value counts as determined."""


@dataclass(frozen=True)
class RingResult:
    """One ring: its name, 2 theta by Bragg's law, how many points, their rms distance from it in 2 theta."""

    label: str
    two_theta_deg: float
    n_points: int
    residual_deg: float


@dataclass(frozen=True)
class Calibration:
    """What a calibration found.

    ``chi2`` is the sum of the squared residuals in rad^2, as pyFAI gives it; ``residual_deg`` their
    root mean square; ``uncertainty`` one standard deviation of each refined value (m, rad), from the
    scatter of the points alone.  ``note`` says in words what `orientations` found.
    """

    geometry: Geometry
    points: RingPoints
    labels: list[str]
    rings: list[RingResult]
    residual_deg: float
    chi2: float
    uncertainty: dict[str, float]
    orientations: list[OrientationFit]
    note: str


@dataclass(frozen=True)
class Measured:
    """The image of a calibrant, and which of its pixels count."""

    image: np.ndarray
    is_used: np.ndarray
    calibrant: Calibrant

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.image.shape
        return rows, columns


def calibrate(
    measured: Measured,
    start: Geometry,
    *,
    free: frozenset[str],
    max_rings: Sequence[int | None] = (None,),
    with_search: bool = True,
    on_step: Callable[[float], None] = lambda _: None,
) -> Calibration:
    """Refine a geometry.

    Parameters
    ----------
    measured : Measured
    start : Geometry
        Within some 8 % of the distance and 8 mm of the centre where ``with_search``; else within half the
        way between two rings.
    free : names
        Of ``dist``, ``poni1``, ``poni2``, ``rot1``, ``rot2``, ``rot3``, ``wavelength``.  ``rot3`` has no
        influence on the rings and stays as it is.
    max_rings : numbers, or None for all
        How many rings, from inside, are used; several numbers are stages.
    on_step : function of one number, optional
        Told how much is done, in percent; may raise to stop.

    Raises
    ------
    InputError
        No rings of the calibrant are seen, the fit leaves the physical range, does not describe
        the rings, or they do not determine what is free.
    """
    points = _identify(measured, start, max_rings, with_search=with_search, on_step=on_step)
    shape, calibrant = measured.shape, measured.calibrant
    orientations = compare_orientations(start, points, shape=shape, calibrant=calibrant, free=free)
    fit = own_fit(orientations, start.orientation)
    note = describe_orientations(orientations, start.orientation)
    on_step(95.0)
    _check(fit, start, _pixel_rad(start, shape), note)
    labels = ring_labels(calibrant)
    return Calibration(
        geometry=fit.geometry,
        points=points,
        labels=labels,
        rings=_by_ring(fit, points, labels, expected_angles(calibrant, fit.geometry.wavelength)),
        residual_deg=float(np.degrees(fit.rms)),
        chi2=float(fit.residuals @ fit.residuals),
        uncertainty=fit.uncertainty,
        orientations=orientations,
        note=note,
    )


def _identify(
    measured: Measured,
    start: Geometry,
    max_rings: Sequence[int | None],
    *,
    with_search: bool,
    on_step: Callable[[float], None],
) -> RingPoints:
    """Find points and the rings they belong to, if need be from the start in another orientation."""
    if not measured.is_used.any():
        raise InputError("The image has no pixel that counts: all are masked, dead or not finite")
    spots = bright_spots(measured.image, measured.is_used) if with_search else None
    orientations = sorted((1, 2, 3, 4), key=lambda orientation: orientation != start.orientation)
    problem: InputError | None = None
    for number, orientation in enumerate(orientations):
        on_step(5.0 + 20.0 * number)
        try:
            found = _follow_rings(
                measured, replace(start, orientation=orientation), spots=spots, max_rings=max_rings
            )
        except InputError as error:
            problem = problem or error
        else:
            return found
    raise problem or InputError("No ring was found")


def _follow_rings(
    measured: Measured, start: Geometry, *, spots: Spots | None, max_rings: Sequence[int | None]
) -> RingPoints:
    """Take points on more and more rings, and fit each time."""
    shape, calibrant = measured.shape, measured.calibrant
    expected = expected_angles(calibrant, start.wavelength)
    place = start
    if spots is not None and expected.size:
        moved, _ = search_place(model_of(start, shape), spots, expected=expected, free=PLACE)
        place = replace(start, **cast("dict[str, Any]", moved))
    pixel = _pixel_rad(place, shape)
    for n_rings, half, free in _stages(max_rings):
        model = model_of(place, shape)
        ring_map = RingMap.of(
            measured.image,
            measured.is_used,
            two_theta=model.center_array(shape, unit="2th_rad", scale=False),
            chi=model.center_array(shape, unit="chi_rad", scale=False),
            pixel_rad=pixel,
        )
        rings = visible_rings(expected, ring_map)[:n_rings]
        points = find_points(ring_map, model, expected=expected, rings=rings, max_half_window=half * pixel)
        if len(points) < MIN_POINTS:
            raise InputError(
                f"Only {len(points)} points on rings were found, {MIN_POINTS} are needed: "
                "check the calibrant, the energy and the starting geometry"
            )
        fit = fit_rings(place, points, shape=shape, calibrant=calibrant, free=free, is_robust=True)
        place = fit.geometry
    points = points.kept(is_near(fit))
    if spots is None:
        spots = bright_spots(measured.image, measured.is_used)
    share = share_on_rings(model_of(place, shape), spots, expected=expected, half_width=RING_PIXELS * pixel)
    if share < MIN_SHARE_IF_SHARP or (share < MIN_SHARE and fit.rms > SHARP_PIXELS * pixel):
        raise InputError(
            f"Only {max(share, 0):.0%} of the bright spots lie on rings of the calibrant: check the "
            "calibrant, the energy and the starting geometry, or mask what does not belong to it"
        )
    return points


def _stages(max_rings: Sequence[int | None]) -> list[tuple[int | None, float, frozenset[str]]]:
    """Return `STAGES`, with no more rings than are wanted; each further number is a stage like the last."""
    first, *more = max_rings or (None,)
    stages = [
        (first if count is None else min(count, first or count), half, free) for count, half, free in STAGES
    ]
    return [*stages, *((count, *STAGES[-1][1:]) for count in more)]


def _pixel_rad(geometry: Geometry, shape: tuple[int, int]) -> float:
    """Size of a pixel in 2 theta, at small angles."""
    return float(geometry.make_detector(shape).pixel1 / geometry.dist)


def _check(fit: RingFit, start: Geometry, pixel_rad: float, note: str) -> None:
    limit = max(MAX_RMS_PIXELS * pixel_rad, float(np.radians(MAX_RMS_DEG)))
    if fit.rms > limit:
        raise InputError(
            f"With what is fixed, the rings are {np.degrees(fit.rms):.3g} degrees (rms) from where they are "
            f"expected. {note}"
        )
    distance = fit.uncertainty.get("dist", 0.0) / start.dist
    energy = fit.uncertainty.get("wavelength", 0.0) / start.wavelength
    if energy > MAX_ENERGY_ERROR or distance > MAX_DISTANCE_ERROR:
        what = "energy" if energy > MAX_ENERGY_ERROR else "distance"
        raise InputError(
            f"These rings do not determine the {what} (uncertain by {max(energy, distance):.0%}): "
            f"fix the {what}"
        )


def _by_ring(
    fit: RingFit, points: RingPoints, labels: Sequence[str], expected: np.ndarray
) -> list[RingResult]:
    results = []
    for ring in np.unique(points.ring):
        left = fit.residuals[points.ring == ring]
        results.append(
            RingResult(
                labels[ring] if ring < len(labels) else f"ring{ring}",
                float(np.degrees(expected[ring])),
                left.size,
                float(np.degrees(np.sqrt(np.mean(left**2)))),
            )
        )
    return results
