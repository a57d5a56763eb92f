"""Fit the place of a detector to points on the rings of a calibrant.

The model is pyFAI's `GeometryRefinement`: 2 theta of a pixel, against 2 theta of its ring by
Bragg's law.  The sum of the squared differences is what pyFAI minimises too; here it is done by
Levenberg's and Marquardt's method on the differences themselves (scipy), which ends closer
to the minimum than a method that sees their sum only, and tells how certain each value is.
"""

from dataclasses import dataclass, replace

import numpy as np
from pyFAI.calibrant import Calibrant
from pyFAI.geometryRefinement import GeometryRefinement
from scipy.optimize import least_squares

from processing.techniques.xrpd.geometry import Geometry
from processing.techniques.xrpd.ring_points import MAD_TO_SIGMA, RingPoints
from workflows import InputError

__all__ = [
    "PARAMETERS",
    "RingFit",
    "expected_angles",
    "fit_rings",
    "is_near",
    "mirrored",
    "refinement_of",
    "residuals",
]

PARAMETERS = ("dist", "poni1", "poni2", "rot1", "rot2", "rot3")
"""pyFAI's geometry; ``rot3`` turns the detector about the beam, which 2 theta does not notice."""

CLIP = 4.0
"""Points further off than so many standard deviations are left out of the fit."""

ROWS_REVERSED, COLUMNS_REVERSED = (1, 2), (1, 4)
"""pyFAI's orientations, compared with 3, its native one."""


@dataclass(frozen=True)
class RingFit:
    """A fitted geometry.

    ``residuals`` (n,) in rad are 2 theta of each point minus that of its ring;
    ``uncertainty`` holds one standard deviation of each value that was free (m, rad).
    """

    geometry: Geometry
    residuals: np.ndarray
    uncertainty: dict[str, float]

    @property
    def rms(self) -> float:
        """Root of the mean square of the residuals, in rad."""
        return float(np.sqrt(np.mean(self.residuals**2)))


def refinement_of(geometry: Geometry, shape: tuple[int, int], calibrant: Calibrant) -> GeometryRefinement:
    """Return pyFAI's model of a geometry for images of a shape."""
    return GeometryRefinement(
        **{name: getattr(geometry, name) for name in PARAMETERS},
        detector=geometry.make_detector(shape),
        wavelength=geometry.wavelength,
        calibrant=calibrant,
    )


def expected_angles(calibrant: Calibrant, wavelength_m: float) -> np.ndarray:
    """Return 2 theta in rad of each ring that Bragg's law allows, rising."""
    sine = wavelength_m * 1e10 / (2 * np.array(calibrant.dspacing, float))
    return 2 * np.arcsin(sine[sine < 1])


def residuals(geometry: Geometry, points: RingPoints, *, shape: tuple[int, int], calibrant: Calibrant) -> np.ndarray:
    """Return 2 theta of each point minus 2 theta of its ring, (n,) in rad."""
    model = refinement_of(geometry, shape, calibrant)
    return model.tth(points.rows, points.columns) - expected_angles(calibrant, geometry.wavelength)[points.ring]


