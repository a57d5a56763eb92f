"""Rows and small real files for tests: plain functions, every argument with a default."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from portal.catalogue.models import Dataset, Facility, Instrument, Investigation, InvestigationUser
from portal.catalogue.services import DatasetContent, register_dataset
from portal.ingest.folder import files_below
from portal.jobs.models import Pipeline
from portal.jobs.services import sync_pipelines

__all__ = [
    "PASSWORD",
    "make_dataset",
    "make_folder",
    "make_instrument",
    "make_investigation",
    "make_pipeline",
    "make_user",
    "the_past",
]

PASSWORD = "a long enough one"
# Two files, so that an archive of them is more than a file.
FILES: Mapping[str, bytes] = {"image.h5": bytes(range(256)) * 4, "scan1/notes.txt": b"as measured"}

_numbers = count(1)


def the_past() -> datetime:
    """Return a day that is over."""
    return timezone.now() - timedelta(days=1)


def make_user(name: str = "", *, is_staff: bool = False) -> User:
    """Return a new person, who logs in with ``PASSWORD``."""
    return User.objects.create_user(name or f"user{next(_numbers)}", password=PASSWORD, is_staff=is_staff)


def make_instrument(name: str = "", *, scientists: Iterable[User] = ()) -> Instrument:
    """Return a new instrument of the one facility."""
    facility, _ = Facility.objects.get_or_create(name="Lumen")
    instrument = Instrument.objects.create(facility=facility, name=name or f"BM{next(_numbers)}")
    instrument.scientists.set(scientists)
    return instrument


def make_investigation(
    instrument: Instrument | None = None,
    *,
    people: Mapping[User, str] | None = None,
    release_date: datetime | None = None,
    **values: Any,
) -> Investigation:
    """Return a new investigation; embargoed for good unless a release date is given.

    ``people`` are its users with their roles.
    """
    investigation = Investigation.objects.create(
        instrument=instrument or make_instrument(),
        release_date=release_date,
        **{"name": f"IM-{next(_numbers)}", "title": "Phases of a cathode", **values},
    )
    for user, role in (people or {}).items():
        InvestigationUser.objects.create(investigation=investigation, user=user, role=role)
    return investigation


def make_folder(files: Mapping[str, bytes] = FILES) -> Path:
    """Return a new folder with these files below a raw data folder."""
    folder = settings.RAW_ROOTS[0] / f"visit{next(_numbers)}"
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def make_dataset(
    investigation: Investigation | None = None, *, files: Mapping[str, bytes] = FILES, **values: Any
) -> Dataset:
    """Return a new powder dataset with real files; ``values`` are those of ``DatasetContent``."""
    folder = make_folder(files)
    told = {
        "name": folder.name,
        "location": str(folder),
        "sample": "LaB6",
        "technique": "XRPD",
        "started_at": the_past(),
        "parameters": {"InstrumentMonochromator_energy": 12.4},
        "files": files_below(folder),
        **values,
    }
    return register_dataset(investigation or make_investigation(), DatasetContent(**told))[0]


def make_pipeline(identifier: str = "pattern", *, technique: str = "XRPD", **properties: Any) -> Pipeline:
    """Return a new pipeline of two steps that asks for an image, an energy and ``properties``."""
    asked = {
        "image": {"type": "integer", "format": "datafile", "accept": [".h5"], "title": "Image"},
        "energy": {
            "type": "number",
            "title": "Photon energy",
            "unit": "keV",
            "exclusiveMinimum": 0,
            "populate": [{"type": "parameter", "value": "InstrumentMonochromator_energy"}],
        },
        "points": {"type": "integer", "title": "Points", "minimum": 1, "maximum": 10000, "default": 1000},
        **properties,
    }
    attributes = {
        "id": identifier,
        "label": identifier.capitalize(),
        "keywords": {"definition": [technique], "instrumentName": "*"},
        "input_schema": {"type": "object", "properties": asked, "required": ["image", "energy"]},
        "ui_schema": {"ui:order": list(asked)},
    }
    nodes = [{"id": "integrate", "label": "Integrate"}, {"id": "save", "label": "Save"}]
    sync_pipelines(
        [{"graph": attributes, "nodes": nodes, "links": [{"source": "integrate", "target": "save"}]}]
    )
    return Pipeline.objects.get(identifier=identifier)
