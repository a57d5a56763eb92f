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
    groups = {group for group, _ in announced}
    (metadata / "entry_points.txt").write_text(
        "\n".join(
            f"[ewoks.{group}]\n" + "\n".join(f"{key} = ignored" for each, key in announced if each == group)
            for group in sorted(groups)
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
