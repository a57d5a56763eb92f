"""Writing to the catalogue. Who may call is decided by the callers, through ``portal.access``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum
from esrf_ontologies.db import load_techniques

from portal.catalogue.errors import InvalidInput
from portal.catalogue.heat_figures import card_picture
from portal.catalogue.models import Datafile, Dataset, DatasetSummary, Investigation, Sample, Technique
from portal.catalogue.parameters import typed_parameters
from portal.catalogue.plots import line_svg

__all__ = ["DatasetContent", "FileContent", "register_dataset", "store_summary", "technique_named"]

ENERGY = "InstrumentMonochromator_energy"
# PaNET has long names and few acronyms; these are the ones the field's programs write.
_ACRONYMS = {"XRPD": "XPD"}


@dataclass(frozen=True)
class FileContent:
    """What is known of one file: its path below the dataset's folder, bytes, checksum ("" unknown)."""

    name: str
    size_bytes: int
    sha256: str = ""


@dataclass(frozen=True)
class DatasetContent:
    """What is known of a dataset when it is registered. ``parameters`` are ICAT names to values."""

    name: str
    location: str
    type: str = Dataset.Type.ACQUISITION
    sample: str = ""
    technique: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    files: Iterable[FileContent] = ()
    inputs: Iterable[Dataset] = ()


@transaction.atomic
def register_dataset(investigation: Investigation, content: DatasetContent) -> tuple[Dataset, bool]:
    """Make or update the dataset at ``content.location``; return it and whether it is new.

    Idempotent: the same content again changes nothing. Files are added or updated, never removed,
    because an announcement may come before the last file is written.
    """
    parameters = typed_parameters(content.parameters)
    sample = (
        Sample.objects.get_or_create(investigation=investigation, name=content.sample)[0]
        if content.sample
        else None
    )
    values = {
        "name": content.name,
        "type": content.type,
        "sample": sample,
        "technique": technique_named(content.technique) if content.technique else None,
        "started_at": content.started_at,
        "ended_at": content.ended_at,
        # Announced again, a dataset without a start keeps its place in the lists.
        **({"sorted_at": content.started_at} if content.started_at else {}),
        "parameters": parameters,
        "energy_kev": _number(parameters.get(ENERGY)),
    }
    dataset, is_new = Dataset.objects.update_or_create(
        investigation=investigation, location=content.location, defaults=values
    )
    dataset.inputs.add(*content.inputs)
    _store_files(dataset, content.files)
    return dataset, is_new


def store_summary(dataset: Dataset, content: Mapping[str, Any]) -> DatasetSummary:
    """Keep the numbers and the plot that the dataset's card is drawn from."""
    series = content.get("series") or []
    svg = card_picture(content) or (line_svg(series) if isinstance(series, list) else "")
    values = {"content": dict(content), "plot_svg": svg}
    return DatasetSummary.objects.update_or_create(dataset=dataset, defaults=values)[0]


def technique_named(name: str) -> Technique:
    """Return the technique with this acronym, name or PaNET address, made from PaNET when new.

    Raises
    ------
    InvalidInput
        PaNET has no such technique.
    """
    wanted = _ACRONYMS.get(name.upper(), name).lower()
    for pid, names in _panet():
        if wanted == pid.lower() or wanted in (known.lower() for known in names):
            return _technique(pid, names)
    raise InvalidInput(
        f"{name!r} is not a technique of PaNET.", fields={"technique": "not a PaNET technique"}
    )


def _technique(pid: str, names: tuple[str, ...]) -> Technique:
    short = min(names, key=len)
    acronym = next((ours for ours, theirs in _ACRONYMS.items() if theirs == short), short)
    defaults = {"name": max(names, key=len), "acronym": acronym}
    return Technique.objects.get_or_create(pid=pid, defaults=defaults)[0]


@lru_cache(maxsize=1)
def _panet() -> list[tuple[str, tuple[str, ...]]]:
    return [(row["iri"], tuple(row["names"])) for row in load_techniques("PaNET")]


def _store_files(dataset: Dataset, files: Iterable[FileContent]) -> None:
    rows = [
        Datafile(dataset=dataset, name=file.name, size_bytes=file.size_bytes, sha256=file.sha256)
        for file in files
    ]
    Datafile.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["dataset", "name"],
        update_fields=["size_bytes", "sha256"],
    )
    totals = dataset.datafiles.aggregate(count=Count("id"), size=Sum("size_bytes"))
    dataset.file_count, dataset.size_bytes = totals["count"], totals["size"] or 0
    dataset.save(update_fields=["file_count", "size_bytes"])


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
