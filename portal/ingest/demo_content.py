"""The demo facility: its people and instruments, and what describes a visit. All of it invented."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from portal.catalogue.models import InvestigationUser, LogbookEvent

__all__ = [
    "INSTRUMENTS",
    "LOGINS",
    "PEOPLE",
    "Asked",
    "Beamline",
    "Login",
    "Measurement",
    "Note",
    "Sampled",
    "Visit",
]

Role = InvestigationUser.Role
Category = LogbookEvent.Category


@dataclass(frozen=True)
class Login:
    """Somebody to log in as. ``sees`` says to the person at the screen what it is good for."""

    name: str
    password: str
    sees: str
    is_staff: bool = False


@dataclass(frozen=True)
class Beamline:
    """An instrument, and those who run it."""

    full_name: str
    description: str
    scientists: Sequence[str]


@dataclass(frozen=True)
class Note:
    """An entry of the e-logbook some minutes after a measurement began; without ``by`` a program's."""

    text: str
    by: str = ""
    category: Category = Category.COMMENT
    after_min: float = 6


@dataclass(frozen=True)
class Asked:
    """A result that a person asked for, with what was changed in the form; a file goes by its name.

    A ``pipeline`` that is not installed is left out.
    """

    by: str
    changed: Mapping[str, Any]
    pipeline: str = "powder_pattern"


@dataclass(frozen=True)
class Measurement:
    """One exposure: energy in keV, distance in m, exposure in s, strain relative to the calibrant.

    ``foreign_mask`` is the name of a mask of another detector that lies beside the image. With more than
    one frame it is a scan in a beam that comes and goes, 0.25 m from the sample and without strain;
    ``detector`` is its own where it is not the visit's.
    """

    name: str
    energy_kev: float
    distance_m: float = 0.25
    exposure_s: float = 1.0
    strain: float = 0.0
    foreign_mask: str = ""
    n_frames: int = 1
    detector: str = ""
    asked: Sequence[Asked] = ()
    notes: Sequence[Note] = ()


@dataclass(frozen=True)
class Sampled:
    """A sample, the pyFAI calibrant whose rings it shows, and what was measured on it in a day.

    ``is_processed``: its datasets are reprocessed by themselves, so that there are results to look at.
    """

    name: str
    formula: str
    calibrant: str
    measurements: Sequence[Measurement]
    is_processed: bool = False


@dataclass(frozen=True)
class Visit:
    """An investigation; ages count back from the day the demo is loaded."""

    instrument: str
    name: str
    title: str
    summary: str
    age: timedelta
    embargo: timedelta
    licence: str
    people: Mapping[str, Role]
    detector: str
    samples: Sequence[Sampled] = field(default_factory=tuple)


# Known passwords, one of them of a superuser: they are in order only because ``make demo`` serves
# this machine alone (127.0.0.1), and ``load_demo`` refuses a portal that holds anything else.
LOGINS = (
    Login("demo", "demo-diffraction", "takes part in two investigations"),
    Login("scientist", "scientist-diffraction", "scientist of ID31 and staff, with /admin/", is_staff=True),
    Login("beamline", "beamline-diffraction", "scientist of ID22 and BM05, not staff"),
)

PEOPLE = {
    "demo": ("Dana", "Moreau"),
    "scientist": ("Sam", "Okafor"),
    "beamline": ("Noor", "Haddad"),
    "rossi": ("Elena", "Rossi"),
    "tanaka": ("Mei", "Tanaka"),
    "weber": ("Jonas", "Weber"),
    "lindgren": ("Ida", "Lindgren"),
    "novak": ("Petra", "Novak"),
}

INSTRUMENTS = {
    "ID31": Beamline(
        "High-energy diffraction", "Powder and total scattering from 20 to 100 keV.", ("scientist",)
    ),
    "ID22": Beamline(
        "High-resolution powder diffraction", "Powder diffraction from 20 to 70 keV.", ("beamline",)
    ),
    "BM05": Beamline(
        "Tests and tuition", "Powder diffraction from 15 to 40 keV, for courses and detectors.", ("beamline",)
    ),
}
