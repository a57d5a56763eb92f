"""Registering what a folder holds."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from portal.catalogue.models import Dataset, Investigation
from portal.catalogue.services import DatasetContent, register_dataset
from portal.ingest.folder import IMAGE_SUFFIXES, FoundDataset, LeftAside, scan
from portal.storage.paths import checked_location
from processing.pipelines import describer

__all__ = ["register_folder", "register_found"]


def register_folder(
    investigation: Investigation, folder: Path, *, report: Callable[[str], object] = lambda _: None
) -> list[Dataset]:
    """Register every dataset that ``scan`` finds in a folder, and return them.

    The same folder again updates the same datasets. ``report`` gets a line for each dataset and for
    each thing left aside.

    Raises
    ------
    InvalidInput
        The folder is not below a raw data folder of this portal, or cannot be read.
    """
    datasets = []
    for found in scan(checked_location(str(folder))):
        if isinstance(found, LeftAside):
            report(f"left aside  {found.path}: {found.reason}")
        else:
            dataset, is_new = register_found(investigation, found)
            report(
                f"{'registered' if is_new else 'updated   '}  {found.location}: {dataset.file_count} files"
            )
            datasets.append(dataset)
    return datasets


def register_found(investigation: Investigation, found: FoundDataset) -> tuple[Dataset, bool]:
    """Register one found dataset with the parameters its files tell; return it and whether it is new."""
    paths = [found.folder / file.name for file in found.files]
    images = [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES]
    roots = [found.location] if found.location.is_dir() else paths
    content = DatasetContent(
        name=found.name,
        location=str(found.location),
        sample=found.sample,
        technique="XRPD",
        started_at=datetime.fromtimestamp(min(path.stat().st_mtime for path in images), tz=UTC),
        parameters=describer("xrpd")(paths, roots),
        files=found.files,
    )
    return register_dataset(investigation, content)
