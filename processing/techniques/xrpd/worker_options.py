"""The names that pyFAI's worker and ewoksxrpd have for integration options, read into ours.

pyFAI drops what it does not know, and takes the first method at hand for a misspelt one. Here every
option is either honoured or refused: an option that was ignored would be believed.
"""

from collections.abc import Mapping
from math import isinf
from typing import Any

import numpy as np

from processing.techniques.xrpd.worker_method import read_worker_method
from workflows import InputError

GEOMETRY_FIELDS = (
    "dist", "poni1", "poni2", "rot1", "rot2", "rot3", "wavelength", "energy", "detector", "detector_config",
    "pixel1", "pixel2",
)  # fmt: skip
"""Options that belong to the geometry."""

WORKER_POINTS = 1024
"""Bins that ewoksxrpd takes if none are given."""

SPELLINGS = {
    "npt": "n_points",
    "nbpt_rad": "n_points",
    "npt_rad": "n_points",
    "n_radial": "n_points",
    "nbpt_azim": "n_azimuthal",
    "npt_azim": "n_azimuthal",
    "azimuthal_range": "azimuth_range",
    "azimuthal_range_min": "azimuth_range_min",
    "azimuthal_range_max": "azimuth_range_max",
    "do_azimuthal_range": "do_azimuth_range",
    "mask_file": "mask",
    "mask_image": "mask",
    "dark_current": "darkcurrent",
    "dark_current_image": "darkcurrent",
    "flat_field": "flatfield",
    "flat_field_image": "flatfield",
    "val_dummy": "dummy",
    "correctSolidAngle": "correct_solid_angle",
    "do_solid_angle": "correct_solid_angle",
    "integrator_method": "integrator_name",
    "shapeIn": "shape",
    "chi_discontinuity_at_0": "chi_at_zero",
}
"""Other name of an option -> ours."""

SWITCHES = {
    "do_mask": ("mask",),
    "do_dark": ("darkcurrent",),
    "do_flat": ("flatfield",),
    "do_polarization": ("polarization_factor", "polarization_offset", "polarization_description"),
    "do_dummy": ("dummy", "delta_dummy"),
    "do_radial_range": ("radial_range",),
    "do_azimuth_range": ("azimuth_range",),
}
"""Option that switches others off when it is false; when it is true they count as they are."""

RANGES = ("radial_range", "azimuth_range")
PASSED_ON = (
    "n_points", "unit", "mask", "darkcurrent", "flatfield", "darkflatmethod", "correct_solid_angle", "dummy",
    "delta_dummy", "normalization_factor", "shape", "chi_at_zero",
)  # fmt: skip
ABOUT_THE_DOCUMENT = ("application", "version", "poni_version")
"""Say what kind of document the options come from; nothing follows from them here."""

INTEGRATORS = {
    **dict.fromkeys(("integrate1d", "integrate1d_ng", "integrate2d", "integrate2d_ng"), "integrate"),
    **dict.fromkeys(("sigma_clip", "sigma_clip_ng"), "sigma_clip_ng"),
    **dict.fromkeys(("medfilt1d", "medfilt1d_ng"), "medfilt1d_ng"),
}
EXTRA_OPTIONS = {
    "integrate": (),
    "sigma_clip_ng": ("max_iter", "thres", "error_model"),
    "medfilt1d_ng": ("quant_min", "quant_max"),
}
"""What ``extra_options`` may hold for an integrator of pyFAI."""

ERROR_MODELS = ("poisson", "azimuthal")
NO_ERROR_MODEL = (None, "", "no", "none")
PAIR = 2


def read_worker_options(*mappings: Any, name: str = "integration_options") -> dict[str, Any]:
    """Read options by any of their names; a later mapping wins, where its None unsets an option.

    Parameters
    ----------
    mappings : mapping or None
        By pyFAI's names or by ours.
    name : str
        What errors call them.

    Returns
    -------
    dict
        Only what is given, by our names: those of `PASSED_ON`, ``method`` (`Method`), ``n_azimuthal``
        (above 1: a cake), ``radial_range``, ``azimuth_range``, ``polarization_factor``, ``error_model``,
        ``integrator``, ``extra_options``, and ``geometry`` with any of `GEOMETRY_FIELDS`.

    Raises
    ------
    InputError
        An option is unknown, contradicts another one, or asks for what is not done here.
    """
    merged: dict[str, Any] = {}
    for options in mappings:
        if options is not None and not isinstance(options, Mapping):
            raise InputError(f"{name} must be a mapping, not {options!r}")
        merged |= _respelled(options or {})
    left_out = {*SWITCHES, *_off({key: value for key, value in merged.items() if value is not None})}
    given = {key: value for key, value in merged.items() if key not in left_out and not _is_nothing(value)}
    found = {key: given.pop(key) for key in PASSED_ON if key in given}
    found |= _ranges(given) | _polarization(given) | _errors(given) | _sectors(given) | _integrator(given)
    if "method" in given:
        dimension = 2 if "n_azimuthal" in found else 1
        found["method"] = read_worker_method(given.pop("method"), dimension=dimension)
    if geometry := {key: given.pop(key) for key in GEOMETRY_FIELDS if key in given}:
        found["geometry"] = geometry
    if given.pop("parallax", False):
        raise InputError("A correction of parallax is not done here: remove parallax from the options")
    if unknown := set(given) - {*ABOUT_THE_DOCUMENT, "opencl_device"}:  # read_worker_method says why
        raise InputError(f"The integration option {min(unknown)!r} is not accepted here: remove it")
    return found


