"""The layout of integrated patterns: NXazint1d and NXazint2d, and what surrounds the values.

The definitions: https://manual.nexusformat.org/classes/applications/NXazint1d.html (and 2d).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import h5py
import numpy as np

from processing.nexus.tree import now_text, put_group, put_values
from workflows import InputError

NOT_GIVEN = "not given"

REFERENCE = "G. Ashiotis et al., J. Appl. Cryst. (2015) 48, 510-519, doi:10.1107/S1600576715004306"
"""What pyFAI asks to be cited for azimuthal integration."""

SIGNAL, ERRORS = "I", "I_errors"
SIGNAL_ATTRIBUTES = {"long_name": "intensity", "units": "arbitrary units"}
ERRORS_ATTRIBUTES = {"long_name": "estimated intensity error", "units": "arbitrary units"}

_DEFINED = ("q", "2theta")
"""The quantities that the definitions know."""


class Axis(NamedTuple):
    """An axis: ``values`` (n,) in ``unit``, the unit as NeXus writes it; ``quantity`` as it is shown."""

    values: np.ndarray
    quantity: str
    unit: str

    @classmethod
    def checked(cls, name: str, values: Any, quantity: str, unit: str) -> Self:
        """Make an axis; InputError where the values are not a curve of finite numbers."""
        array = np.asarray(values)
        if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iuf":
            raise InputError(f"The {name} axis must be a list of numbers, not {array.dtype}{array.shape}")
        if not np.isfinite(array).all():
            raise InputError(f"The {name} axis has values that are not finite")
        return cls(array, quantity, unit)


def put_entry(
    file: h5py.File,
    definition: str,
    radial: Axis,
    *,
    info: Mapping[str, Any],
    metadata: Mapping[str, Any],
    monitor_applied: bool = False,
) -> h5py.Group:
    """Add the entry with all but the values; ``definition`` is named where it knows the quantity."""
    file.attrs.update(NX_class="NXroot", default="entry")
    entry = put_group(file, "entry", "NXentry", default="data")
    if radial.quantity in _DEFINED:
        put_values(entry, "definition", definition)
    put_values(entry, "title", str(metadata.get("title") or "Powder pattern"))
    put_values(entry, "solid_angle_applied", bool(info.get("correct_solid_angle")))
    put_values(entry, "polarization_applied", info.get("polarization_factor") is not None)
    put_values(entry, "normalization_applied", value=True)
    put_values(entry, "monitor_applied", monitor_applied or info.get("normalization_factor", 1.0) != 1.0)
    _put_instrument(entry, info, metadata)
    if sample := metadata.get("sample"):
        put_values(put_group(entry, "sample", "NXsample"), "name", str(sample))
    _put_reduction(entry, info)
    return entry


def put_data(entry: h5py.Group, radial: Axis, azimuthal: Axis | None = None) -> h5py.Group:
    """Add the NXdata with its axes; the signal is the caller's."""
    if azimuthal is None:
        axes, interpretation = [".", "radial_axis"], "spectrum"
    else:
        axes, interpretation = [".", "azimuthal_axis", "radial_axis"], "image"
    data = put_group(entry, "data", "NXdata", signal=SIGNAL, axes=axes, interpretation=interpretation)
    put_values(data, "radial_axis", radial.values, long_name=radial.quantity, units=radial.unit)
    if azimuthal is not None:
        azimuth = {"long_name": azimuthal.quantity, "units": azimuthal.unit}
        put_values(data, "azimuthal_axis", azimuthal.values, **azimuth)
    return data


def put_parameters(entry: h5py.Group, info: Mapping[str, Any]) -> None:
    """Add what the integration used to what is there already."""
    parameters = entry["reduction/input"]
    for name, value in flat(info):
        if name in parameters:
            del parameters[name]
        put_values(parameters, name, value)


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give nested parameters one name each; what HDF5 has no type for becomes text."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}_")
        elif name.endswith("_file") and value is not None:
            yield f"{prefix}{name}", Path(str(value)).name  # where it lies is nobody's business
        elif isinstance(value, bool | int | float | str):
            yield f"{prefix}{name}", value
        elif value is not None:
            yield f"{prefix}{name}", str(value)


def _put_instrument(entry: h5py.Group, info: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    instrument = put_group(entry, "instrument", "NXinstrument")
    put_values(instrument, "name", str(metadata.get("instrument") or NOT_GIVEN))
    source = put_group(instrument, "source", "NXsource")
    put_values(source, "name", str(metadata.get("facility") or NOT_GIVEN))
    put_values(source, "type", "Synchrotron X-ray Source")
    put_values(source, "probe", "x-ray")
    monochromator = put_group(instrument, "monochromator", "NXmonochromator")
    put_values(monochromator, "wavelength", float(info.get("wavelength_m", np.nan)) * 1e10, units="angstrom")
    put_values(monochromator, "energy", float(info.get("energy_kev", np.nan)), units="keV")
    geometry = info.get("geometry") or {}
    detector = put_group(instrument, "detector", "NXdetector")
    put_values(detector, "description", str(info.get("detector") or NOT_GIVEN))
    if "dist" in geometry:
        put_values(detector, "distance", float(geometry["dist"]), units="m")


def _put_reduction(entry: h5py.Group, info: Mapping[str, Any]) -> None:
    process = put_group(entry, "reduction", "NXprocess")
    put_values(process, "program", str(info.get("program") or NOT_GIVEN))
    put_values(process, "version", str(info.get("version") or NOT_GIVEN))
    put_values(process, "date", now_text())
    put_values(process, "reference", REFERENCE)
    put_group(process, "input", "NXparameters")
    put_parameters(entry, info)
