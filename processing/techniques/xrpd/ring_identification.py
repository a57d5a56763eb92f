"""Find out which ring of a calibrant is which in an image.

Points are taken on more and more rings, in narrower and narrower windows, while distance, centre and tilt are
fitted: a ring keeps its number whatever the reason why it is not where it is expected.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from pyFAI.calibrant import Calibrant

from processing.techniques.xrpd.geometry import Geometry
from processing.techniques.xrpd.ring_fit import expected_angles, fit_rings, is_near, model_of
from processing.techniques.xrpd.ring_points import RingMap, RingPoints, find_points, visible_rings
from processing.techniques.xrpd.ring_search import Spots, bright_spots, search_place, share_on_rings
from workflows import InputError

__all__ = ["Measured", "identify_rings", "pixel_rad_of"]

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


def identify_rings(
    measured: Measured,
    start: Geometry,
    max_rings: Sequence[int | None],
    *,
    with_search: bool,
    on_step: Callable[[float], None],
) -> RingPoints:
    """Find points and the rings they belong to, if need be from the start in another orientation.

    Arguments and errors are those of `processing.techniques.xrpd.calibration.calibrate`.
    """
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
    pixel = pixel_rad_of(place, shape)
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


def pixel_rad_of(geometry: Geometry, shape: tuple[int, int]) -> float:
    """Size of a pixel in 2 theta, at small angles."""
    return float(geometry.make_detector(shape).pixel1 / geometry.dist)