def fit_rings(
    start: Geometry,
    points: RingPoints,
    *,
    shape: tuple[int, int],
    calibrant: Calibrant,
    free: frozenset[str],
    is_robust: bool = False,
) -> RingFit:
    """Fit the free values of a geometry to points.

    Parameters
    ----------
    start : Geometry
        Values that are not free stay as they are here.
    free : names of `PARAMETERS`, and "wavelength"
    is_robust : bool
        Points far off count less (scipy's "soft_l1"), for points that may belong to no ring.

    Raises
    ------
    InputError
        The values leave the physical range, or are fewer points than values.
    """
    model = refinement_of(start, shape, calibrant)
    spacing = np.array(calibrant.dspacing, float)[points.ring] * 1e-10
    names = [name for name in (*PARAMETERS, "wavelength") if name in free and name != "rot3"]
    values = np.array([getattr(start, name) for name in (*PARAMETERS, "wavelength")])
    scale = np.array([start.dist, start.dist, start.dist, 1, 1, 1, start.wavelength])
    chosen = np.array([name in names for name in (*PARAMETERS, "wavelength")])

    def differences(scaled: np.ndarray) -> np.ndarray:
        tried = values.copy()
        tried[chosen] += scaled * scale[chosen]
        two_theta = model.tth(points.rows, points.columns, tried[:6])
        return two_theta - 2 * np.arcsin(np.clip(tried[6] / (2 * spacing), -1, 1))

    if len(points) <= len(names):
        raise InputError(f"{len(points)} points on rings are too few to fit {len(names)} values")
    if not names:
        return RingFit(start, differences(np.empty(0)), {})
    loss = {"loss": "soft_l1", "f_scale": 1e-3} if is_robust else {}
    found = least_squares(differences, np.zeros(len(names)), x_scale="jac", xtol=1e-12, ftol=1e-12, **loss)
    values[chosen] += found.x * scale[chosen]
    fitted = dict(zip((*PARAMETERS, "wavelength"), values.tolist(), strict=True))
    _check_physical(fitted, start)
    deviations = _deviations(found.jac, found.fun) * scale[chosen]
    return RingFit(replace(start, **fitted), found.fun, dict(zip(names, deviations.tolist(), strict=True)))


def is_near(fit: RingFit) -> np.ndarray:
    """Return which points (n,) bool belong to the fit: not further off than `CLIP` standard deviations."""
    middle = np.median(fit.residuals)
    spread = MAD_TO_SIGMA * np.median(np.abs(fit.residuals - middle))
    return np.abs(fit.residuals - middle) <= max(CLIP * float(spread), 1e-9)


def mirrored(geometry: Geometry, orientation: int, *, shape: tuple[int, int]) -> Geometry:
    """Return the geometry that gives a flat detector the same rings in another orientation.

    A mirror image of detector and rings has the same angles: the point of normal
    incidence is measured from the other edge, and the rotations in the mirrored plane turn the other way.
    """
    detector = geometry.make_detector(shape)
    changed: dict[str, float] = {}
    turn = geometry.rot3
    if (geometry.orientation in ROWS_REVERSED) != (orientation in ROWS_REVERSED):
        changed |= {"poni1": shape[0] * detector.pixel1 - geometry.poni1, "rot2": -geometry.rot2}
        turn = -turn
    if (geometry.orientation in COLUMNS_REVERSED) != (orientation in COLUMNS_REVERSED):
        changed |= {"poni2": shape[1] * detector.pixel2 - geometry.poni2, "rot1": -geometry.rot1}
        turn = -turn
    return replace(geometry, orientation=orientation, rot3=turn, **changed)


def _deviations(jacobian: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return one standard deviation of each fitted value: (J^T J)^-1 times the variance of the residuals."""
    variance = float(left @ left) / max(left.size - jacobian.shape[1], 1)
    _, singular, right = np.linalg.svd(jacobian, full_matrices=False)
    with np.errstate(divide="ignore"):
        return np.sqrt(variance * ((right / singular[:, None]) ** 2).sum(axis=0))


def _check_physical(fitted: dict[str, float], start: Geometry) -> None:
    problems = [
        (not np.isfinite(list(fitted.values())).all(), "is not finite"),
        (not start.dist / 3 < fitted["dist"] < 3 * start.dist, f"has a distance of {fitted['dist']:.4g} m"),
        (max(abs(fitted["rot1"]), abs(fitted["rot2"])) > np.pi / 2, "is tilted by more than 90 degrees"),
        (
            not 0.8 < fitted["wavelength"] / start.wavelength < 1.25,
            f"has a wavelength of {fitted['wavelength'] * 1e10:.4g} angstrom",
        ),
    ]
    if found := [words for is_wrong, words in problems if is_wrong]:
        raise InputError(
            f"The fit to the rings went astray: its result {found[0]}; "
            "check the starting geometry, the energy and the calibrant"
        )
