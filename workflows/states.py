"""The states of a node, and of a run."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """A node goes from pending to running to one of the others, or is skipped or cancelled at once."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
