"""Which tasks a graph may use here; decided before anything is imported.

The caller chooses: ``AnyTask`` for people who run their own graphs as
themselves, ``ClosedList`` for a list written by hand, and
``workflows.catalog.installed.InstalledTasks`` for what installed packages
announce.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from workflows.errors import PolicyError
from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

PROGRAM_TASK_TYPES = frozenset({"script", "notebook", "generated"})
"""Task types whose identifier is not the name of a task: a command, a file, an argument."""


class Policy(Protocol):
    """Decides about the tasks of a graph, in two steps."""

    def check(self, *, task_type: str, task_identifier: str, task_generator: str | None = None) -> None:
        """Refuse a task by its name with a ``PolicyError``, or do nothing; nothing is imported yet."""

    def check_found(self, found: Any, *, task_type: str, task_identifier: str) -> None:
        """Refuse what the name turned out to mean with a ``PolicyError``; it has not run yet."""


@dataclass(frozen=True)
class AnyTask:
    """Any name that can be imported: for people who run their own graphs as themselves."""

    def check(self, *, task_type: str, task_identifier: str, task_generator: str | None = None) -> None:
        """Allow every task."""

    def check_found(self, found: Any, *, task_type: str, task_identifier: str) -> None:
        """Allow every task."""


class ClosedList:
    """Only tasks whose identifiers are listed, letter by letter.

    ``programs`` lists what nodes of the types ``script``, ``notebook`` and
    ``generated`` may name: the command or file, and for ``generated`` both the
    generator and its argument. It is a list of its own, because a name that is
    harmless as a task may be a file somebody left in the working folder.
    """

    def __init__(self, identifiers: Iterable[str], *, programs: Iterable[str] = ()) -> None:
        if isinstance(identifiers, str) or isinstance(programs, str):
            raise TypeError("identifiers is a list of names, not one name")
        self.identifiers = frozenset(identifiers)
        self.programs = frozenset(programs)

    def check(self, *, task_type: str, task_identifier: str, task_generator: str | None = None) -> None:
        """Refuse what is not listed.

        Raises
        ------
        PolicyError
            The identifier, or the generator, is not in the list. The list
            itself is not told.
        """
        if task_type == "ppfport":  # hands its inputs on: there is nothing to run, and nothing to list
            return
        listed = self.programs if task_type in PROGRAM_TASK_TYPES else self.identifiers
        if task_generator is not None and task_generator not in self.programs:
            raise PolicyError(f"task generator {shown(task_generator)} is not allowed here")
        if task_identifier not in listed:
            raise PolicyError(f"task {shown(task_identifier)} ({task_type}) is not allowed here")

    def check_found(self, found: Any, *, task_type: str, task_identifier: str) -> None:
        """Allow it: whoever wrote the list meant what the name stands for."""
