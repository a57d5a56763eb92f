"""What the integration used, as the files say it: the names of ewoks and of pyFAI are understood too."""

from collections.abc import Mapping
from typing import Any

from workflows import InputError

__all__ = ["own_info", "own_metadata"]

_OWN_NAMES = {
    "wavelength": "wavelength_m",
    "energy": "energy_kev",
    "correctSolidAngle": "correct_solid_angle",
    "do_solid_angle": "correct_solid_angle",
    "correct_solid_angle": "correct_solid_angle",
    "monitor_value": "monitor",
    "reference_value": "reference",
    "nbpt_rad": "n_points",
}
_GEOMETRY = ("dist", "poni1", "poni2", "rot1", "rot2", "rot3")


def own_info(info: Any) -> dict[str, Any]:
    """Name what an integration used as `Integrate1D` does; what has no name of ours keeps its own.

    The solid angle is taken to be corrected where pyFAI's or ewoks' info does not speak of it, since
    they do that by default.
    """
    if info is None:
        return {}
    if not isinstance(info, Mapping):
        raise InputError(f"info must be a mapping, not {info!r}")
    given = dict(info)
    poni = given.pop("poni", None)
    given = {**(poni if isinstance(poni, Mapping) else {}), **given}
    own = {_OWN_NAMES.get(name, name): value for name, value in given.items()}
    if "wavelength" in given:
        own.setdefault("program", "pyFAI")
        own.setdefault("correct_solid_angle", True)
        own.setdefault("geometry", {name: own.pop(name) for name in _GEOMETRY if name in own})
    monitor, reference = own.get("monitor"), own.get("reference")
    if isinstance(monitor, int | float) and isinstance(reference, int | float) and reference:
        own.setdefault("normalization_factor", monitor / reference)
    return own


def own_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten nested metadata, ``{"sample": {"name": ...}}``, to the texts of a NeXus file of ours."""
    return {
        name: value.get("name") if isinstance(value, Mapping) else value for name, value in metadata.items()
    }
