"""The ways of running a workflow; each engine is a function of a ``Run`` and its own options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.engines.local import run_local
from workflows.errors import UnsupportedError
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

ENGINES: dict[str, Callable[..., None]] = {"local": run_local}


def find_engine(name: str) -> Callable[..., Any]:
    """Return an engine by its name.

    Raises
    ------
    UnsupportedError
        There is no such engine.
    """
    if name not in ENGINES:
        raise UnsupportedError(f"there is no engine {name!r}{did_you_mean(name, ENGINES)}")
    return ENGINES[name]
