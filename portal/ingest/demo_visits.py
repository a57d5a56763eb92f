"""What the demo facility measured. Invented, with physics that is right.

The reference powders are NIST's. Older visits used small detectors, which keeps the loading short.
"""

from datetime import timedelta

from portal.ingest.demo_content import Asked, Measurement, Role, Sampled, Visit
from portal.ingest.demo_series import CALIBRATION, NICKEL_5, SCAN, heated

__all__ = ["INVESTIGATIONS"]

YEAR = timedelta(days=365)
_REFERENCES = Visit(
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
                Measurement(
                    "lab6_60keV_200mm", 60.0, 0.2, asked=(Asked("rossi", {"method": "no/histogram"}),)
                ),
                Measurement("lab6_60keV_350mm", 60.0, 0.35),
                Measurement("lab6_60keV_500mm", 60.0, 0.5, exposure_s=2.0),
            ),
            is_processed=True,
        ),
        Sampled(
            "CeO2 SRM 674b",
            "CeO2",
            "CeO2",
            (Measurement("ceo2_45keV", 45.0, 0.3), Measurement("ceo2_75keV", 75.0, 0.3)),
            is_processed=True,
        ),
        Sampled(
            "Al2O3 SRM 676a",
            "Al2O3",
            "alpha_Al2O3",
            (Measurement("corundum_60keV", 60.0, 0.25, 3.0),),
            is_processed=True,
        ),
        Sampled(
            "Si SRM 640f",
            "Si",
            "Si",
            (Measurement("silicon_45keV", 45.0), Measurement("silicon_75keV", 75.0)),
            is_processed=True,
        ),
    ),
)

_CERIA = Visit(
    instrument="ID31",
    name="MA-5873",
    title="Thermal expansion of nanocrystalline cerium oxide (ceria) on a nickel support",
    summary=(
        "Cerium oxide heated from room temperature to 900 K, and a series of rising exposure on the bare "
        "support to find the shortest useful one for operando measurements."
    ),
    age=timedelta(days=7),
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
            "cerium oxide on nickel",
            "CeO2",
            "CeO2",
            tuple(heated(kelvin) for kelvin in (298, 400, 500, 600, 700, 800, 900)),
            is_processed=True,
        ),
        Sampled(
            "nickel support",
            "Ni",
            "Ni",
            (
                *(
                    Measurement(f"nickel_exposure_{number}", 60.0, 0.3, exposure_s)
                    for number, exposure_s in enumerate((0.05, 0.2, 1.0, 5.0), start=1)
                ),
                NICKEL_5,
            ),
        ),
        Sampled("LaB6 SRM 660c", "LaB6", "LaB6", (CALIBRATION, SCAN)),
    ),
)

_PIGMENTS = Visit(
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
)

_ROUND_ROBIN = Visit(
    instrument="ID22",
    name="ES-0871",
    title="Round robin: silicon and lanthanum hexaboride at two energies",
    summary="The same two powders as at four other facilities, to compare lattice parameters. Free to use.",
    age=5.2 * YEAR,
    embargo=3 * YEAR,
    licence="CC0-1.0",
    people={"novak": Role.PRINCIPAL_INVESTIGATOR, "demo": Role.PARTICIPANT, "beamline": Role.LOCAL_CONTACT},
    detector="Pilatus300k",
    samples=(
        Sampled(
            "silicon",
            "Si",
            "Si",
            (Measurement("si_31keV", 31.0, 0.15), Measurement("si_41keV", 41.0, 0.15)),
            is_processed=True,
        ),
        Sampled("lanthanum hexaboride", "LaB6", "LaB6", (Measurement("lab6_31keV", 31.0, 0.15),)),
    ),
)

_CATALYSTS = Visit(
    instrument="ID31",
    name="HC-4466",
    title="Platinum catalysts on alumina after ageing in exhaust gas",
    summary="Crystallite size of platinum against ageing time, with the bare support as reference.",
    age=2.1 * YEAR,
    embargo=3 * YEAR,
    licence="CC-BY-4.0",
    people={"weber": Role.PRINCIPAL_INVESTIGATOR, "scientist": Role.LOCAL_CONTACT},
    detector="Pilatus300k",
    samples=(
        Sampled(
            "platinum, aged 50 h",
            "Pt",
            "Pt",
            (Measurement("pt_aged_50h", 70.0, 0.2, 4.0),),
            is_processed=True,
        ),
        Sampled(
            "alumina support", "Al2O3", "alpha_Al2O3", (Measurement("alumina_reference", 70.0, 0.2, 4.0),)
        ),
    ),
)

_COURSE = Visit(
    instrument="BM05",
    name="ED-0034",
    title="Practical course: Bragg's law with a kitchen's powders",
    summary="Salt, sand, foil and pencil lead, measured by students in one afternoon. The data are open.",
    age=1.2 * YEAR,
    embargo=timedelta(0),
    licence="CC-BY-SA-4.0",
    people={"beamline": Role.PRINCIPAL_INVESTIGATOR, "lindgren": Role.PARTICIPANT},
    detector="Pilatus100k",
    samples=(
        Sampled("kitchen salt", "NaCl", "NaCl", (Measurement("salt_25keV", 25.0, 0.1),), is_processed=True),
        Sampled("beach sand", "SiO2", "quartz", (Measurement("sand_25keV", 25.0, 0.1),)),
        Sampled("kitchen foil", "Al", "Al", (Measurement("foil_25keV", 25.0, 0.1),)),
        Sampled("pencil lead", "C", "graphite", (Measurement("pencil_25keV", 25.0, 0.1),)),
    ),
)

INVESTIGATIONS = (_REFERENCES, _CERIA, _PIGMENTS, _ROUND_ROBIN, _CATALYSTS, _COURSE)
