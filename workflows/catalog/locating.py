"""Where modules are and which ones a pattern stands for; no package is executed to find out."""

from __future__ import annotations

import importlib.util
import pkgutil
import sys
from fnmatch import fnmatchcase

_WILDCARDS = "*?["


def is_pattern(text: str) -> bool:
    """Tell whether a name contains wildcards."""
    return any(sign in text for sign in _WILDCARDS)


def module_folders(name: str) -> list[str] | None:
    """Return the folders in which the modules of a package are.

    The list is empty for a module that is not a package; ``None`` means that
    there is no such module.
    """
    top, *others = name.split(".")
    folders = _top_folders(top)
    path = top
    for part in others:
        path = f"{path}.{part}"
        if not folders:
            return None
        folders = _imported_folders(path) or _sub_folders(path, folders)
    return folders


def matching_modules(pattern: str) -> list[str]:
    """List the modules that a pattern such as ``package.*.tasks`` stands for.

    A wildcard matches one level. A name without wildcards stands for itself,
    whether or not there is such a module.

    Raises
    ------
    ModuleNotFoundError
        There is nothing to look into: the part before the first wildcard is
        not the name of a package.
    """
    first, *others = pattern.split(".")
    if is_pattern(first):
        raise ModuleNotFoundError(f"{pattern!r} must begin with the name of a package")
    names = [first]
    is_checked = False
    for part in others:
        if not is_pattern(part):
            names = [f"{name}.{part}" for name in names]
            continue
        if not is_checked and module_folders(names[0]) is None:
            raise ModuleNotFoundError(f"No module named {names[0]!r}", name=names[0])
        is_checked = True
        names = [f"{name}.{child}" for name in names for child in _children(name) if fnmatchcase(child, part)]
    return [name for name in names if not is_checked or module_folders(name) is not None]


def _children(name: str) -> list[str]:
    """List the modules of a package, but not ``__main__``: importing that runs a program."""
    found = pkgutil.iter_modules(module_folders(name) or [])
    return sorted({child.name for child in found if not child.name.startswith("__")})


def _imported_folders(name: str) -> list[str] | None:
    return list(getattr(sys.modules.get(name), "__path__", ())) or None


def _top_folders(name: str) -> list[str] | None:
    imported = _imported_folders(name)
    if imported is not None:
        return imported
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return [] if name in sys.modules else None
    return None if spec is None else list(spec.submodule_search_locations or ())


def _sub_folders(name: str, folders: list[str]) -> list[str] | None:
    """Look for a module in the folders of its package, as the import system does."""
    portions: list[str] = []
    for folder in folders:
        finder = pkgutil.get_importer(folder)
        spec = None if finder is None else finder.find_spec(name)
        if spec is not None and spec.loader is not None:
            return list(spec.submodule_search_locations or ())
        portions += [] if spec is None else list(spec.submodule_search_locations or ())
    return portions or None
