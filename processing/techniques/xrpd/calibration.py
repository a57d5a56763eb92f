"""Calibrate the geometry of a detector with the image of a calibrant.

1. Identify the rings: look around the start for a place where bright spots lie on rings, then take
   points on more and more rings, in narrower and narrower windows, with distance, centre and tilt free.
2. Fit to these points what the user wants refined, from the user's start.
3. Compare with the other orientations of the image.

The first step does not depend on what is fixed: a ring keeps its number whatever the
reason why it is not where it is expected.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from processing.techniques.xrpd.calibrants import ring_labels
from processing.techniques.xrpd.geometry import Geometry
from processing.techniques.xrpd.orientations import (
    OrientationFit,
    compare_orientations,
    describe_orientations,
    own_fit,
)
from processing.techniques.xrpd.ring_fit import RingFit, expected_angles
from processing.techniques.xrpd.ring_identification import Measured, identify_rings, pixel_rad_of
from processing.techniques.xrpd.ring_points import RingPoints
from workflows import InputError

__all__ = ["Calibration", "Measured", "RingResult", "calibrate"]

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
    points = identify_rings(measured, start, max_rings, with_search=with_search, on_step=on_step)
    shape, calibrant = measured.shape, measured.calibrant
    orientations = compare_orientations(start, points, shape=shape, calibrant=calibrant, free=free)
    fit = own_fit(orientations, start.orientation)
    note = describe_orientations(orientations, start.orientation)
    on_step(95.0)
    _check(fit, start, pixel_rad_of(start, shape), note)
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
