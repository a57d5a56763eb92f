"""The one thing that the store says when it cannot know, or cannot keep, a value."""

from workflows.errors import WorkflowError


class NotStorable(WorkflowError):
    """A node cannot be stored: nothing that identifies its task, inputs or outputs for certain is known.

    The run goes on; the node is executed each time.
    """

    code = "not_storable"
