"""Registering a measured dataset that a program tells of."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404

from portal.access.audit import record
from portal.access.rules import Person, investigations_visible_to, may_register
from portal.catalogue.errors import InvalidInput, NotAllowed
from portal.catalogue.models import Dataset
from portal.catalogue.services import DatasetContent, FileContent, register_dataset
from portal.ingest.folder import files_below
from portal.storage.paths import checked_location

__all__ = ["register"]


def register(person: Person, told: Mapping[str, Any]) -> tuple[Dataset, bool]:
    """Register what was told (``RegistrationSerializer``); return the dataset and whether it is new.

    Raises
    ------
    Http404
        The person does not see the investigation.
    NotAllowed
        The person is neither a scientist of its instrument nor staff.
    InvalidInput
        The location, a file or the technique cannot be used.
    """
    visible = investigations_visible_to(person).select_related("instrument")
    investigation = get_object_or_404(visible, pk=told["investigation"])
    if not may_register(person, investigation.instrument):
        record(person, "dataset.register", f"investigation {investigation.pk}", refused=True)
        raise NotAllowed(f"Only scientists of {investigation.instrument} register its datasets.")
    location = checked_location(told["location"])
    found = files_below(location)
    content = DatasetContent(
        name=told["name"],
        location=str(location),
        sample=told.get("sample", ""),
        technique=told.get("technique", ""),
        started_at=told.get("started_at"),
        ended_at=told.get("ended_at"),
        parameters=told["parameters"],
        files=_named_files(found, told["files"]) if "files" in told else found,
    )
    with transaction.atomic():
        dataset, is_new = register_dataset(investigation, content)
        record(person, "dataset.register", f"dataset {dataset.pk}")
    return dataset, is_new


def _named_files(found: Iterable[FileContent], told: Iterable[Mapping[str, Any]]) -> list[FileContent]:
    """Return the files that were named, with their sizes on disk; all faults are told at once."""
    by_name = {file.name: file for file in found}
    contents, faults = [], {}
    for index, file in enumerate(told):
        name, size_bytes = file["name"], file.get("size_bytes")
        if name not in by_name:
            faults[f"files.{index}.name"] = f"{name} is not a file of the dataset's folder."
        elif size_bytes not in (None, by_name[name].size_bytes):
            faults[f"files.{index}.size_bytes"] = (
                f"{name} has {by_name[name].size_bytes} bytes, not {size_bytes}."
            )
        else:
            contents.append(replace(by_name[name], sha256=file.get("sha256", "")))
    if faults:
        raise InvalidInput(f"Files cannot be used. {' '.join(faults.values())}", fields=faults)
    return contents
