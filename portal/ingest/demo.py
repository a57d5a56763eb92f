"""Loading the demo facility: its rows, and simulated files in the data folder.

Loading again continues where the last time ended, and changes nothing when all is there.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from portal.catalogue.errors import NotAllowed
from portal.catalogue.models import Dataset, Facility, Instrument, Investigation, InvestigationUser, Sample
from portal.ingest.demo_content import INSTRUMENTS, LOGINS, PEOPLE, Measurement, Sampled, Visit
from portal.ingest.demo_jobs import ensure_jobs
from portal.ingest.demo_logbook import ensure_logbook
from portal.ingest.demo_visits import INVESTIGATIONS
from portal.ingest.folder import FoundDataset, files_below
from portal.ingest.services import register_folder, register_found
from portal.storage.paths import checked_location

__all__ = ["LOGINS", "load_demo"]

FACILITY = "Lumen"
REGISTERED_FILES = "Registered files"
_BETWEEN_MEASUREMENTS = timedelta(minutes=25)
# Rows and columns of a Pilatus 300k.
FOREIGN_MASK_SHAPE = (619, 487)
FRAMES_PER_FILE = 20

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
        for place in _places(visit):
            _ensure_dataset(investigation, visit, place, report=report)
        ensure_logbook(investigation, visit)
        ensure_jobs(investigation, visit)


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
    for name, beamline in INSTRUMENTS.items():
        texts = {"full_name": beamline.full_name, "description": beamline.description}
        instrument, _ = Instrument.objects.get_or_create(name=name, defaults={"facility": facility, **texts})
        instrument.scientists.add(*User.objects.filter(username__in=beamline.scientists))


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
            "end_date": start + timedelta(days=len(visit.samples) - 1, hours=9),
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


@dataclass(frozen=True)
class _Place:
    """A measurement's place in its visit; ``after`` is the time from the visit's start."""

    sampled: Sampled
    measurement: Measurement
    number: int
    after: timedelta


def _places(visit: Visit) -> Iterator[_Place]:
    """Yield the measurements one by one: each sample has its day."""
    number = count()
    for day, sampled in enumerate(visit.samples):
        for turn, measurement in enumerate(sampled.measurements):
            after = timedelta(days=day) + turn * _BETWEEN_MEASUREMENTS
            yield _Place(sampled, measurement, next(number), after)


def _ensure_dataset(investigation: Investigation, visit: Visit, place: _Place, *, report: Report) -> None:
    """Make the dataset unless it is there, files and row; half of one is made anew."""
    sample, name = place.sampled.name, place.measurement.name
    folder = settings.DATA_FOLDER / "raw" / visit.instrument / visit.name / _folder_name(sample) / name
    if folder.exists() and Dataset.objects.filter(investigation=investigation, location=str(folder)).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    checked_location(str(folder))
    # Somebody may have emptied the date since.
    started = (investigation.start_date or timezone.now()) + place.after
    _measure(folder, visit, place, started=started)
    files = files_below(folder, with_checksums=True)
    register_found(investigation, FoundDataset(name, sample, folder, files))
    report(f"simulated  {visit.name}  {sample}  {name}")


def _folder_name(sample: str) -> str:
    return re.sub(r"\W+", "_", sample)


def _measure(folder: Path, visit: Visit, place: _Place, *, started: datetime) -> None:
    measurement = place.measurement
    detector = measurement.detector or visit.detector
    if measurement.n_frames > 1:
        _write_scan(folder, place, detector)
    else:
        _write_image(folder, place, detector, started=started)
    if measurement.foreign_mask:
        np.save(folder / measurement.foreign_mask, np.zeros(FOREIGN_MASK_SHAPE, dtype=np.uint8))
    # The files of a measurement are as old as the measurement.
    for file in folder.rglob("*"):
        os.utime(file, (started.timestamp(), started.timestamp()))


def _write_image(folder: Path, place: _Place, detector: str, *, started: datetime) -> None:
    # pyFAI takes seconds to import, and is not needed when everything is there.
    from processing.simulation import default_geometry, write_powder_dataset  # noqa: PLC0415

    sampled, measurement = place.sampled, place.measurement
    write_powder_dataset(
        folder,
        name=measurement.name,
        sample=sampled.name,
        calibrant=sampled.calibrant,
        detector=detector,
        geometry=default_geometry(detector, measurement.energy_kev, measurement.distance_m),
        energy_kev=measurement.energy_kev,
        exposure_s=measurement.exposure_s,
        strain=measurement.strain,
        seed=place.number,
        started=started,
    )


def _write_scan(folder: Path, place: _Place, detector: str) -> None:
    from processing.simulated_scan import write_powder_scan  # noqa: PLC0415 - as above

    measurement = place.measurement
    written = write_powder_scan(
        folder,
        n_frames=measurement.n_frames,
        detector=detector,
        calibrant=place.sampled.calibrant,
        energy_kev=measurement.energy_kev,
        exposure_s=measurement.exposure_s,
        seed=place.number,
        frames_per_file=FRAMES_PER_FILE,
    )
    for file in (written.path, written.poni):
        file.rename(folder / f"{measurement.name}{file.suffix}")
