"""Everything that the graph engine refuses or reports, under one root."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from workflows.values import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflows.keys import InputKey, NodeId


class WorkflowError(Exception):
    """Root of all errors of the engine.

    ``code`` never changes, so that programs can rely on it; ``message`` is one
    sentence for a person.
    """

    code: ClassVar[str] = "workflow_error"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    @property
    def message(self) -> str:
        """The sentence that a user reads."""
        return self.text

    def __str__(self) -> str:
        return self.message


class GraphError(WorkflowError):
    """A graph is invalid.

    ``problems`` lists everything that is wrong with the graph, one sentence
    each; the message is the first of them.
    """

    code = "bad_graph"

    def __init__(self, text: str, *, node_id: NodeId | None = None, problems: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.node_id = node_id
        self.problems = tuple(problems) or (text,)

    @property
    def message(self) -> str:
        """The first problem, and how many more there are."""
        more = len(self.problems) - 1
        return self.text if not more else f"{self.text} (and {more} more: validate the graph to see all)"


class UnsupportedError(GraphError):
    """The graph is valid, but asks for something that this engine does not do."""

    code = "not_supported"


class NodeError(WorkflowError):
    """An error of one task, with the place where it happened."""

    def __init__(
        self,
        text: str,
        *,
        node_id: NodeId | None = None,
        label: str | None = None,
        task_name: str | None = None,
    ) -> None:
        super().__init__(text)
        self.node_id = node_id
        self.label = label
        self.task_name = task_name

    def locate(self, *, node_id: NodeId | None, label: str | None, task_name: str) -> None:
        """Say where the error happened, unless that is known already."""
        if self.task_name is None:
            self.task_name = task_name
        if self.node_id is None:
            self.node_id, self.label = node_id, label

    @property
    def place(self) -> str:
        """The node and its task in words; empty when neither is known."""
        if self.node_id is None:
            return self.task_name or ""
        task = f" ({self.task_name})" if self.task_name else ""
        return f"node {shown(self.node_id)}{task}"


class InputError(NodeError, ValueError):
    """A task was given a bad input; trying again cannot help.

    Task authors raise it with a sentence that says what is wrong and, where
    one input is to blame, ``input_name``; the engine adds the node.
    """

    code = "bad_input"

    def __init__(
        self,
        text: str,
        *,
        input_name: InputKey | None = None,
        node_id: NodeId | None = None,
        task_name: str | None = None,
    ) -> None:
        super().__init__(text, node_id=node_id, task_name=task_name)
        self.input_name = input_name

    @property
    def message(self) -> str:
        """The sentence, after the node and the input that it is about."""
        name = None if self.input_name is None else f"input {shown(self.input_name)}"
        place = ", ".join(part for part in (self.place, name) if part)
        return f"{place}: {self.text}" if place else self.text


class TaskError(NodeError, RuntimeError):
    """A task raised an exception, which is chained to this one."""

    code = "task_failed"

    @property
    def message(self) -> str:
        """Which node failed and, in short, why."""
        return f"{self.place or 'the task'} failed: {self.text}"


class InputWarning(UserWarning):
    """A task was given an input that it does not have, and runs nevertheless."""


class PolicyError(WorkflowError):
    """A graph names a task that may not be used here."""

    code = "not_allowed"

    def __init__(self, text: str, *, node_id: NodeId | None = None) -> None:
        super().__init__(text)
        self.node_id = node_id


class LoopError(WorkflowError):
    """A loop went round more often than is allowed."""

    code = "endless_loop"


class TimeLimitError(WorkflowError):
    """A run took longer than it was allowed to."""

    code = "timed_out"


class Cancelled(WorkflowError):
    """The run, or the task, was asked to stop."""

    code = "cancelled"

    def __init__(self, text: str = "cancelled") -> None:
        super().__init__(text)


def describe_exception(error: BaseException) -> str:
    """Put any exception into one short line."""
    limit = 500
    text = " ".join(str(error).split())
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return line if len(line) <= limit else f"{line[:limit]}..."