def switched_off(options: Mapping[str, Any]) -> set[str]:
    """Name what a switch such as ``do_mask`` says not to do."""
    return _off({key: value for key, value in _respelled(options).items() if value is not None})


def _respelled(options: Mapping[str, Any]) -> dict[str, Any]:
    """Name each option in one way."""
    poni = options.get("poni")
    if poni is not None and not isinstance(poni, Mapping):
        raise InputError(f"poni among the integration options must be a mapping, not {poni!r}")
    found: dict[str, Any] = {}
    for key, value in options.items():
        name = SPELLINGS.get(str(key), str(key))
        if key == "poni":
            continue
        if name in found and not (_is_nothing(value) or _is_nothing(found[name])):
            if not np.array_equal(found[name], value):
                raise InputError(f"The integration option {name!r} has two different values: remove one")
        elif name not in found or not _is_nothing(value):
            found[name] = value
    return dict(poni or {}) | _paired(found)


def _paired(given: dict[str, Any]) -> dict[str, Any]:
    """Make one option of the two ends of a range."""
    for name in RANGES:
        ends = [given.pop(f"{name}_{end}", None) for end in ("min", "max")]
        if ends == [None, None]:
            continue
        if not _is_nothing(given.get(name)) and list(given[name]) != ends:
            raise InputError(f"The integration option {name!r} has two different values: remove one")
        given[name] = ends
    return given


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | tuple | Mapping) and len(value) == 0)


def _off(given: Mapping[str, Any]) -> set[str]:
    return {name for switch, names in SWITCHES.items() if not given.get(switch, True) for name in names}


def _ranges(given: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name in RANGES:
        ends = given.pop(name, None)
        if ends is None or (_is_open(ends) and all(_is_open([end]) for end in ends)):
            continue
        if _is_open(ends):
            raise InputError(f"{name} needs both ends, not {list(ends)!r}: give two numbers, or none")
        found[name] = tuple(ends) if isinstance(ends, list) else ends
    return found


def _is_open(ends: Any) -> bool:
    """Whether an end is missing or infinite: pyFAI stores a range that was not given like that."""
    try:
        return any(end is None or isinf(float(end)) for end in ends)
    except (TypeError, ValueError):
        return False  # refused later, with what it is


def _polarization(given: dict[str, Any]) -> dict[str, Any]:
    factor = given.pop("polarization_description", given.pop("polarization_factor", None))
    offset = given.pop("polarization_offset", 0)
    if isinstance(factor, list | tuple) and len(factor) == PAIR:
        factor, offset = factor
    if offset:
        raise InputError(f"polarization_offset must be 0, not {offset!r}: turn the detector by rot3 instead")
    return {} if factor is None else {"polarization_factor": factor}


def _errors(given: dict[str, Any]) -> dict[str, Any]:
    poisson, azimuthal = given.pop("do_poisson", False), given.pop("do_azimuthal_error", False)
    model = given.pop("error_model", "azimuthal" if azimuthal else "poisson" if poisson else None)
    return {} if model in NO_ERROR_MODEL else {"error_model": model}


def _sectors(given: dict[str, Any]) -> dict[str, Any]:
    sectors, wants_cake = given.pop("n_azimuthal", 1), given.pop("do_2D", None)
    is_cake = isinstance(sectors, int | float) and sectors > 1
    if wants_cake is not None and bool(wants_cake) != is_cake:
        raise InputError(
            f"do_2D is {bool(wants_cake)}, but nbpt_azim is {sectors}: make nbpt_azim 1 for a pattern, "
            "more and do_2D true for a cake"
        )
    return {"n_azimuthal": sectors} if sectors not in (0, 1) else {}


def _integrator(given: dict[str, Any]) -> dict[str, Any]:
    name, kind = given.pop("integrator_name", "integrate1d"), given.pop("integrator_class", None)
    if kind not in (None, "AzimuthalIntegrator"):
        raise InputError(f"The integrator_class {kind!r} is not done here: only AzimuthalIntegrator is")
    if name not in INTEGRATORS:
        raise InputError(f"The integrator_name {name!r} is not one of {', '.join(INTEGRATORS)}")
    extra = given.pop("extra_options", {})
    if not isinstance(extra, Mapping) or set(extra) - set(EXTRA_OPTIONS[INTEGRATORS[name]]):
        known = ", ".join(EXTRA_OPTIONS[INTEGRATORS[name]]) or "nothing"
        raise InputError(f"extra_options of {name} may hold {known}, not {extra!r}")
    return (
        {"integrator": INTEGRATORS[name], "extra_options": dict(extra)}
        if INTEGRATORS[name] != "integrate"
        else {}
    )
