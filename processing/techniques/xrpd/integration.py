"""Integrate as a request says, by our loop where it covers that, else by pyFAI; and tell what was used."""

import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyFAI
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from processing.nexus.images import Image
from processing.techniques.xrpd.frames import OURS, PYFAI, FrameIntegrator, Patterns
from processing.techniques.xrpd.geometry import Geometry
from processing.techniques.xrpd.integrator import kept_integrator
from processing.techniques.xrpd.options import AZIMUTHAL_UNIT, Binning2D
from processing.techniques.xrpd.request import Request
from processing.techniques.xrpd.second_images import Shape

PLACE = ("dist", "poni1", "poni2", "rot1", "rot2", "rot3", "wavelength")
METHODS = {
    ("integrate", 1): "integrate1d",
    ("integrate", 2): "integrate2d",
    ("sigma_clip_ng", 1): "sigma_clip_ng",
    ("medfilt1d_ng", 1): "medfilt1d_ng",
}
"""Integrator of a request, and dimension -> method of pyFAI's ``AzimuthalIntegrator``."""


class Integrates(Protocol):
    """What integrates frames: `FrameIntegrator`, or pyFAI."""

    radial: np.ndarray
    azimuthal: np.ndarray | None
    engine: str

    def integrate(self, frames: np.ndarray, factors: Sequence[float] | None = None) -> Patterns:
        """Integrate (n, rows, columns), each divided by its factor."""


class Result(NamedTuple):
    """One pattern, or with an azimuthal axis one cake.

    ``radial`` float64 (n_radial,) in ``radial_unit``; ``azimuthal`` float64 (n_azimuthal,) in degrees, or
    None; ``intensity`` and ``sigma`` float32 (n_radial,) or (n_azimuthal, n_radial), sigma None without an
    error model; ``engine`` "reprise" or "pyFAI".
    """

    radial: np.ndarray
    azimuthal: np.ndarray | None
    intensity: np.ndarray
    sigma: np.ndarray | None
    radial_unit: str
    engine: str

    @property
    def azimuthal_unit(self) -> str | None:
        """PyFAI's name of the unit of the azimuth; None for a pattern."""
        return None if self.azimuthal is None else AZIMUTHAL_UNIT

    @property
    def error(self) -> np.ndarray:
        """``sigma``, or NaN where there is none."""
        return np.full_like(self.intensity, np.nan) if self.sigma is None else self.sigma


def integrate_image(request: Request, image: np.ndarray, factor: float = 1.0) -> Result:
    """Integrate one image; ``factor`` divides the intensity."""
    integrator = frame_integrator(request)
    intensity, sigma = integrator.integrate(image[None], [factor * request.factor])
    return Result(
        integrator.radial,
        integrator.azimuthal,
        intensity[0],
        None if sigma is None else sigma[0],
        request.binning.unit,
        integrator.engine,
    )


def frame_integrator(request: Request) -> Integrates:
    """Choose what integrates: our loop where it covers the request, else pyFAI.

    Its factors are those of the frames: ``request.factor`` is not in them.
    """
    if is_plain(request) and "dummy" not in request.corrections:
        integrator = FrameIntegrator(
            request.geometry,
            request.shape,
            mask=request.mask,
            method=request.method,
            binning=request.binning,
            corrections=request.corrections,
        )
        if integrator.engine == OURS:
            return integrator
    return PyfaiFrames(request)


def is_plain(request: Request) -> bool:
    """Whether this is the mean over azimuths, with their usual origin: what kept integrators do."""
    return request.integrator == "integrate" and not request.chi_at_zero


