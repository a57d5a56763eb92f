"""Workflow files inside installed packages; no package is imported to find them."""

from __future__ import annotations

import importlib.util
from fnmatch import fnmatchcase
from importlib.metadata import entry_points
from pathlib import Path

GROUP = "ewoks.workflows"
EXTENSIONS = (".json", ".yaml", ".yml")


def package_folders(package: str) -> list[Path]:
    """Return the folders of a package; a package in several parts has several.

    Only the finder of its outermost package is asked, which imports nothing.
    """
    outermost, *inner = package.split(".")
    if not all(part.isidentifier() for part in (outermost, *inner)):
        return []
    try:
        spec = importlib.util.find_spec(outermost)
    except (ImportError, ValueError):  # ValueError: such as __main__, a module without a file
        return []
    locations = spec.submodule_search_locations if spec else None
    folders = [Path(location).joinpath(*inner) for location in locations or ()]
    return [folder for folder in folders if folder.is_dir()]


def find_resource(name: str, extensions: tuple[str, ...] = EXTENSIONS) -> Path | None:
    """Find the workflow file that ``package.folder.name`` stands for."""
    package, _, stem = name.rpartition(".")
    if not package or Path(stem).name != stem:
        return None
    candidates = (
        folder / f"{stem}{extension}" for folder in package_folders(package) for extension in extensions
    )
    return next((path for path in candidates if path.is_file()), None)


def discover_workflows() -> dict[str, Path]:
    """Find the workflow files that installed packages announce, by their dotted names.

    The name of an entry point in the group ``ewoks.workflows`` is a pattern such
    as ``package.workflows.*``; a wildcard matches one level.
    """
    found: dict[str, Path] = {}
    for pattern in sorted({entry_point.name for entry_point in entry_points(group=GROUP)}):
        outermost, *inner = pattern.split(".")
        packages = [(outermost, folder) for folder in package_folders(outermost)]
        for part in inner[:-1]:
            packages = [
                (f"{name}.{child.name}", child)
                for name, folder in packages
                for child in sorted(folder.iterdir())
                if child.is_dir() and child.name.isidentifier() and fnmatchcase(child.name, part)
            ]
        for name, folder in packages if inner else ():
            for path in sorted(folder.iterdir()):
                if path.suffix in EXTENSIONS and fnmatchcase(path.stem, inner[-1]) and path.is_file():
                    found.setdefault(f"{name}.{path.stem}", path)
    return found
