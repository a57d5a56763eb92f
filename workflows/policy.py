"""Which tasks a graph may use here; decided before anything is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from workflows.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Policy(Protocol):
    """Decides about the task identifiers of a graph."""

    def check(self, *, task_type: str, task_identifier: str) -> None:
        """Refuse a task with a ``PolicyError``, or do nothing."""


@dataclass(frozen=True)
class AnyTask:
    """Any name that can be imported: for people who run their own graphs as themselves."""

    def check(self, *, task_type: str, task_identifier: str) -> None:
        """Allow every task."""


class ClosedList:
    """Only tasks whose identifiers are listed, letter by letter."""

    def __init__(self, identifiers: Iterable[str]) -> None:
        if isinstance(identifiers, str):
            raise TypeError("identifiers is a list of names, not one name")
        self.identifiers = frozenset(identifiers)

    def check(self, *, task_type: str, task_identifier: str) -> None:
        """Refuse what is not listed.

        Raises
        ------
        PolicyError
            The identifier is not in the list. The list itself is not told.
        """
        if task_identifier not in self.identifiers:
            raise PolicyError(f"task {task_identifier!r} ({task_type}) is not allowed here")
