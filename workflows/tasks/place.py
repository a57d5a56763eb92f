"""Where a task stands: its node, its workflow and its job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.errors import NodeError
    from workflows.keys import NodeId

    _Error = TypeVar("_Error", bound=NodeError)


class Placed:
    """Knows by which names a task is told to people, and adds them to its errors."""

    node_id: NodeId | None
    _label: str | None
    _execinfo: Mapping[str, Any] | None

    @property
    def label(self) -> str:
        """The label or the id of the node, as a text; without a node the name of the class."""
        return self._label or _joined(self.node_id) or type(self).__name__

    @property
    def job_id(self) -> str | None:
        """The job that this task is part of, if known."""
        return self._execinfo.get("job_id") if self._execinfo else None

    @property
    def workflow_id(self) -> str | None:
        """The workflow that this task is part of, if known."""
        return self._execinfo.get("workflow_id") if self._execinfo else None

    def _located(self, error: _Error) -> _Error:
        error.locate(node_id=self.node_id, label=self.label, task_name=type(self).__name__)
        return error


def _joined(node_id: NodeId | None) -> str:
    if isinstance(node_id, tuple):
        return ":".join(_joined(part) for part in node_id)
    return "" if node_id is None else str(node_id)
