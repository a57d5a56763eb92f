"""What came out of a run, node by node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from workflows.errors import WorkflowError
    from workflows.keys import NodeId
    from workflows.states import State


@dataclass(slots=True)
class NodeResult:
    """How a node ended. Only a node that started has times; only a success has outputs.

    ``n_runs`` counts how often it ran: more than once in a loop or after one,
    and the rest is then about the last time. ``rounds`` are the numbers of the
    rounds in which that was, from 0, of the loops around it, outermost first.
    """

    state: State
    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: WorkflowError | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    n_runs: int = 0
    rounds: tuple[int, ...] = ()
    uris: tuple[str | None, Mapping[str, str]] | None = None
    """Where the result and each output are stored in the layout of ewoks, if they are."""


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    ``state`` is succeeded, failed or cancelled. A run fails when a node failed
    without an error link that led on, in whatever round of a loop, or when a
    loop had no end; ``error`` is then the error of the first such node in the
    order of the document.
    """

    state: State
    nodes: Mapping[NodeId, NodeResult]
    outputs: Mapping[Any, Any]
    error: WorkflowError | None = None
    job_id: str | None = None
