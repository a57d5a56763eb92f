"""Small installed packages for the tests of the catalogue: modules, metadata and entry points on disk."""

import importlib
import sys
from pathlib import Path

SAMPLE = "sample-package"


def install(folder, modules, announced, *, name=SAMPLE, version="1.2"):
    """Write modules, and a distribution that announces ``(group, pattern)`` pairs."""
    for module, text in modules.items():
        path = folder.joinpath(*module.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for parent in list(path.relative_to(folder).parents)[:-1]:
            (folder / parent / "__init__.py").touch()
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    write_entry_points(metadata, [(f"ewoks.{group}", key, "ignored") for group, key in announced])


def announce_replacement(folder, package, instead):
    """Write a distribution that announces a package to be taken instead of another one."""
    metadata = folder / "replacing_sample-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: replacing-sample\nVersion: 1.0\n")
    write_entry_points(metadata, [("reprise.task_replacements", package, instead)])


def write_entry_points(metadata, entry_points):
    """Write ``(group, name, value)`` into the metadata of a distribution."""
    groups = sorted({group for group, _, _ in entry_points})
    (metadata / "entry_points.txt").write_text(
        "\n".join(
            f"[{group}]\n"
            + "\n".join(f"{name} = {value}" for each, name, value in entry_points if each == group)
            for group in groups
        )
    )


def _has_packages(folder):
    """Tell whether installed packages, or this project's own, announce themselves in a folder of the path."""
    return "site-packages" in folder or any(Path(folder or ".").glob("*.egg-info"))


def see_only(folder, monkeypatch):
    """Take the installed packages of this environment off the path, and put a folder on it."""
    path = [str(folder), *(each for each in sys.path if not _has_packages(each))]
    monkeypatch.setattr(sys, "path", path)
    importlib.invalidate_caches()
