"""Fit the place of a detector to points on the rings of a calibrant.

The model is pyFAI's: 2 theta of a pixel by its geometry, against 2 theta of its ring by Bragg's law.
The sum of the squared differences is what pyFAI's `GeometryRefinement` minimises too; here scipy
does it on the differences themselves, which ends closer to the minimum than a method
that sees their sum only, and tells how certain each value is.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from pyFAI.calibrant import Calibrant
from pyFAI.geometry import Geometry as Model
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
    "model_of",
    "positions",
    "residuals",
    "two_theta_at",
    "two_theta_of",
]

PARAMETERS = ("dist", "poni1", "poni2", "rot1", "rot2", "rot3")
"""pyFAI's geometry; ``rot3`` turns the detector about the beam, which 2 theta does not notice."""

CLIP = 4.0
"""Points further off than so many standard deviations are left out of the fit."""

MAX_DISTANCE_FACTOR, MAX_WAVELENGTH_FACTOR = 3.0, 1.25
"""A fit that leaves the start further than this, either way, went astray."""

ALL = (*PARAMETERS, "wavelength")

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


def model_of(geometry: Geometry, shape: tuple[int, int]) -> Model:
    """Return pyFAI's object for a geometry and images of a shape."""
    place = {name: getattr(geometry, name) for name in PARAMETERS}
    return Model(**place, detector=geometry.make_detector(shape), wavelength=geometry.wavelength)


def two_theta_of(points: RingPoints, geometry: Geometry, shape: tuple[int, int]) -> np.ndarray:
    """Return 2 theta in rad of points (n,)."""
    model = _detector_model(geometry, shape)
    place = tuple(getattr(geometry, name) for name in PARAMETERS)
    return two_theta_at(model, positions(model, points.rows, points.columns), place)


def positions(model: Model, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return where pixels (n,) are on their detector, by pyFAI: (3, n) in m."""
    along1, along2, out_of_plane = model.detector.calc_cartesian_positions(rows, columns)
    return np.stack([along1, along2, np.zeros(rows.size) if out_of_plane is None else out_of_plane])


def two_theta_at(model: Model, place_on_detector: np.ndarray, place: tuple[float, ...]) -> np.ndarray:
    """Return 2 theta in rad of positions (3, n), with the detector at ``place`` (`PARAMETERS`).

    The rotation is pyFAI's.  Its own function gives the same, but for so few points its threads cost
    more than they save.
    """
    dist, poni1, poni2 = place[:3]
    shifted = place_on_detector + np.array([-poni1, -poni2, dist])[:, None]
    along1, along2, along_beam = np.einsum("ij,jn->in", model.rotation_matrix(place), shifted)
    return np.arctan2(np.hypot(along1, along2), along_beam)


def _detector_model(geometry: Geometry, shape: tuple[int, int]) -> Model:
    return _place_free_model(geometry.detector, geometry.pixel1, geometry.pixel2, geometry.orientation, shape)


@lru_cache(maxsize=8)
def _place_free_model(
    detector: str | None, pixel1: float | None, pixel2: float | None, orientation: int, shape: tuple[int, int]
) -> Model:
    """Keep a detector for any place: each new one makes pyFAI collect garbage, which takes long."""
    somewhere = Geometry(
        dist=1.0,
        poni1=0.0,
        poni2=0.0,
        wavelength=1e-10,
        detector=detector,
        pixel1=pixel1,
        pixel2=pixel2,
        orientation=orientation,
    )
    return model_of(somewhere, shape)


def expected_angles(calibrant: Calibrant, wavelength_m: float) -> np.ndarray:
    """Return 2 theta in rad of each ring that Bragg's law allows, rising."""
    sine = wavelength_m * 1e10 / (2 * np.array(calibrant.dspacing, float))
    return 2 * np.arcsin(sine[sine < 1])


def residuals(
    geometry: Geometry, points: RingPoints, *, shape: tuple[int, int], calibrant: Calibrant
) -> np.ndarray:
    """Return 2 theta of each point minus 2 theta of its ring, (n,) in rad."""
    expected = expected_angles(calibrant, geometry.wavelength)[points.ring]
    return two_theta_of(points, geometry, shape) - expected


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
    model = _detector_model(start, shape)
    seen = positions(model, points.rows, points.columns)
    spacing = np.array(calibrant.dspacing, float)[points.ring] * 1e-10
    names = [name for name in ALL if name in free and name != "rot3"]
    scale = np.array([start.dist if name in ("dist", "poni1", "poni2") else 1.0 for name in names])
    scale[[name == "wavelength" for name in names]] = start.wavelength
    first = np.array([getattr(start, name) for name in names])

    def tried(scaled: np.ndarray) -> dict[str, Any]:
        return dict(zip(names, (first + scaled * scale).tolist(), strict=True))

    def differences(scaled: np.ndarray) -> np.ndarray:
        place = {name: getattr(start, name) for name in ALL} | tried(scaled)
        wavelength = place.pop("wavelength")
        two_theta = two_theta_at(model, seen, tuple(place.values()))
        return two_theta - 2 * np.arcsin(np.clip(wavelength / (2 * spacing), -1, 1))

    if len(points) <= len(names):
        raise InputError(f"{len(points)} points on rings are too few to fit {len(names)} values")
    if not names:
        return RingFit(start, differences(np.empty(0)), {})
    loss = {"loss": "soft_l1", "f_scale": 1e-3} if is_robust else {}
    found = least_squares(differences, np.zeros(len(names)), x_scale="jac", xtol=1e-12, ftol=1e-12, **loss)
    fitted = tried(found.x)
    _check_physical({name: getattr(start, name) for name in ALL} | fitted, start)
    deviations = _deviations(found.jac, found.fun) * scale
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
    changed: dict[str, Any] = {}
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
    distance, wavelength = fitted["dist"] / start.dist, fitted["wavelength"] / start.wavelength
    problems = (
        (not np.isfinite(list(fitted.values())).all(), "is not finite"),
        (_is_far(distance, MAX_DISTANCE_FACTOR), f"has a distance of {fitted['dist']:.4g} m"),
        (max(abs(fitted["rot1"]), abs(fitted["rot2"])) > np.pi / 2, "is tilted by more than 90 degrees"),
        (
            _is_far(wavelength, MAX_WAVELENGTH_FACTOR),
            f"has a wavelength of {fitted['wavelength'] * 1e10:.4g} angstrom",
        ),
    )
    if found := [words for is_wrong, words in problems if is_wrong]:
        raise InputError(
            f"The fit to the rings went astray: its result {found[0]}; "
            "check the starting geometry, the energy and the calibrant"
        )


def _is_far(ratio: float, factor: float) -> bool:
    return not 1 / factor < ratio < factor
