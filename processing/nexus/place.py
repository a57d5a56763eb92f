"""Where a process may read: the roots, and the check of a file's place."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from workflows import InputError

Roots = Sequence[Path | str]


class OutsideRoots(InputError):
    """A file is, or a link leads, where nothing may be read; nothing is said of what is there."""


class _Confinement:
    """The roots of this process; None where the user may read whatever the system allows."""

    roots: tuple[Path, ...] | None = None


# The roots of one block of code; requests that a server answers at the same time each have their own.
_block: ContextVar[tuple[Path, ...] | None] = ContextVar("roots")


def confine(roots: Roots | None) -> None:
    """Set the roots of this process, all its threads included: reading stays inside them."""
    _Confinement.roots = None if roots is None else real_paths(roots)


@contextmanager
def confined(roots: Roots | None) -> Iterator[None]:
    """Set the roots of a block of code, instead of those of the process."""
    token = _block.set(None if roots is None else real_paths(roots))
    try:
        yield
    finally:
        _block.reset(token)


def current_roots() -> tuple[Path, ...] | None:
    """Return the roots that hold here; None where anything may be read."""
    return _block.get(_Confinement.roots)


def contained_path(path: Path | str, roots: Roots | None = None, *, name: str | None = None) -> Path:
    """Resolve the path of a plain file and check it.

    Parameters
    ----------
    path : path
        May go through symbolic links; what counts is where it ends.
    roots : paths, optional
        Files or folders it has to be, or be inside of; default those of the process.
    name : str, optional
        What errors call the file; default ``path``.

    Raises
    ------
    OutsideRoots
        The file is outside the roots, whether or not it exists.
    InputError
        It does not exist, is not a regular file (a folder, a pipe, a device), or may not be read.
    """
    shown = path if name is None else name
    real = Path(os.path.realpath(path))
    if not is_inside(real, roots):
        raise OutsideRoots(f"The file {shown} is outside the folders that may be read here")
    try:
        is_regular = stat.S_ISREG(real.stat().st_mode)
    except FileNotFoundError:
        raise InputError(f"The file {shown} does not exist") from None
    except OSError as error:
        raise InputError(f"The file {shown} cannot be read: {error.strerror}") from None
    if not is_regular:
        raise InputError(f"{shown} is not a regular file")
    if not os.access(real, os.R_OK):
        raise InputError(f"The file {shown} cannot be read: Permission denied")
    return real


def is_inside(path: Path | str, roots: Roots | None = None) -> bool:
    """Whether a file or folder, which need not exist, is inside the roots once its links are followed."""
    allowed = current_roots() if roots is None else real_paths(roots)
    real = Path(os.path.realpath(path))
    return allowed is None or any(real == root or root in real.parents for root in allowed)


def real_paths(roots: Roots) -> tuple[Path, ...]:
    """Resolve the symbolic links of the roots themselves."""
    return tuple(Path(os.path.realpath(root)) for root in roots)
