"""Tasks that stand in for those of a package that is not installed.

An installed distribution announces them in the entry point group ``reprise.task_replacements``: the name is
the package that is replaced, the value the package to take instead. What follows in an identifier is the same
in both::

    [project.entry-points."reprise.task_replacements"]
    "other.tasks" = "mine.tasks"

A graph that names ``other.tasks.fit.Peak`` then runs ``mine.tasks.fit.Peak`` wherever ``other`` is not
installed. The graph itself is not changed.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from importlib.metadata import entry_points

from workflows.catalog.locating import module_folders
from workflows.errors import GraphError
from workflows.policy import PROGRAM_TASK_TYPES
from workflows.suggestions import did_you_mean
from workflows.values import shown

GROUP = "reprise.task_replacements"
SWITCH = "REPRISE_TASK_REPLACEMENTS"
"""Environment variable: ``missing`` (default), ``always`` or ``never``."""

_MISSING, _ALWAYS, _NEVER = "missing", "always", "never"


def running_identifier(task_type: str, identifier: str) -> str:
    """Return the identifier of the task that runs where a graph names this one; mostly the same.

    Nothing is imported. Whether a package is installed is all that counts: one that is there but
    cannot be imported is not replaced, so that its error is seen.

    Raises
    ------
    GraphError
        The environment variable `SWITCH` has none of its values.
    """
    if task_type in PROGRAM_TASK_TYPES:
        return identifier
    for package, instead in _announced(tuple(sys.path)):
        if identifier.startswith(f"{package}.") and _is_replaced(package):
            return instead + identifier.removeprefix(package)
    return identifier


def _is_replaced(package: str) -> bool:
    mode = os.environ.get(SWITCH) or _MISSING
    if mode not in (_MISSING, _ALWAYS, _NEVER):
        suggestion = did_you_mean(mode, (_MISSING, _ALWAYS, _NEVER))
        raise GraphError(f"{SWITCH} is {shown(mode)}, not missing, always or never{suggestion}")
    return mode == _ALWAYS or (mode == _MISSING and module_folders(package) is None)


@lru_cache(maxsize=4)
def _announced(path: tuple[str, ...]) -> tuple[tuple[str, str], ...]:  # noqa: ARG001 -- what it depends on
    """Return packages and those instead, the longest names first: the closest one is taken."""
    found = {(entry_point.name, entry_point.value) for entry_point in entry_points(group=GROUP)}
    return tuple(sorted(found, key=lambda names: (-len(names[0]), names)))
