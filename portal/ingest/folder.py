"""How folders become datasets: which files belong together, and what is left aside.

Only names and sizes are looked at here. Links are followed as long as they end inside of the folder,
the same rule that ``portal.storage`` keeps when the files are served.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portal.catalogue.errors import InvalidInput
from portal.catalogue.services import FileContent

__all__ = ["IMAGE_SUFFIXES", "FoundDataset", "LeftAside", "files_below", "scan"]

IMAGE_SUFFIXES = frozenset({".h5", ".nxs", ".hdf5", ".tif", ".tiff", ".edf", ".cbf", ".spe"})

# More is a mistake: each file is a row.
MAX_FILES = 50_000
# What the catalogue's columns hold.
MAX_NAME = 500
MAX_LOCATION = 1000


@dataclass(frozen=True)
class FoundDataset:
    """Files that belong together. ``location`` is their folder, or the image among loose files."""

    name: str
    sample: str
    location: Path
    files: list[FileContent]

    @property
    def folder(self) -> Path:
        """The folder that the names of the files start from."""
        return _folder_of(self.location)


@dataclass(frozen=True)
class LeftAside:
    """What became no dataset, and why."""

    path: Path
    reason: str


def files_below(path: Path, *, with_checksums: bool = False, max_files: int = MAX_FILES) -> list[FileContent]:
    """Return the files of the dataset at ``path``, by name.

    Parameters
    ----------
    path
        A folder: everything below it. An image: itself and the files beside it with the same stem,
        or the stem and ``_mask``. Hidden files and folders, and links that lead out, are skipped.
    with_checksums
        Read every file for its sha256; otherwise it stays "".
    max_files
        How many files a dataset may have.

    Raises
    ------
    InvalidInput
        There are more files, a name is too long or not UTF-8, or a folder cannot be read.
    """
    folder = _folder_of(path).resolve()
    found = _all_below(folder) if path.is_dir() else _side_by_side(path.resolve())
    contents: list[FileContent] = []
    for file in found:
        if not file.is_file() or not file.resolve().is_relative_to(folder):
            continue
        if len(contents) == max_files:
            raise InvalidInput(f"{path} holds more than {max_files} files; register smaller folders.")
        contents.append(_content_of(file, folder, with_checksums=with_checksums))
    return sorted(contents, key=lambda content: content.name)


def scan(folder: Path) -> Iterator[FoundDataset | LeftAside]:
    """Yield what a folder holds, in the order of the names.

    A folder at any depth that directly holds an image is a dataset, with everything below it; its
    sample is the uppermost folder on the way. An image that lies loose in ``folder`` is a dataset
    with the files that belong to it.
    """
    top = folder.resolve()
    for entry in _visible(top):
        if entry.is_dir():
            yield from _scan_below(entry, sample=entry.name)
    loose = [entry for entry in _visible(top) if not entry.is_dir()]
    images = [entry for entry in loose if _is_image(entry) and not _image_of_mask(entry, loose)]
    used: set[Path] = set()
    for image in images:
        found = _found(image, name=image.stem, sample=image.stem)
        if isinstance(found, FoundDataset):
            used |= {top / file.name for file in found.files}
        yield found
    for entry in loose:
        if entry not in used and entry not in images:
            yield LeftAside(entry, "is neither an image nor named like one")


def _scan_below(folder: Path, *, sample: str) -> Iterator[FoundDataset | LeftAside]:
    if folder.is_symlink():
        yield LeftAside(folder, "is a link to a folder")
        return
    try:
        entries = _visible(folder)
    except InvalidInput as error:
        yield LeftAside(folder, error.message)
        return
    if any(_is_image(entry) for entry in entries):
        yield _found(folder, name=folder.name, sample=sample)
        return
    folders = [entry for entry in entries if entry.is_dir()]
    for entry in folders:
        yield from _scan_below(entry, sample=sample)
    if not folders:
        yield LeftAside(folder, "holds no image")


def _found(location: Path, *, name: str, sample: str) -> FoundDataset | LeftAside:
    try:
        _check_text(str(location), limit=MAX_LOCATION)
        files = files_below(location)
    except InvalidInput as error:
        return LeftAside(location, error.message)
    if not any(Path(file.name).suffix.lower() in IMAGE_SUFFIXES for file in files):
        # The image that was seen is a link.
        return LeftAside(location, "leads out of its folder")
    return FoundDataset(name=name, sample=sample, location=location, files=files)


def _folder_of(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise InvalidInput(f"{folder} cannot be read: {error.strerror}.") from None


def _all_below(folder: Path) -> Iterator[Path]:
    """Yield every visible entry that is no folder; a link to a folder is not entered."""
    for entry in _visible(folder):
        if not entry.is_dir():
            yield entry
        elif not entry.is_symlink():
            yield from _all_below(entry)


def _side_by_side(image: Path) -> Iterator[Path]:
    """Yield the image, its mask, and what has its stem, except other images: those are datasets."""
    for entry in _visible(image.parent):
        is_side_file = entry.stem == image.stem and not _is_image(entry)
        if entry == image or is_side_file or entry.stem == f"{image.stem}_mask":
            yield entry


def _is_image(entry: Path) -> bool:
    return entry.suffix.lower() in IMAGE_SUFFIXES and entry.is_file()


def _image_of_mask(entry: Path, others: list[Path]) -> bool:
    """Whether ``entry`` is the mask of an image beside it."""
    stem = entry.stem.removesuffix("_mask")
    return stem != entry.stem and any(_is_image(other) and other.stem == stem for other in others)


def _content_of(file: Path, folder: Path, *, with_checksums: bool) -> FileContent:
    name = file.relative_to(folder).as_posix()
    _check_text(name, limit=MAX_NAME)
    return FileContent(name, file.stat().st_size, _sha256_of(file) if with_checksums else "")


def _sha256_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _check_text(name: str, *, limit: int) -> None:
    """Refuse what the database could not keep."""
    if len(name) > limit:
        raise InvalidInput(f"{name} is longer than {limit} characters.")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{name!a} is not a UTF-8 name.") from None