class PyfaiFrames:
    """PyFAI's own integration of one frame after the other, whatever a request asks for."""

    engine = PYFAI

    def __init__(self, request: Request) -> None:
        self.request = request
        self.azimuthal: np.ndarray | None = None
        self._radial: np.ndarray | None = None
        # Made now: a geometry that does not fit is refused before the first frame.
        self._kept = (
            kept_integrator(
                request.geometry,
                request.shape,
                mask=request.mask,
                method=request.method,
                binning=request.binning,
            )
            if is_plain(request)
            else None
        )

    @property
    def radial(self) -> np.ndarray:
        """Centre of each bin, in the unit of the request."""
        if self._radial is None:
            self._one(np.zeros(self.request.shape, np.float32), 1.0)
        return np.asarray(self._radial)

    @radial.setter
    def radial(self, values: np.ndarray) -> None:
        self._radial = values

    def integrate(self, frames: np.ndarray, factors: Sequence[float] | None = None) -> Patterns:
        """Integrate (n, rows, columns), each divided by its factor."""
        divisors = np.ones(len(frames)) if factors is None else factors
        results = [self._one(frame, float(factor)) for frame, factor in zip(frames, divisors, strict=True)]
        intensity = np.stack([result.intensity for result in results])
        with_sigma = results[0].sigma is not None
        return Patterns(intensity, np.stack([result.sigma for result in results]) if with_sigma else None)

    def _one(self, frame: np.ndarray, factor: float) -> Any:
        options = {**self.request.corrections, "normalization_factor": factor}
        if self._kept is not None:
            result: Any = self._kept.integrate(frame, **options)
        else:
            result = _integrate_specially(self.request, frame, {**options, **self.request.extra})
        self._radial, self.azimuthal = result.radial, getattr(result, "azimuthal", None)
        return result


def _integrate_specially(request: Request, frame: np.ndarray, options: Mapping[str, Any]) -> Any:
    integrator, own_mask, lock = _special_integrator(request.geometry, request.shape, request.chi_at_zero)
    bins = request.binning
    is_cake = isinstance(bins, Binning2D)
    numbers = (bins.n_radial, bins.n_azimuthal) if isinstance(bins, Binning2D) else (bins.n_points,)
    integrate = getattr(integrator, METHODS[request.integrator, 2 if is_cake else 1])
    masks = [each != 0 for each in (request.mask, own_mask) if each is not None]
    with lock:  # an engine has one work space
        return integrate(
            frame,
            *numbers,
            unit=bins.unit,
            method=tuple(request.method),
            mask=np.logical_or.reduce(masks).astype(np.int8) if masks else None,
            radial_range=bins.radial_range,
            azimuth_range=bins.azimuth_range,
            **options,
        )


@lru_cache(maxsize=2)
def _special_integrator(
    geometry: Geometry, shape: Shape, chi_at_zero: bool
) -> tuple[AzimuthalIntegrator, np.ndarray | None, threading.Lock]:
    """Make pyFAI's integrator for what kept integrators do not do; with the detector's own mask."""
    integrator = AzimuthalIntegrator(
        **{name: getattr(geometry, name) for name in PLACE}, detector=geometry.make_detector(shape)
    )
    if chi_at_zero:
        integrator.setChiDiscAtZero()
    return integrator, integrator.mask, threading.Lock()


def integration_info(
    request: Request, *, engine: str, image: Image | None = None, factor: float = 1.0
) -> dict[str, Any]:
    """Tell everything that decided about the numbers, for the record."""
    geometry, binning = request.geometry, request.binning
    detector = geometry.make_detector(request.shape)
    own_mask = detector.mask
    masked = [each != 0 for each in (request.mask, own_mask) if each is not None]
    cake = {"n_azimuthal": binning.n_azimuthal} if isinstance(binning, Binning2D) else {}
    return {
        "program": "pyFAI",
        "version": pyFAI.version,
        "engine": engine,
        "method": str(request.method),
        "integrator": request.integrator,
        **{f"integrator_{name}": value for name, value in request.extra.items()},
        "n_points": binning.n_radial if isinstance(binning, Binning2D) else binning.n_points,
        **cake,
        "unit": binning.unit,
        "radial_range": binning.radial_range,
        "azimuth_range": binning.azimuth_range,
        "geometry": geometry.as_dict(),
        "wavelength_m": geometry.wavelength,
        "energy_kev": geometry.energy_kev,
        "detector": detector.name,
        "pixel1_m": detector.pixel1,
        "pixel2_m": detector.pixel2,
        "image_file": None if image is None or image.path is None else str(image.path),
        "image_h5path": None if image is None else image.h5path,
        "image_shape": list(request.shape),
        "n_frames": 1 if image is None else image.n_frames,
        "n_masked_pixels": int(np.count_nonzero(np.logical_or.reduce(masked))) if masked else 0,
        **{f"{name}_file": file for name, file in request.files.items()},
        "polarization_factor": request.corrections["polarization_factor"],
        "correct_solid_angle": request.corrections["correctSolidAngle"],
        "normalization_factor": factor * request.factor,
        "error_model": request.corrections["error_model"],
        "dummy": request.corrections.get("dummy"),
        "delta_dummy": request.corrections.get("delta_dummy"),
        "chi_discontinuity_at_0": request.chi_at_zero,
    }
