"""Where the detector stands: the pyFAI geometry of an experiment, read and checked.

Everything is in pyFAI's SI convention: metres and radians.  A geometry never names a file
for its detector (pyFAI would open it), only a detector model that pyFAI ships.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite, pi
from pathlib import Path
from typing import Any

from pyFAI.detectors import ALL_DETECTORS, Detector, detector_factory
from pyFAI.units import hc

from processing.techniques.xrpd.geometry_files import (
    DETECTOR_SETTINGS,
    NUMBERS,
    detector_settings,
    mapping,
    read_geometry_file,
    read_number,
)
from workflows import InputError

MIN_WAVELENGTH_M, MAX_WAVELENGTH_M = 1e-12, 1e-7
MAX_DIST_M, MAX_PIXEL_M = 1000.0, 0.1
LIMITS = {
    "dist": (0.0, MAX_DIST_M, "m"),
    "wavelength": (MIN_WAVELENGTH_M, MAX_WAVELENGTH_M, "m"),
    "pixel1": (0.0, MAX_PIXEL_M, "m"),
    "pixel2": (0.0, MAX_PIXEL_M, "m"),
    **dict.fromkeys(("poni1", "poni2"), (-MAX_DIST_M, MAX_DIST_M, "m")),
    **dict.fromkeys(("rot1", "rot2", "rot3"), (-2 * pi, 2 * pi, "rad")),
}
"""Beyond these a number is in another unit (mm, angstrom, eV, degrees): pyFAI would take it all the same."""


@dataclass(frozen=True)
class Geometry:
    """A checked geometry.

    ``dist``, ``poni1``, ``poni2``, ``wavelength``, ``pixel1`` and ``pixel2`` are in m, the
    rotations in rad.  ``detector`` is a pyFAI detector name, or None for a plain grid of
    ``pixel1`` x ``pixel2``.  ``orientation`` is pyFAI's 1 to 4: which corner of the detector
    the first pixel is in (3, the default, is pyFAI's native one; 2 has the rows reversed).
    ``max_shape`` (rows, columns) is that of the images the geometry was found with, if known.
    """

    dist: float
    poni1: float
    poni2: float
    wavelength: float
    rot1: float = 0.0
    rot2: float = 0.0
    rot3: float = 0.0
    detector: str | None = None
    pixel1: float | None = None
    pixel2: float | None = None
    orientation: int = 3
    max_shape: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name in NUMBERS:
            value = getattr(self, name)
            if value is not None and not isfinite(value):
                raise InputError(f"{name} of the geometry must be a finite number, not {value}")
        for name in ("dist", "wavelength", "pixel1", "pixel2"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise InputError(f"{name} of the geometry must be greater than zero, not {value} m")
        for name, (low, high, unit) in LIMITS.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InputError(
                    f"{name} of the geometry is {value:g} {unit}, which cannot be: give it in {unit}"
                )
        if self.orientation not in (1, 2, 3, 4):
            raise InputError(f"orientation of the detector must be 1, 2, 3 or 4, not {self.orientation}")
        if self.detector is None and (self.pixel1 is None or self.pixel2 is None):
            raise InputError("The geometry needs a detector name or both pixel sizes (pixel1, pixel2, in m)")

    @property
    def energy_kev(self) -> float:
        """Photon energy in keV: h c / wavelength."""
        return hc / (self.wavelength * 1e10)

    def as_dict(self) -> dict[str, Any]:
        """Plain mapping that `read_geometry` takes back; without what is not set."""
        fields = asdict(self) | {"max_shape": self.max_shape and list(self.max_shape)}
        return {name: value for name, value in fields.items() if value is not None}

    def make_detector(self, shape: tuple[int, int]) -> Detector:
        """Build the pyFAI detector for an image of this shape (rows, columns).

        Raises
        ------
        InputError
            The detector has another shape (also when binned), or other pixels than given; or the
            geometry was found with images of another shape.
        """
        if self.max_shape is not None and shape != self.max_shape:
            raise InputError(
                f"The image has shape {shape}, but the geometry is for images of {self.max_shape}: take the "
                f"geometry of this detector, or remove its max_shape{_turned(shape, self.max_shape)}"
            )
        if self.detector is None:
            return Detector(self.pixel1, self.pixel2, max_shape=shape, orientation=self.orientation)
        detector = detector_factory(self.detector, {"orientation": self.orientation})
        if shape != detector.shape and not (detector.force_pixel and detector.guess_binning(shape)):
            raise InputError(
                f"The image has shape {shape}, but the detector {detector.name} has {detector.shape}: "
                f"take the geometry of this detector{_turned(shape, detector.shape)}"
            )
        for axis, size, given in ((1, detector.pixel1, self.pixel1), (2, detector.pixel2, self.pixel2)):
            if given is not None and abs(given - size) > 0.01 * size:
                raise InputError(
                    f"pixel{axis} is {given} m, but the detector {detector.name} has {size} m: "
                    "take the geometry of this detector, or remove one of the two"
                )
        return detector


def read_energy(energy_kev: object = None, *, wavelength: object = None) -> float:
    """Return a photon energy in keV, given as such or as a wavelength in m.

    Raises
    ------
    InputError
        It is not a positive number.
    """
    if energy_kev is not None:
        return _positive("energy", energy_kev, "keV")
    return hc / (_positive("wavelength", wavelength, "m") * 1e10)


def _turned(shape: tuple[int, int], expected: tuple[int, int]) -> str:
    return " (it may be turned by 90 degrees)" if shape == tuple(expected)[::-1] else ""


def read_geometry(
    source: Mapping[str, object] | str | Path | Geometry,
    *,
    energy_kev: float | None = None,
    detector: str | None = None,
    detector_config: Mapping[str, object] | None = None,
) -> Geometry:
    """Read a geometry and check it.

    Parameters
    ----------
    source : mapping, or path of a file
        ``dist`` (m, required), ``poni1``, ``poni2`` (m), ``rot1``, ``rot2``, ``rot3`` (rad),
        ``wavelength`` (m), ``detector`` (name), ``pixel1``, ``pixel2`` (m), ``orientation``,
        ``max_shape`` (rows, columns); what is not given is 0.  Or a ``.poni`` file, of which the
        last calibration counts, or a pattern written by pyFAI (``.xy``, ``.dat``), of which the head counts.
    energy_kev : float, optional
        Photon energy; wins over the wavelength in ``source``.
    detector, detector_config : optional
        Win over what is in ``source``; the config may hold pixel1, pixel2, orientation, max_shape.

    Raises
    ------
    InputError
        Something is missing, not a number, not positive where it has to be, or the detector
        is not one of pyFAI's.
    """
    fields = _given_fields(source)
    fields |= {"detector": detector} if detector else {}
    fields |= detector_settings(detector_config or {})
    wavelength = fields.get("wavelength")
    if energy_kev is not None:
        wavelength = hc / _positive("energy", energy_kev, "keV") * 1e-10
    if wavelength is None:
        raise InputError("The geometry needs an energy (keV) or a wavelength (m)")
    if fields.get("dist") is None:
        raise InputError("The geometry needs dist, the distance from the sample to the detector in m")
    known = {"poni1": 0, "poni2": 0} | fields | {"wavelength": wavelength}
    return Geometry(
        detector=_detector_name(known.get("detector")),
        orientation=_orientation(known.get("orientation") or 3),
        max_shape=_shape(known.get("max_shape")),
        **{name: read_number(name, known[name]) for name in NUMBERS if known.get(name) is not None},
    )


def _given_fields(source: Mapping[str, object] | str | Path | Geometry) -> dict[str, object]:
    """Take the fields of a geometry from wherever it is; an unknown one is refused, not dropped."""
    if isinstance(source, Geometry):
        return source.as_dict()
    if not isinstance(source, Mapping):
        return read_geometry_file(Path(source))
    fields = {name: value for name, value in source.items() if value is not None and not name.startswith("@")}
    settings = fields.pop("detector_config", None)
    if not fields.get("parallax", True):
        del fields["parallax"]
    if unknown := set(fields) - {*NUMBERS, *DETECTOR_SETTINGS, "detector", "poni_version"}:
        raise InputError(f"{min(unknown)!r} is no field of a geometry: remove it")
    return fields | detector_settings(mapping(settings))


def _orientation(value: object) -> int:
    number = read_number("orientation", value)
    if not isfinite(number) or number % 1:
        raise InputError(f"orientation of the detector must be 1, 2, 3 or 4, not {number}")
    return int(number)


def _shape(value: object) -> tuple[int, int] | None:
    if value is None:
        return None
    try:
        rows, columns = (int(size) for size in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise InputError(f"max_shape of the detector must be two whole numbers, not {value!r}") from None
    return rows, columns


def _positive(name: str, value: object, unit: str) -> float:
    number = read_number(name, value)
    if not (isfinite(number) and number > 0):
        raise InputError(f"The {name} must be greater than zero, not {number} {unit}")
    return number


def _detector_name(name: object) -> str | None:
    """Turn the name into the one pyFAI lists; None for a plain grid of pixels."""
    if name is None or str(name).strip().lower() in ("", "detector"):
        return None
    plain = str(name).strip().lower()
    for spelling in (plain, plain.replace(" ", "_"), plain.replace(" ", "")):
        if spelling in ALL_DETECTORS:
            return spelling
    raise InputError(f"The detector {str(name)!r} is not one of pyFAI's detectors")
