"""From a stored location to a path that may be opened, and nothing else does that.

A dataset's location is a folder, or one file, below a configured root. A file's name is a path below
that folder. Links are followed and must end inside; what is opened is a regular file, never a pipe or
a device, which would block or leak.
"""

import os
import stat
from pathlib import Path

from django.conf import settings

from portal.catalogue.errors import InvalidInput, NotFound
from portal.catalogue.models import Datafile, Dataset
from portal.storage.files import FoundFile

__all__ = ["DatasetPlace", "checked_location", "dataset_folder", "last_written", "path_of", "readable_roots"]


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
    return Path(DatasetPlace(datafile.dataset).find(datafile.name).path)


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


class DatasetPlace:
    """Where the files of one dataset are, resolved once for however many of them.

    Raises
    ------
    NotFound
        The location is gone or no longer below a configured root.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        location = _place(dataset)
        self._is_folder = location.is_dir()
        self._folder = location if self._is_folder else location.parent
        self._real_parents: dict[str, Path] = {}

    def find(self, name: str) -> FoundFile:
        """Return a registered file of the dataset, as it is now.

        Raises
        ------
        NotFound
            The file is gone, is not a regular file, or a link leads out of the dataset's folder.
        """
        parent, base = os.path.split(name)
        try:
            if parent not in self._real_parents:
                self._real_parents[parent] = (self._folder / parent).resolve()
            path = self._real_parents[parent] / base
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                path = path.resolve(strict=True)
                status = path.lstat()
            is_there = stat.S_ISREG(status.st_mode) and self._may_be_read(path, name)
        except (OSError, RuntimeError, ValueError):
            # Gone, not to be entered, a link to itself, a NUL byte in the name.
            is_there = False
        if not is_there:
            raise NotFound(f"The file {name} is not in place.")
        return FoundFile.of(str(path), status)

    def _may_be_read(self, path: Path, name: str) -> bool:
        if self._is_folder:
            return path.is_relative_to(self._folder)
        return path == self._folder / name or path in readable_roots(self._dataset)


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


def _is_inside(path: Path, root: Path) -> bool:
    return path == root or root in path.parents
