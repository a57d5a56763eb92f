"""From a stored location to a path that may be opened, and nothing else does that.

A dataset's location is a folder, or one file, below a configured root. A file's name is a path below
that folder. Links are followed and must end inside; what is opened is a regular file, never a pipe or
a device, which would block or leak.
"""

import stat
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from portal.catalogue.errors import InvalidInput, NotFound
from portal.catalogue.models import Datafile, Dataset

__all__ = ["checked_location", "dataset_folder", "last_written", "path_of", "readable_roots"]


def checked_location(location: str) -> Path:
    """Return the path of a location that someone wants to register.

    Raises
    ------
    InvalidInput
        It is not absolute, does not exist, or leads outside of the configured raw folders.
    """
    path = Path(location)
    field = {"location": "must be an existing folder or file below a raw data folder of this portal"}
    if not path.is_absolute() or "\0" in location:
        raise InvalidInput(f"The location {location!r} is not an absolute path.", fields=field)
    try:
        real = path.resolve()
        is_there = real.exists()
    except (OSError, RuntimeError):
        # Too long a name, a folder that may not be entered, a link to itself.
        raise InvalidInput(f"The location {location} cannot be reached.", fields=field) from None
    if not any(_is_inside(real, root) for root in settings.RAW_ROOTS):
        raise InvalidInput(
            f"The location {location} is not below a raw data folder of this portal (REPRISE_RAW_ROOTS).",
            fields=field,
        )
    if not is_there:
        raise InvalidInput(f"The location {location} does not exist.", fields=field)
    return real


def dataset_folder(dataset: Dataset) -> Path:
    """Return the folder that the names of the dataset's files start from.

    Raises
    ------
    NotFound
        The location is gone or no longer below a configured root.
    """
    path = _place(dataset)
    return path if path.is_dir() else path.parent


def path_of(datafile: Datafile) -> Path:
    """Return the path of a registered file.

    Raises
    ------
    NotFound
        The file is gone, is not a regular file, or a link leads out of its dataset's folder.
    """
    roots = readable_roots(datafile.dataset)
    path = dataset_folder(datafile.dataset) / datafile.name
    return _regular_file(path, inside=roots, shown_as=datafile.name)


def last_written(datafile: Datafile) -> list[int]:
    """Return a file's size in bytes and when it was last written, in ns; empty when it is gone."""
    try:
        status = path_of(datafile).stat()
    except (NotFound, OSError):
        return []
    return [status.st_size, status.st_mtime_ns]


def readable_roots(dataset: Dataset) -> list[Path]:
    """Return what a run on this dataset may read, links inside its files included.

    A folder dataset: its folder. A single-file dataset lies among other people's files, so only its
    own registered files count.
    """
    path = _place(dataset)
    if path.is_dir():
        return [path]
    return [path.parent / name for name in dataset.datafiles.values_list("name", flat=True)]


def _place(dataset: Dataset) -> Path:
    """Return the real path of a dataset's location, which is below a configured root."""
    try:
        path = Path(dataset.location).resolve()
        is_there = path.exists()
    except (OSError, RuntimeError):
        is_there = False
    allowed = [settings.OUTPUTS_FOLDER, *settings.RAW_ROOTS]
    if not is_there or not any(_is_inside(path, root) for root in allowed):
        raise NotFound(f"The data of {dataset.name} are not in place.")
    return path


def _regular_file(path: Path, *, inside: Sequence[Path], shown_as: str) -> Path:
    """Return the real path of a regular file below one of ``inside``; NotFound for anything else."""
    try:
        real = path.resolve()
        is_regular = stat.S_ISREG(real.stat().st_mode)
    except (OSError, RuntimeError):
        is_regular = False
    if not is_regular or not any(_is_inside(real, root) for root in inside):
        raise NotFound(f"The file {shown_as} is not in place.")
    return real


def _is_inside(path: Path, root: Path) -> bool:
    return path == root or root in path.parents
