"""Loading the demo facility: its rows, and simulated files in the data folder.

Loading again continues where the last time ended, and changes nothing when all is there.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from portal.catalogue.errors import NotAllowed
from portal.catalogue.models import Dataset, Facility, Instrument, Investigation, InvestigationUser, Sample
from portal.ingest.demo_content import (
    INSTRUMENTS,
    INVESTIGATIONS,
    LOGINS,
    PEOPLE,
    Measurement,
    Sampled,
    Visit,
)
from portal.ingest.folder import FoundDataset, files_below
from portal.ingest.services import register_folder, register_found
from portal.jobs.models import Pipeline
from portal.jobs.parameters import prefilled_parameters
from portal.jobs.services import submit_job
from portal.storage.paths import checked_location

__all__ = ["LOGINS", "load_demo"]

FACILITY = "Lumen"
REGISTERED_FILES = "Registered files"
_BETWEEN_MEASUREMENTS = timedelta(minutes=25)

Report = Callable[[str], object]


def load_demo(*, data: Path | None = None, report: Report = lambda _: None) -> None:
    """Load the demo facility, with its simulated data or with a folder of real files.

    Parameters
    ----------
    data
        A folder below one of REPRISE_RAW_ROOTS, registered instead of simulating.
    report
        Gets a line for each dataset that is made.

    Raises
    ------
    NotAllowed
        The portal holds investigations that are not the demo's.
    InvalidInput
        ``data``, or the portal's own ``raw`` folder, is not below a raw data folder.
    """
    _refuse_real_portal()
    _store_people()
    if data:
        register_folder(_investigation_for_files(), data, report=report)
        return
    for visit in INVESTIGATIONS:
        investigation = _store_visit(visit)
        for number, (sampled, measurement) in enumerate(_measurements(visit)):
            _ensure_dataset(investigation, visit, sampled, measurement, number=number, report=report)
        if visit.is_processed:
            _ensure_results(investigation)


def _refuse_real_portal() -> None:
    if Investigation.objects.exists() and not Facility.objects.filter(name=FACILITY).exists():
        raise NotAllowed(
            "This portal holds investigations of its own; the demo's logins, with their known passwords, "
            "have no place here."
        )


@transaction.atomic
def _store_people() -> None:
    """Store the facility, its instruments and its people; what a person changed since then stays."""
    names = {"full_name": "Lumen, a synchrotron that does not exist"}
    facility, _ = Facility.objects.get_or_create(name=FACILITY, defaults=names)
    passwords = {login.name: login.password for login in LOGINS}
    staff = {login.name for login in LOGINS if login.is_staff}
    for name, (first, last) in PEOPLE.items():
        if not User.objects.filter(username=name).exists():
            # Without a password nobody can log in as them.
            User.objects.create_user(
                name,
                f"{name}@example.org",
                passwords.get(name),
                first_name=first,
                last_name=last,
                is_staff=name in staff,
                is_superuser=name in staff,
            )
    for name, (full_name, description) in INSTRUMENTS.items():
        texts = {"facility": facility, "full_name": full_name, "description": description}
        Instrument.objects.get_or_create(name=name, defaults=texts)
    Instrument.objects.get(name="ID31").scientists.add(User.objects.get(username="scientist"))


@transaction.atomic
def _store_visit(visit: Visit) -> Investigation:
    start = (timezone.now() - visit.age).replace(hour=9, minute=0, second=0, microsecond=0)
    investigation, is_new = Investigation.objects.get_or_create(
        instrument=Instrument.objects.get(name=visit.instrument),
        name=visit.name,
        defaults={
            "title": visit.title,
            "summary": visit.summary,
            "start_date": start,
            "end_date": start + timedelta(days=1),
            "release_date": start + visit.embargo,
            "licence": visit.licence,
        },
    )
    if is_new:
        for name, role in visit.people.items():
            _add_person(investigation, name, role)
        for sampled in visit.samples:
            Sample.objects.create(investigation=investigation, name=sampled.name, formula=sampled.formula)
    return investigation


def _investigation_for_files() -> Investigation:
    investigation, is_new = Investigation.objects.get_or_create(
        instrument=Instrument.objects.get(name="ID31"),
        name=REGISTERED_FILES,
        defaults={"title": "Files registered from a folder", "start_date": timezone.now()},
    )
    if is_new:
        _add_person(investigation, "demo", InvestigationUser.Role.PRINCIPAL_INVESTIGATOR)
    return investigation


def _add_person(investigation: Investigation, name: str, role: InvestigationUser.Role) -> None:
    user = User.objects.get(username=name)
    InvestigationUser.objects.create(investigation=investigation, user=user, role=role)


def _measurements(visit: Visit) -> Iterator[tuple[Sampled, Measurement]]:
    for sampled in visit.samples:
        for measurement in sampled.measurements:
            yield sampled, measurement


def _ensure_dataset(
    investigation: Investigation,
    visit: Visit,
    sampled: Sampled,
    measurement: Measurement,
    *,
    number: int,
    report: Report,
) -> None:
    """Make the dataset unless it is there, files and row; half of one is made anew."""
    sample_folder = sampled.name.replace(" ", "_")
    folder = settings.DATA_FOLDER / "raw" / visit.instrument / visit.name / sample_folder / measurement.name
    if folder.exists() and Dataset.objects.filter(investigation=investigation, location=str(folder)).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    checked_location(str(folder))
    # Somebody may have emptied the date since.
    started = (investigation.start_date or timezone.now()) + number * _BETWEEN_MEASUREMENTS
    _measure(folder, visit, sampled, measurement, seed=number, started=started)
    files = files_below(folder, with_checksums=True)
    register_found(investigation, FoundDataset(measurement.name, sampled.name, folder, files))
    report(f"simulated  {visit.name}  {sampled.name}  {measurement.name}")


def _ensure_results(investigation: Investigation) -> None:
    """Queue the powder pipeline on each dataset, once: the key of a request is the dataset's place."""
    pipeline = Pipeline.objects.filter(identifier="powder_pattern").first()
    if pipeline is None:
        return
    scientist = User.objects.get(username="scientist")
    for dataset in investigation.datasets.filter(type=Dataset.Type.ACQUISITION):
        submit_job(
            user=scientist,
            dataset=dataset,
            pipeline=pipeline,
            parameters=prefilled_parameters(pipeline, dataset),
            request_key=uuid5(NAMESPACE_URL, dataset.location),
        )


def _measure(
    folder: Path, visit: Visit, sampled: Sampled, measurement: Measurement, *, seed: int, started: datetime
) -> None:
    # pyFAI takes seconds to import, and is not needed when everything is there.
    from processing.simulation import default_geometry, write_powder_dataset  # noqa: PLC0415

    write_powder_dataset(
        folder,
        name=measurement.name,
        sample=sampled.name,
        calibrant=sampled.calibrant,
        detector=visit.detector,
        geometry=default_geometry(visit.detector, measurement.energy_kev, measurement.distance_m),
        energy_kev=measurement.energy_kev,
        exposure_s=measurement.exposure_s,
        strain=measurement.strain,
        seed=seed,
        started=started,
    )
    # The files of a measurement are as old as the measurement.
    for file in folder.iterdir():
        os.utime(file, (started.timestamp(), started.timestamp()))
