"""What a card shows of a dataset, by technique: declared here; everything else is on the dataset's page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.catalogue.parameters import parameter

__all__ = ["ENERGY", "EXPOSURE", "CardField", "Shown", "fields_of", "shown"]


@dataclass(frozen=True)
class CardField:
    """One line of a card: its label, and the ICAT names that may hold its value, the first one wins."""

    label: str
    names: Sequence[str]


@dataclass(frozen=True)
class Shown:
    """A value as a card shows it, in the unit of the parameter that holds it ("" for counts and texts)."""

    label: str
    value: float | str
    unit: str


EXPOSURE = CardField(
    "Exp. time",
    (
        "HTXRPD_exposureTime",
        "MX_exposureTime",
        "SCXRD_exposure_time",
        "TOMOAcquisition_exposure_time",
        "EM_exposure_time",
    ),
)
DISTANCE = CardField(
    "Distance",
    (
        "XRPD_geometry_dist",
        "HTXRPD_distance",
        "MX_detectorDistance",
        "SCXRD_sample_detector_distance",
        "TOMOAcquisition_sample_detector_distance",
        "SAXS_detector_distance",
        "InstrumentDetector01_distance",
    ),
)
ENERGY = CardField("Energy", ("InstrumentMonochromator_energy",))

_MX = (
    CardField("Images", ("MX_numberOfImages",)),
    CardField("Oscillation", ("MX_oscillationRange",)),
    EXPOSURE,
    CardField("Resolution", ("MX_resolution",)),
    CardField("Transmission", ("MX_transmission",)),
    ENERGY,
)
# By the acronym of the technique. All techniques that are not listed show what every one has.
_DEFAULT = (EXPOSURE, DISTANCE, ENERGY)
_BY_TECHNIQUE: Mapping[str, Sequence[CardField]] = {
    "XRPD": (*_DEFAULT, CardField("Vibration", ("HTXRPD_sampleVibration",))),
    "SXRD": (*_DEFAULT, CardField("Rotation", ("SCXRD_rotation_range",))),
    "SAXS": (*_DEFAULT, CardField("Frames", ("SAXS_numberFrames",))),
    "CT scan": (
        *_DEFAULT,
        CardField("Projections", ("TOMOAcquisition_proj_n",)),
        CardField("Magnification", ("TOMOAcquisition_magnification",)),
    ),
    "MX": _MX,
    "microfocus MX": _MX,
    "nanofocus MX": _MX,
}


def fields_of(technique: str) -> Sequence[CardField]:
    """Return what a card of the technique with this acronym shows; "" where none is known."""
    return _BY_TECHNIQUE.get(technique, _DEFAULT)


def shown(field: CardField, parameters: Mapping[str, float | str]) -> Shown | None:
    """Return the field's value among a dataset's parameters; None where it has none."""
    name = next((name for name in field.names if name in parameters), None)
    return Shown(field.label, parameters[name], parameter(name).unit) if name else None
