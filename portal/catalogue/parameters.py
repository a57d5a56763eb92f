"""The one table of parameters: ICAT names with type, unit and label.

Names, types and units come from the official definitions (``hdf5_cfg.xml`` of the package
``icat-esrf-definitions``). A name it does not know is kept as text and shown as it is.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from xml.etree import ElementTree as ET

from icat_esrf_definitions import DEFINITIONS_FILE

__all__ = ["Parameter", "known_parameters", "parameter", "typed_parameters"]

_NUMBERS = {"NX_NUMBER", "NX_FLOAT", "NX_INT", "NX_UINT", "NX_POSINT"}

# What no official name exists for yet. pyFAI's geometry, in pyFAI's own units
# (https://pyfai.readthedocs.io, "Detector's position").
_OWN = (
    ("XRPD_geometry_dist", "Distance", "m", True),
    ("XRPD_geometry_poni1", "PONI 1 (vertical)", "m", True),
    ("XRPD_geometry_poni2", "PONI 2 (horizontal)", "m", True),
    ("XRPD_geometry_rot1", "Rotation 1", "rad", True),
    ("XRPD_geometry_rot2", "Rotation 2", "rad", True),
    ("XRPD_geometry_rot3", "Rotation 3", "rad", True),
    ("XRPD_geometry_pixel1", "Pixel size 1 (vertical)", "m", True),
    ("XRPD_geometry_pixel2", "Pixel size 2 (horizontal)", "m", True),
    ("XRPD_geometry_detector", "Detector", "", False),
    ("XRPD_geometry_orientation", "Orientation", "", True),
    ("XRPD_image_rows", "Rows", "pixels", True),
    ("XRPD_image_columns", "Columns", "pixels", True),
    ("XRPD_image_frames", "Frames", "", True),
)

# Short labels for what every card shows; the others are made from the name.
_LABELS = {
    "InstrumentMonochromator_energy": "Energy",
    "InstrumentMonochromator_wavelength": "Wavelength",
    "HTXRPD_exposureTime": "Exposure",
}


@dataclass(frozen=True)
class Parameter:
    """One row of the table: ICAT name, label for people, unit ("" when none), number or text."""

    name: str
    label: str
    unit: str
    is_number: bool
    description: str = ""


@lru_cache(maxsize=1)
def known_parameters() -> Mapping[str, Parameter]:
    """Return every known parameter by its ICAT name."""
    table = {name: Parameter(name, label, unit, number) for name, label, unit, number in _OWN}
    # The file is part of an installed package, not something a user gave.
    for element in ET.parse(DEFINITIONS_FILE).getroot().iter():  # noqa: S314
        name = (element.text or "").strip().removeprefix("${").removesuffix("}")
        if element.get("NAPItype") and name:
            table[name] = Parameter(
                name=name,
                label=_label(name),
                unit=element.get("units", ""),
                is_number=element.get("NAPItype") in _NUMBERS,
                description=element.get("ESRF_description", ""),
            )
    return table


def parameter(name: str) -> Parameter:
    """Return the row of a name; an unknown name is text without unit."""
    return known_parameters().get(name) or Parameter(name, _label(name), unit="", is_number=False)


def typed_parameters(values: Mapping[str, object]) -> dict[str, float | int | str]:
    """Return the values as the table types them.

    A number may arrive as text (every value of an ICAT message does). What should be a number and
    is not one is kept as the text it was, as is every value of an unknown name: nothing is lost.
    Missing values (None, "") are dropped.
    """
    return {name: _typed(parameter(name), value) for name, value in values.items() if value not in (None, "")}


def _typed(row: Parameter, value: object) -> float | int | str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value + 0 if math.isfinite(value) else str(value)  # minus zero becomes zero
    if row.is_number:
        try:
            number = float(str(value))
        except ValueError:
            return str(value)
        if not math.isfinite(number):
            return str(value)
        return int(number) if number.is_integer() and "." not in str(value) else number
    return str(value)


def _label(name: str) -> str:
    """``InstrumentMonochromator_energy`` becomes "Monochromator energy"."""
    if name in _LABELS:
        return _LABELS[name]
    group, _, field = name.partition("_")
    group = group.removeprefix("Instrument")
    words = f"{group} {field}".replace("_", " ").strip()
    return words[:1].upper() + words[1:]
