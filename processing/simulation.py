"""Powder data of a facility that does not exist, right in physics and known in truth.

The rings of a calibrant (their d-spacings are pyFAI's, from NIST certificates), on a real
detector model with its gaps, at a given geometry: with the solid angle and the polarisation
that an integration corrects for, ring widths, a smooth background and counting noise.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from math import asin, degrees, log, radians, sqrt, tan
from pathlib import Path
from typing import Any

import numpy as np
from pyFAI.calibrant import ALL_CALIBRANTS, get_calibrant
from pyFAI.detectors import detector_factory
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from processing.nexus.frame_writer import write_frame
from processing.techniques.xrpd.geometry import Geometry, read_geometry
from workflows import InputError

POLARIZATION = 0.99
"""Degree of linear polarisation in the horizontal plane, of a synchrotron."""

RINGS_RATE = 2000.0
BACKGROUND_RATE = 60.0
"""Counts per second and pixel at normal incidence, of the strongest ring and far from it."""

SATURATION = 1_000_000
DEAD_PIXELS = 20
BEAMSTOP_RADIUS_M = 0.003
GRID_POINTS = 50_000
RING_REACH = 10
"""Standard deviations from a ring's centre; what is left of it there is below the precision of a double."""
WIDTH = (0.0016, 0.0006, 0.0004)
"""Caglioti's U, V, W in square degrees of 2 theta: the full width at half maximum is
sqrt(U tan^2(theta) - V tan(theta) + W), about 0.02 degrees at small angles."""


@dataclass(frozen=True)
class PowderDataset:
    """What was written: the files, and what is in them."""

    image: Path
    poni: Path
    truth: Path
    values: dict[str, Any]
    """The content of the truth file: geometry, wavelength_m, d-spacings in A, 2 theta in degrees, seed."""


def simulate_image(
    calibrant: str, geometry: Geometry, *, exposure_s: float, seed: int, strain: float = 0.0
) -> np.ndarray:
    """Simulate one exposure of a powder.

    Parameters
    ----------
    calibrant : str
        pyFAI's name: "LaB6", "CeO2", "Si", "alpha_Al2O3", ...
    geometry : Geometry
        With a named detector.
    exposure_s : float
    seed : int
        The same seed gives the same image.
    strain : float
        Relative change of all d-spacings (warm samples have a positive one).

    Returns
    -------
    array (rows, columns)
        Counts.  Gaps and dead pixels have the detector's own values: -1 and -2 in an int32
        image (Pilatus), the two largest numbers in a uint32 image (Eiger).
    """
    integrator = _integrator(geometry)
    shape = integrator.detector.shape
    two_theta = integrator.center_array(shape, "2th_rad", scale=False)
    pixel_deg = np.degrees(integrator.detector.pixel1 / geometry.dist)
    grid, rate = _pattern_rate(calibrant, geometry, float(two_theta.max()), pixel_deg, strain)
    counts = np.interp(two_theta, grid, rate) * exposure_s
    counts *= integrator.solidAngleArray(shape) * integrator.polarization(shape, POLARIZATION)
    counts[two_theta < np.arctan(BEAMSTOP_RADIUS_M / geometry.dist)] *= 1e-3
    random = np.random.default_rng(seed)
    measured = np.minimum(random.poisson(counts), SATURATION)
    is_eiger = "eiger" in integrator.detector.name.lower()
    image = measured.astype(np.uint32 if is_eiger else np.int32)
    gap, dead = (2**32 - 1, 2**32 - 2) if is_eiger else (-1, -2)
    image.flat[random.choice(image.size, DEAD_PIXELS, replace=False)] = dead
    image[integrator.detector.mask != 0] = gap
    return image


def default_geometry(detector: str, energy_kev: float, distance_m: float = 0.25) -> Geometry:
    """Place a detector with its centre near the beam, tilted by a few milliradians."""
    flat = read_geometry({"dist": distance_m}, energy_kev=energy_kev, detector=detector)
    rows, columns = detector_factory(flat.detector).shape
    pixel1, pixel2 = detector_factory(flat.detector).pixel1, detector_factory(flat.detector).pixel2
    return replace(
        flat, poni1=(rows / 2 + 3.3) * pixel1, poni2=(columns / 2 - 4.7) * pixel2, rot1=0.004, rot2=-0.003
    )


