"""Importing modules of others, which may print, fail or try to end the program."""

from __future__ import annotations

import importlib
import os
import sys
import threading
import warnings
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_STDOUT, _STDERR = 1, 2
_one_at_a_time = threading.RLock()


def import_quietly(name: str) -> ModuleType:
    """Import a module; what it prints on the way goes to the standard error stream.

    So the standard output stays the caller's, for JSON. Warnings are not
    shown: they are for the authors of the module.

    Raises
    ------
    Exception, SystemExit
        Whatever the module raises.
    """
    if name in sys.modules:
        return importlib.import_module(name)
    with _one_at_a_time, _stdout_as_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


@contextmanager
def _stdout_as_stderr() -> Iterator[None]:
    """Redirect the stream of Python and the one below it, which libraries in C write to."""
    try:
        kept = os.dup(_STDOUT)
    except OSError:  # closed, as in a daemon: there is nothing to protect
        with redirect_stdout(sys.stderr):
            yield
        return
    try:
        _flush()
        with suppress(OSError):
            os.dup2(_STDERR, _STDOUT)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _flush()
        os.dup2(kept, _STDOUT)
        os.close(kept)


def _flush() -> None:
    for stream in (sys.stdout, sys.__stdout__):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
