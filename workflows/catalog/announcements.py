"""What installed packages announce in their entry points."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points

TASK_GROUPS = {
    "class": "ewoks.tasks.class",
    "method": "ewoks.tasks.method",
    "ppfmethod": "ewoks.tasks.ppfmethod",
}
WORKFLOW_GROUP = "ewoks.workflows"


@dataclass(frozen=True, order=True)
class Announcement:
    """One entry point: its name is a module or a pattern, its value means nothing (ewoks convention)."""

    kind: str
    """A task type, or ``workflow``."""
    pattern: str
    package: str = ""
    """The distribution that announces it."""
    version: str = ""


def announced_tasks() -> tuple[Announcement, ...]:
    """List where installed packages say that their tasks are, sorted."""
    return tuple(sorted({found for kind, group in TASK_GROUPS.items() for found in _announced(kind, group)}))


def announced_workflows() -> tuple[Announcement, ...]:
    """List where installed packages say that their workflows are, sorted."""
    return tuple(sorted(set(_announced("workflow", WORKFLOW_GROUP))))


def _announced(kind: str, group: str) -> list[Announcement]:
    return [
        Announcement(
            kind,
            entry_point.name,
            package=entry_point.dist.name if entry_point.dist else "",
            version=entry_point.dist.version if entry_point.dist else "",
        )
        for entry_point in entry_points(group=group)
    ]
