"""Where the detector stands: the pyFAI geometry of an experiment, read and checked.

Everything is in pyFAI's SI convention: metres and radians.  A geometry never names a file
for its detector (pyFAI would open it), only a detector model that pyFAI ships.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from pyFAI.detectors import ALL_DETECTORS, Detector, detector_factory
from pyFAI.units import hc

from processing.nexus.guard import contained_path
from workflows import InputError

HEAD_BYTES = 65536
"""How much of a ``.poni`` or pattern file is read: a geometry is in its first lines."""

DETECTOR_SETTINGS = ("pixel1", "pixel2", "orientation")
NUMBERS = ("dist", "poni1", "poni2", "rot1", "rot2", "rot3", "wavelength", "pixel1", "pixel2")
NAMES = dict(zip(NUMBERS, NUMBERS, strict=True)) | {
    "distance": "dist",
    "pixelsize1": "pixel1",
    "pixelsize2": "pixel2",
}
"""Key of a ``.poni`` file in lower case -> field of `Geometry`."""

HEAD_LINES = {
    r"PixelSize:\s*(\S+?),\s*(\S+)\s*m": ("pixel1", "pixel2"),
    r"PONI:\s*(\S+?),\s*(\S+)\s*m": ("poni1", "poni2"),
    r"Distance Sample to Detector:\s*(\S+)\s*m": ("dist",),
    r"Rotations:\s*(\S+)\s+(\S+)\s+(\S+)\s*rad": ("rot1", "rot2", "rot3"),
    r"Wavelength:\s*(\d\S*)\s*m?\s*$": ("wavelength",),
}
"""Lines that pyFAI writes at the head of a pattern file -> fields of `Geometry`."""


@dataclass(frozen=True)
class Geometry:
    """A checked geometry.

    ``dist``, ``poni1``, ``poni2``, ``wavelength``, ``pixel1`` and ``pixel2`` are in m, the
    rotations in rad.  ``detector`` is a pyFAI detector name, or None for a plain grid of
    ``pixel1`` x ``pixel2``.  ``orientation`` is pyFAI's 1 to 4: which corner of the detector
    the first pixel is in (3, the default, is pyFAI's native one; 2 has the rows reversed).
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

    def __post_init__(self) -> None:
        for name in NUMBERS:
            value = getattr(self, name)
            if value is not None and not isfinite(value):
                raise InputError(f"{name} of the geometry must be a finite number, not {value}")
        for name in ("dist", "wavelength", "pixel1", "pixel2"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise InputError(f"{name} of the geometry must be greater than zero, not {value} m")
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
        return {name: value for name, value in asdict(self).items() if value is not None}

    def make_detector(self, shape: tuple[int, int]) -> Detector:
        """Build the pyFAI detector for an image of this shape (rows, columns).

        Raises
        ------
        InputError
            The detector has another shape (also when binned), or other pixels than given.
        """
        if self.detector is None:
            return Detector(self.pixel1, self.pixel2, max_shape=shape, orientation=self.orientation)
        detector = detector_factory(self.detector, {"orientation": self.orientation})
        if shape != detector.shape and not (detector.force_pixel and detector.guess_binning(shape)):
            raise InputError(
                f"The image has shape {shape}, but the detector {detector.name} has {detector.shape}"
            )
        for axis, size, given in ((1, detector.pixel1, self.pixel1), (2, detector.pixel2, self.pixel2)):
            if given is not None and abs(given - size) > 0.01 * size:
                raise InputError(f"pixel{axis} is {given} m, but the detector {detector.name} has {size} m")
        return detector


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
        ``wavelength`` (m), ``detector`` (name), ``pixel1``, ``pixel2`` (m), ``orientation``;
        what is not given is 0.  Or a ``.poni`` file, of which the last calibration counts,
        or a pattern written by pyFAI (``.xy``, ``.dat``), of which the head counts.
    energy_kev : float, optional
        Photon energy; wins over the wavelength in ``source``.
    detector, detector_config : optional
        Win over what is in ``source``; the config may hold pixel1, pixel2, orientation.

    Raises
    ------
    InputError
        Something is missing, not a number, not positive where it has to be, or the detector
        is not one of pyFAI's.
    """
    if isinstance(source, Geometry):
        source = source.as_dict()
    fields = dict(source) if isinstance(source, Mapping) else read_geometry_file(Path(source))
    fields = {name: value for name, value in fields.items() if value is not None}
    fields |= {"detector": detector} if detector else {}
    fields |= _detector_settings(detector_config or {})
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
        orientation=int(_number("orientation", known.get("orientation") or 3)),
        **{name: _number(name, known[name]) for name in NUMBERS if known.get(name) is not None},
    )


def _number(name: str, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(f"{name} of the geometry must be a number, not {value!r}") from None


def _positive(name: str, value: object, unit: str) -> float:
    number = _number(name, value)
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


def _detector_settings(config: Mapping[str, object]) -> dict[str, object]:
    """Keep the settings that are numbers; refuse those that may name a file."""
    given = {name: value for name, value in config.items() if value is not None and name != "max_shape"}
    if refused := set(given) - set(DETECTOR_SETTINGS):
        raise InputError(f"The detector setting {min(refused)!r} is not accepted here")
    return given


def read_geometry_file(path: Path) -> dict[str, object]:
    """Read what a ``.poni`` file, or the head of a pattern file, says; fields of `Geometry`.

    Raises
    ------
    InputError
        There is no distance in it, or something that is no number.
    """
    with contained_path(path).open(errors="replace") as file:
        text = file.read(HEAD_BYTES)
    fields = _poni_fields(text) or _head_fields(text)
    if "dist" not in fields:
        raise InputError(f"The file {path.name} holds no pyFAI geometry")
    return fields


def _poni_fields(text: str) -> dict[str, object]:
    """Read the ``Key: value`` lines; a later calibration in the file overrides an earlier one."""
    fields: dict[str, object] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        key, value = key.strip().lower(), value.strip()
        if line.startswith("#") or not colon or value in ("", "None"):
            continue
        if key in NAMES:
            fields[NAMES[key]] = _number(key, value)
        elif key == "detector" and value.lower() != "detector":  # pyFAI's word for any grid of pixels
            fields["detector"] = value
        elif key == "detector_config":
            fields |= _detector_settings(_parse_json(value))
    return fields


def _parse_json(text: str) -> dict[str, object]:
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise InputError("Detector_config of the geometry file is not a JSON object")
    return parsed


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _head_fields(text: str) -> dict[str, object]:
    """Read what pyFAI writes above a pattern: today a JSON object, before 2020 lines of text."""
    if found := re.match(r"# \{\n(# .*\n)*?# \}\n", text):
        stored = _parse_json(found[0].replace("\n# ", "\n").removeprefix("# "))
        settings = _detector_settings(_mapping(stored.get("detector_config")))
        return {name: stored[name] for name in (*NUMBERS, "detector") if name in stored} | settings
    fields: dict[str, object] = {}
    for pattern, names in HEAD_LINES.items():
        if found := re.search(rf"^#\s*{pattern}", text, re.MULTILINE):
            fields |= {name: _number(name, value) for name, value in zip(names, found.groups(), strict=True)}
    return fields
