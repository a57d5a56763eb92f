"""The states of a node, and of a run."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """How a node, or a run, ended. ``CACHED``: its outputs were known, so it did not run again."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CACHED = "cached"
    CANCELLED = "cancelled"

    @property
    def is_success(self) -> bool:
        """Whether there are outputs."""
        return self in (State.SUCCEEDED, State.CACHED)
