"""What a node says about how it wants to be run: ``run_in``, ``resources`` and ``timeout``.

Other engines of the same format ignore these attributes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflows.errors import GraphError, UnsupportedError
from workflows.suggestions import did_you_mean
from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.graphs.elements import Node
    from workflows.keys import NodeId
    from workflows.running.run import Run

PLACES = ("thread", "process")
_NAMES = ("run_in", "resources", "timeout")
RESOURCES = ("cpus", "memory_mb", "gpus")
_LARGEST = 1_000_000_000


@dataclass(frozen=True)
class Hints:
    """How one node is run; ``resources`` are amounts by name, ``time_limit_s`` None for no limit."""

    run_in: str = "thread"
    time_limit_s: float | None = None
    resources: Mapping[str, float] = field(default_factory=lambda: {"cpus": 1})


def read_hints(run: Run, usual: Hints) -> dict[NodeId, Hints]:
    """Read what the nodes of a run say; to those that say nothing ``usual`` applies.

    Raises
    ------
    GraphError
        A node says something that makes no sense.
    """
    return {node_id: _node_hints(node, usual) for node_id, node in run.plan.graph.nodes.items()}


def checked_place(value: object, what: str) -> str:
    """Return where tasks are to run: ``thread`` or ``process``."""
    if not isinstance(value, str) or value not in PLACES:
        suggestion = did_you_mean(value, PLACES) if isinstance(value, str) else ""
        raise UnsupportedError(f"{what} is 'thread' or 'process', not {shown(value)}{suggestion}")
    return value


def checked_seconds(value: object, what: str) -> float | None:
    """Return a number of seconds, or None where none was given."""
    if value is None:
        return None
    if not _is_amount(value) or not value:
        raise UnsupportedError(f"{what} is a number of seconds above 0, not {shown(value)}")
    return float(value)  # type: ignore[arg-type]  # _is_amount has looked


def checked_resources(value: object, what: str) -> dict[str, float]:
    """Return amounts of resources by their names."""
    if not isinstance(value, dict):
        raise UnsupportedError(f"{what} are amounts by name ({', '.join(RESOURCES)}), not {shown(value)}")
    for name, amount in value.items():
        if name not in RESOURCES:
            suggestion = did_you_mean(str(name), RESOURCES)
            raise UnsupportedError(f"{what}: there is no resource {name!r}{suggestion}")
        if not _is_amount(amount):
            raise UnsupportedError(f"{what}: {name} is a number from 0, not {shown(amount)}")
    return dict(value)


def _node_hints(node: Node, usual: Hints) -> Hints:
    attributes = node.attributes
    if not any(name in attributes for name in _NAMES):
        return usual
    given = {name: attributes[name] for name in _NAMES if attributes.get(name) is not None}
    try:
        return Hints(
            checked_place(given.get("run_in", usual.run_in), "run_in"),
            checked_seconds(given.get("timeout", usual.time_limit_s), "timeout"),
            {**usual.resources, **checked_resources(given.get("resources", {}), "resources")},
        )
    except UnsupportedError as error:
        raise GraphError(f"node {node.id!r}: {error.text}", node_id=node.id) from None


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LARGEST
