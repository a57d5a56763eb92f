"""Finding the workflows that installed packages bring, and those in folders; nothing is executed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.catalog.announcements import Announcement, announced_workflows
from workflows.catalog.locating import is_pattern, module_folders
from workflows.errors import GraphError, UnsupportedError, describe_exception

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LARGEST = {".json": 20_000_000, ".yaml": 2_000_000}
"""In bytes; YAML is read ten times slower."""


@dataclass(frozen=True, kw_only=True)
class WorkflowDescription:
    """What a user must know of a stored workflow to choose it."""

    name: str
    """Dotted for one of a package (``package.folder.name``), else the path inside the given folder."""
    path: str
    label: str
    keywords: tuple[str, ...]
    """Words, or ``name:value``."""
    description: str
    package: str
    """The distribution that announces it; empty for one in a folder."""
    version: str

    def as_dict(self) -> dict[str, Any]:
        """Return the description as JSON knows it."""
        return asdict(self)


@dataclass(frozen=True)
class WorkflowCatalog:
    """The workflows that were found, and a sentence for each that could not be read."""

    workflows: tuple[WorkflowDescription, ...]
    problems: tuple[str, ...]


def discover_workflows(folders: Iterable[str | Path] = ()) -> WorkflowCatalog:
    """Find the workflows that installed packages announce, and all that are in some folders.

    The name of an entry point in the group ``ewoks.workflows`` is a dotted
    pattern: packages, then the name of a JSON or YAML file without its suffix
    (``package.workflows.*``). Packages are found without importing them.
    Files are read anew each time.
    """
    found: dict[Path, WorkflowDescription] = {}
    problems: list[str] = []
    sources = [_announced_files(each, problems) for each in announced_workflows()]
    sources += [_files_in(Path(folder), problems) for folder in folders]
    for source in sources:
        for name, path, announcement in source:
            if path.resolve() in found:
                continue
            try:
                found[path.resolve()] = _described(name, path, announcement)
            except (GraphError, OSError) as error:
                problems.append(f"{path}: {error}")
    return WorkflowCatalog(
        tuple(sorted(found.values(), key=lambda each: (each.name, each.path))), tuple(problems)
    )


_File = tuple[str, Path, Announcement]


def _announced_files(announcement: Announcement, problems: list[str]) -> Iterator[_File]:
    top, *middle = announcement.pattern.split(".")
    folders = None if is_pattern(top) or not middle else module_folders(top)
    if not folders:
        problems.append(f"{announcement.pattern}: there is no package {top!r} with workflows")
        return
    places = [(top, Path(folder)) for folder in folders]
    for part in middle[:-1]:
        places = [
            (f"{name}.{child.name}", child)
            for name, folder in places
            for child in _listed(folder)
            if child.is_dir() and child.name.isidentifier() and fnmatchcase(child.name, part)
        ]
    for name, folder in places:
        for file in _listed(folder):
            if file.suffix in _LARGEST and file.is_file() and fnmatchcase(file.stem, middle[-1]):
                yield f"{name}.{file.stem}", file, announcement


def _files_in(folder: Path, problems: list[str]) -> Iterator[_File]:
    if not folder.is_dir():
        problems.append(f"there is no folder {str(folder)!r}")
        return
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        is_hidden = any(part.startswith(".") for part in inside.parts)  # such as a folder of results
        if not is_hidden and path.suffix in _LARGEST and path.is_file():
            yield inside.as_posix(), path, Announcement("workflow", "")


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # in an archive, or not readable: there is no file to be named
        return []


def _described(name: str, path: Path, announcement: Announcement) -> WorkflowDescription:
    document = _read(path)
    graph = document.get("graph", {}) if isinstance(document, dict) else None
    if not isinstance(graph, dict) or not {"graph", "nodes"} & document.keys():
        raise GraphError("is not a workflow: there is neither 'graph' nor 'nodes' in it")
    return WorkflowDescription(
        name=name,
        path=str(path),
        label=_text(graph.get("label")) or _text(graph.get("id")) or path.stem,
        keywords=_keywords(graph.get("keywords")),
        description=_text(graph.get("description")),
        package=announcement.package,
        version=announcement.version,
    )


def _read(path: Path) -> Any:
    with path.open("rb") as file:
        content = file.read(_LARGEST[path.suffix] + 1)
    if len(content) > _LARGEST[path.suffix]:
        raise GraphError(f"is larger than {_LARGEST[path.suffix] // 1_000_000} MB")
    try:
        return json.loads(content) if path.suffix == ".json" else _read_yaml(content)
    except RecursionError:
        raise GraphError("is nested too deeply") from None
    except ValueError as error:
        raise GraphError(f"cannot be read: {describe_exception(error)}") from error


def _read_yaml(content: bytes) -> Any:
    try:
        import yaml  # noqa: PLC0415 -- optional
    except ModuleNotFoundError:
        raise UnsupportedError("reading YAML needs the package PyYAML: pip install PyYAML") from None
    try:
        return yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise GraphError(f"cannot be read: {describe_exception(error)}") from error


def _keywords(value: Any) -> tuple[str, ...]:
    """Read a list of words, or the mapping that ewoksserver searches by ``name:value``."""
    if isinstance(value, dict):
        pairs = ((_text(name), _text(each)) for name, each in value.items())
        return tuple(":".join(filter(None, pair)) for pair in pairs)
    return tuple(filter(None, map(_text, value))) if isinstance(value, list) else ()


def _text(value: Any) -> str:
    """Write a scalar; anything else is no text."""
    return str(value) if isinstance(value, str | int | float) else ""