def write_powder_dataset(
    folder: Path,
    *,
    calibrant: str = "LaB6",
    geometry: Geometry | Mapping[str, object] | None = None,
    energy_kev: float = 38.0,
    exposure_s: float = 1.0,
    seed: int = 0,
    detector: str = "Pilatus1M",
    sample: str | None = None,
    name: str | None = None,
    strain: float = 0.0,
    started: datetime | None = None,
) -> PowderDataset:
    """Write one simulated exposure as a facility would store it.

    Parameters
    ----------
    folder : path
        Made if needed.  Gets ``<name>.h5``, ``<name>.poni`` and ``truth.json``.
    geometry : Geometry or mapping, optional
        Default `default_geometry`.
    sample, name : str, optional
        Default the calibrant, and ``<calibrant>_0001``.
    started : datetime, optional
        Start of the exposure; default the first second of 2026, so that equal arguments
        write equal bytes.

    Raises
    ------
    InputError
        The geometry or the calibrant is not known.
    """
    if calibrant not in ALL_CALIBRANTS:
        raise InputError(f"The calibrant {calibrant!r} is not one of pyFAI's")
    place = (
        default_geometry(detector, energy_kev)
        if geometry is None
        else read_geometry(geometry, energy_kev=energy_kev, detector=detector)
    )
    folder.mkdir(parents=True, exist_ok=True)
    name = name or f"{calibrant}_0001"
    written = PowderDataset(
        image=folder / f"{name}.h5",
        poni=folder / f"{name}.poni",
        truth=folder / "truth.json",
        values=describe_truth(calibrant, place, strain)
        | {"seed": seed, "exposure_s": exposure_s, "sample": sample or calibrant},
    )
    image = simulate_image(calibrant, place, exposure_s=exposure_s, seed=seed, strain=strain)
    model = _integrator(place).detector
    write_frame(
        written.image,
        image,
        title=f"ct {exposure_s}",
        started=started or datetime(2026, 1, 1, tzinfo=UTC),
        exposure_s=exposure_s,
        sample=sample or calibrant,
        instrument="Simulated powder diffraction beamline",
        detector=model.name,
        pixel_size_m=(model.pixel1, model.pixel2),
        energy_kev=place.energy_kev,
        geometry=place.as_dict(),
    )
    written.poni.write_text(poni_text(place))
    written.truth.write_text(json.dumps(written.values, indent=2) + "\n")
    return written


@lru_cache(maxsize=4)
def _integrator(geometry: Geometry) -> AzimuthalIntegrator:
    """Keep what pyFAI computes for each pixel of a geometry."""
    detector = detector_factory(geometry.detector, {"orientation": geometry.orientation})
    place = {name: getattr(geometry, name) for name in ("dist", "poni1", "poni2", "rot1", "rot2", "rot3")}
    return AzimuthalIntegrator(**place, wavelength=geometry.wavelength, detector=detector)


def _rings(calibrant: str, geometry: Geometry, strain: float) -> list[tuple[float, float, float]]:
    """Return d in angstrom, 2 theta in rad and relative intensity of each ring that can exist (Bragg).

    Where pyFAI lists no intensity it is taken as multiplicity x d^3 (the Lorentz factor at
    small angles goes with d^2, the rest stands for the form factor), on the scale of the others.
    """
    powder = get_calibrant(calibrant)
    powder.count_registered_dspacing()  # makes it load its reflections
    listed = [r for r in powder.config.reflections if (r.multiplicity or 1) > 0]
    estimates = np.array([(r.multiplicity or 1) * r.dspacing**3 for r in listed])
    known = np.array([np.nan if r.intensity is None else r.intensity for r in listed])
    is_known = np.isfinite(known)
    scale = np.median(known[is_known] / estimates[is_known]) if is_known.any() else 1.0
    intensities = np.where(is_known, known, estimates * scale)
    rings = []
    for reflection, intensity in zip(listed, intensities / intensities.max(), strict=True):
        d = reflection.dspacing * (1 + strain)
        if (sine := geometry.wavelength * 1e10 / (2 * d)) < 1:
            rings.append((d, 2 * asin(sine), float(intensity)))
    return rings


def _pattern_rate(
    calibrant: str, geometry: Geometry, end: float, pixel_deg: float, strain: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return counts per second and pixel over 2 theta (rad, from 0 to ``end``): background and rings."""
    grid = np.linspace(0, end, GRID_POINTS)
    rate = BACKGROUND_RATE * (0.3 + np.exp(-np.degrees(grid) / 8))
    for _, centre, intensity in _rings(calibrant, geometry, strain):
        tangent = tan(centre / 2)
        squared = WIDTH[0] * tangent**2 - WIDTH[1] * tangent + WIDTH[2] + pixel_deg**2
        sigma = radians(sqrt(squared)) / (2 * sqrt(2 * log(2)))
        near = slice(*np.searchsorted(grid, (centre - RING_REACH * sigma, centre + RING_REACH * sigma)))
        rate[near] += RINGS_RATE * intensity * np.exp(-0.5 * ((grid[near] - centre) / sigma) ** 2)
    return grid, rate


def describe_truth(calibrant: str, geometry: Geometry, strain: float) -> dict[str, Any]:
    """Return what an integration should find: geometry, wavelength, d-spacings and 2 theta of the rings."""
    rings = _rings(calibrant, geometry, strain)
    return {
        "calibrant": calibrant,
        "geometry": geometry.as_dict(),
        "wavelength_m": geometry.wavelength,
        "energy_kev": geometry.energy_kev,
        "polarization_factor": POLARIZATION,
        "strain": strain,
        "d_spacings_angstrom": [d for d, _, _ in rings],
        "two_theta_deg": [degrees(two_theta) for _, two_theta, _ in rings],
    }


def poni_text(geometry: Geometry) -> str:
    """Return the content of a PONI file."""
    labels = ("Poni1", "Poni2", "Rot1", "Rot2", "Rot3")
    place = "".join(f"{label}: {getattr(geometry, label.lower())}\n" for label in labels)
    return (
        "# Simulated; C-order, 1 is the Y axis, 2 the X axis\n"
        f"poni_version: 2.1\nDetector: {geometry.detector}\n"
        f'Detector_config: {{"orientation": {geometry.orientation}}}\n'
        f"Distance: {geometry.dist}\n{place}Wavelength: {geometry.wavelength}\n"
    )
