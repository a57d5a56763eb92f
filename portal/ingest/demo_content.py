"""What the demo facility measured. Invented, with physics that is right.

The reference powders are NIST's; ceria expands by about 1.15e-5 per kelvin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from portal.catalogue.models import InvestigationUser

__all__ = ["INSTRUMENTS", "INVESTIGATIONS", "LOGINS", "PEOPLE", "Login", "Measurement", "Sampled", "Visit"]

Role = InvestigationUser.Role


@dataclass(frozen=True)
class Login:
    """Somebody to log in as. ``sees`` says to the person at the screen what it is good for."""

    name: str
    password: str
    sees: str
    is_staff: bool = False


@dataclass(frozen=True)
class Measurement:
    """One exposure: energy in keV, distance in m, exposure in s, strain relative to the calibrant."""

    name: str
    energy_kev: float
    distance_m: float = 0.25
    exposure_s: float = 1.0
    strain: float = 0.0


@dataclass(frozen=True)
class Sampled:
    """A sample, the pyFAI calibrant whose rings it shows, and what was measured on it."""

    name: str
    formula: str
    calibrant: str
    measurements: Sequence[Measurement]


@dataclass(frozen=True)
class Visit:
    """An investigation; ages count back from the day the demo is loaded.

    ``is_processed``: its datasets are reprocessed by themselves, so that there are results to look at.
    """

    instrument: str
    name: str
    title: str
    summary: str
    age: timedelta
    embargo: timedelta
    licence: str
    people: dict[str, Role]
    detector: str
    samples: Sequence[Sampled]
    is_processed: bool = False


# Known passwords, one of them of a superuser: they are in order only because ``make demo`` serves
# this machine alone (127.0.0.1), and ``load_demo`` refuses a portal that holds anything else.
LOGINS = (
    Login("demo", "demo-diffraction", "takes part in one investigation"),
    Login("scientist", "scientist-diffraction", "scientist of ID31 and staff, with /admin/", is_staff=True),
)

PEOPLE = {
    "demo": ("Dana", "Moreau"),
    "scientist": ("Sam", "Okafor"),
    "rossi": ("Elena", "Rossi"),
    "tanaka": ("Mei", "Tanaka"),
    "weber": ("Jonas", "Weber"),
    "lindgren": ("Ida", "Lindgren"),
}

INSTRUMENTS = {
    "ID31": ("High-energy diffraction", "Powder and total scattering from 20 to 100 keV."),
    "ID22": ("High-resolution powder diffraction", "Powder diffraction from 20 to 70 keV."),
}

YEAR = timedelta(days=365)
CERIA_EXPANSION = 1.15e-5
ROOM_K = 298


def _heated(kelvin: int) -> Measurement:
    return Measurement(f"ceria_{kelvin:04}K", 60.0, 0.3, 2.0, strain=CERIA_EXPANSION * (kelvin - ROOM_K))


INVESTIGATIONS = (
    Visit(
        instrument="ID31",
        name="CH-6241",
        title="Certified reference powders for the calibration of area detectors",
        summary=(
            "Four NIST reference powders at several energies and distances, as a common ground for "
            "checking geometry refinement and azimuthal integration. The data are open."
        ),
        age=3.5 * YEAR,
        embargo=3 * YEAR,
        licence="CC-BY-4.0",
        people={
            "rossi": Role.PRINCIPAL_INVESTIGATOR,
            "lindgren": Role.PARTICIPANT,
            "scientist": Role.LOCAL_CONTACT,
        },
        detector="Pilatus1M",
        samples=(
            Sampled(
                "LaB6 SRM 660c",
                "LaB6",
                "LaB6",
                (
                    Measurement("lab6_60keV_200mm", 60.0, 0.2),
                    Measurement("lab6_60keV_350mm", 60.0, 0.35),
                    Measurement("lab6_60keV_500mm", 60.0, 0.5, exposure_s=2.0),
                ),
            ),
            Sampled(
                "CeO2 SRM 674b",
                "CeO2",
                "CeO2",
                (Measurement("ceo2_45keV", 45.0, 0.3), Measurement("ceo2_75keV", 75.0, 0.3)),
            ),
            Sampled(
                "Al2O3 SRM 676a", "Al2O3", "alpha_Al2O3", (Measurement("corundum_60keV", 60.0, 0.25, 3.0),)
            ),
            Sampled(
                "Si SRM 640f",
                "Si",
                "Si",
                (Measurement("silicon_45keV", 45.0), Measurement("silicon_75keV", 75.0)),
            ),
        ),
        is_processed=True,
    ),
    Visit(
        instrument="ID31",
        name="MA-5873",
        title="Thermal expansion of nanocrystalline ceria on a nickel support",
        summary=(
            "Ceria heated from room temperature to 900 K, and a series of rising exposure on the bare "
            "support to find the shortest useful one for operando measurements."
        ),
        age=timedelta(days=21),
        embargo=3 * YEAR,
        licence="CC-BY-4.0",
        people={
            "tanaka": Role.PRINCIPAL_INVESTIGATOR,
            "demo": Role.PARTICIPANT,
            "scientist": Role.LOCAL_CONTACT,
        },
        detector="Pilatus1M",
        samples=(
            Sampled(
                "ceria on nickel", "CeO2", "CeO2", tuple(_heated(kelvin) for kelvin in (298, 500, 700, 900))
            ),
            Sampled(
                "nickel support",
                "Ni",
                "Ni",
                tuple(
                    Measurement(f"nickel_exposure_{number}", 60.0, 0.3, exposure_s)
                    for number, exposure_s in enumerate((0.05, 0.2, 1.0, 5.0, 20.0), start=1)
                ),
            ),
        ),
    ),
    Visit(
        instrument="ID22",
        name="HC-5310",
        title="Oxide pigments: phases and purity of historical and modern samples",
        summary="Zinc white, chromium green and titanium white from three suppliers.",
        age=timedelta(days=90),
        embargo=3 * YEAR,
        licence="CC-BY-4.0",
        people={"weber": Role.PRINCIPAL_INVESTIGATOR, "lindgren": Role.PARTICIPANT},
        detector="Pilatus300k",
        samples=(
            Sampled(
                "zinc white",
                "ZnO",
                "ZnO",
                (Measurement("zno_35keV_150mm", 35.0, 0.15), Measurement("zno_35keV_250mm", 35.0)),
            ),
            Sampled("chromium green", "Cr2O3", "Cr2O3", (Measurement("cr2o3_35keV", 35.0, 0.15, 4.0),)),
            Sampled(
                "titanium white",
                "TiO2",
                "TiO2",
                (Measurement("tio2_35keV", 35.0, 0.15), Measurement("tio2_50keV", 50.0, 0.15)),
            ),
        ),
    ),
)
