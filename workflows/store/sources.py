"""The code of a module, as it was loaded."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import time
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from workflows.store.errors import NotStorable
from workflows.store.files import file_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_STARTED_AT = time.time() - 2  # clocks of file systems are coarse
_STANDARD_LIBRARY = Path(os.__file__).resolve().parent


def module_origin(name: str) -> dict[str, Any]:
    """Identify the code of an imported module.

    That is the digest of its file and the versions of the distributions that
    provide it; for the standard library the version of Python.

    Raises
    ------
    NotStorable
        The module has neither, or its file was edited after it was loaded.
    """
    module = sys.modules.get(name)
    if module is None:
        raise NotStorable(f"the module {name!r} is not imported, so its code is not known")
    if _is_standard(module):
        return {"python": platform.python_version()}
    versions = _distribution_versions(name.partition(".")[0])
    path = _file_of(module)
    if path is None:
        if not versions:
            raise NotStorable(f"the module {name!r} has no file, so its code is not known")
        return {"distributions": versions}
    digest = file_digest(path)
    _check_unedited(module, path)
    return {"file": digest, "distributions": versions}


def _is_standard(module: ModuleType) -> bool:
    if module.__name__.partition(".")[0] not in sys.stdlib_module_names or module.__name__ == "__main__":
        return False
    path = _file_of(module)
    if path is None:
        return True
    folder = path.resolve().parent
    return folder.is_relative_to(_STANDARD_LIBRARY) and not {"site-packages", "dist-packages"} & set(
        folder.parts
    )


def _file_of(module: ModuleType) -> Path | None:
    path = getattr(module, "__file__", None)
    return Path(path).absolute() if path and Path(path).is_file() else None


@cache
def _providers() -> dict[str, list[str]]:
    return {name: sorted(set(found)) for name, found in importlib.metadata.packages_distributions().items()}


@cache
def _distribution_versions(package: str) -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in _providers().get(package, ())}


def _check_unedited(module: ModuleType, path: Path) -> None:
    """Refuse a source file that says something else than the functions in memory.

    Only a file that was touched since this process began is compared: a worker
    that lives for days must not store the results of old code under new code.
    """
    found = path.stat()
    if max(found.st_mtime, found.st_ctime) < _STARTED_AT:
        return
    try:
        on_disk = set(_nested(compile(path.read_bytes(), path, "exec", dont_inherit=True)))
    except (SyntaxError, ValueError):
        on_disk = set()
    if not on_disk or not on_disk.issuperset(_loaded(module, path)):
        raise NotStorable(
            f"the source of {module.__name__!r} was edited after it was loaded: start the process again"
        )


def _nested(code: CodeType) -> Iterator[CodeType]:
    pending = [code]
    while pending:
        current = pending.pop()
        yield current
        pending += [item for item in current.co_consts if isinstance(item, CodeType)]


def _loaded(module: ModuleType, path: Path) -> Iterator[CodeType]:
    """Yield the code of the functions and methods that were loaded from a file."""
    members = list(vars(module).values())
    classes = [item for item in members if isinstance(item, type) and item.__module__ == module.__name__]
    members += [member for item in classes for member in vars(item).values()]
    for code in _codes(members):
        if Path(code.co_filename).absolute() == path:
            yield code


def _codes(members: Iterable[Any]) -> Iterator[CodeType]:
    for member in members:
        function = getattr(member, "__func__", member)
        if isinstance(function, FunctionType):
            yield function.__code__
