"""Geometries as they are stored: ``.poni`` files, and the heads of patterns that pyFAI wrote."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from processing.nexus.guard import contained_path
from workflows import InputError

HEAD_BYTES = 65536
"""How much of a ``.poni`` or pattern file is read: a geometry is in its first lines."""

DETECTOR_SETTINGS = ("pixel1", "pixel2", "orientation", "max_shape")
NUMBERS = ("dist", "poni1", "poni2", "rot1", "rot2", "rot3", "wavelength", "pixel1", "pixel2")
NAMES = dict(zip(NUMBERS, NUMBERS, strict=True)) | {
    "distance": "dist",
    "pixelsize1": "pixel1",
    "pixelsize2": "pixel2",
}
"""Key of a ``.poni`` file in lower case -> field of `Geometry`."""

CORRECTIONS = {"splinefile": "a correction of distortion", "parallax": "a correction of parallax"}
"""Key of a ``.poni`` file -> what it asks for besides a geometry."""

HEAD_LINES = {
    r"PixelSize:\s*(\S+?),\s*(\S+)\s*m": ("pixel1", "pixel2"),
    r"PONI:\s*(\S+?),\s*(\S+)\s*m": ("poni1", "poni2"),
    r"Distance Sample to Detector:\s*(\S+)\s*m": ("dist",),
    r"Rotations:\s*(\S+)\s+(\S+)\s+(\S+)\s*rad": ("rot1", "rot2", "rot3"),
    r"Wavelength:\s*(\d\S*)\s*m?\s*$": ("wavelength",),
}
"""Lines that pyFAI writes at the head of a pattern file -> fields of `Geometry`."""


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
            fields[NAMES[key]] = read_number(key, value)
        elif key == "detector" and value.lower() != "detector":  # pyFAI's word for any grid of pixels
            fields["detector"] = value
        elif key == "detector_config":
            fields |= detector_settings(_parse_json(value))
        elif key in CORRECTIONS and value.lower() not in ("none", "false"):
            raise InputError(
                f"The geometry file asks for {CORRECTIONS[key]}, which is not done here: remove it"
            )
    return fields


def _parse_json(text: str) -> dict[str, object]:
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise InputError("Detector_config of the geometry file is not a JSON object")
    return parsed


def mapping(value: object) -> Mapping[str, object]:
    """Return a mapping, or an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def _head_fields(text: str) -> dict[str, object]:
    """Read what pyFAI writes above a pattern: today a JSON object, before 2020 lines of text."""
    if found := re.match(r"# \{\n(# .*\n)*?# \}\n", text):
        stored = _parse_json(found[0].replace("\n# ", "\n").removeprefix("# "))
        settings = detector_settings(mapping(stored.get("detector_config")))
        return {name: stored[name] for name in (*NUMBERS, "detector") if name in stored} | settings
    fields: dict[str, object] = {}
    for pattern, names in HEAD_LINES.items():
        if found := re.search(rf"^#\s*{pattern}", text, re.MULTILINE):
            fields |= {
                name: read_number(name, value) for name, value in zip(names, found.groups(), strict=True)
            }
    return fields


def detector_settings(config: Mapping[str, object]) -> dict[str, object]:
    """Keep the settings that are numbers; refuse those that may name a file."""
    given = {name: value for name, value in config.items() if value is not None}
    if refused := set(given) - set(DETECTOR_SETTINGS):
        raise InputError(f"The detector setting {min(refused)!r} is not accepted here")
    return given


def read_number(name: str, value: object) -> float:
    """Read a number of a geometry; what is none is an `InputError`."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(f"{name} of the geometry must be a number, not {value!r}") from None
