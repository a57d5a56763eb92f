"""The ways of running a workflow; each engine is a function of a ``Run`` and its own options."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING

from workflows.errors import UnsupportedError
from workflows.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ENGINES = {
    "local": "workflows.engines.local:run_local",
    "core": "workflows.engines.local:run_local",
    "dask": "workflows.engines.dask:run_dask",
    "ppf": "workflows.engines.ppf:run_ppf",
    "slurm": "workflows.engines.slurm:run_slurm",
    "celery": "workflows.engines.celery:run_celery",
}
"""Where each engine is: to list them imports none. ``core`` is what ewoks calls the local one."""


def find_engine(name: str, options: Iterable[str] = ()) -> Callable[..., None]:
    """Return an engine by its name, which must have these options.

    Raises
    ------
    UnsupportedError
        There is no such engine, or it has no such option.
    """
    if name not in ENGINES:
        raise UnsupportedError(f"there is no engine {name!r}{did_you_mean(name, ENGINES)}")
    module, _, function = ENGINES[name].partition(":")
    engine: Callable[..., None] = getattr(import_module(module), function)
    parameters = list(inspect.signature(engine).parameters.values())[1:]
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        known = [parameter.name for parameter in parameters]
        for option in options:
            if option not in known:
                raise UnsupportedError(
                    f"the engine {name!r} has no option {option!r}{did_you_mean(option, known)}"
                )
    return engine


def missing_package(engine: str, package: str) -> UnsupportedError:
    """Make the error of an engine whose package is not installed; each engine is an extra."""
    return UnsupportedError(
        f"the engine {engine!r} needs the package {package!r}: pip install 'reprise[{engine}]'"
    )
