"""The one error root of the portal.

Each error has a stable ``code`` for programs and a sentence for people. Which HTTP number it
becomes is known to ``portal.api.errors`` and ``portal.pages.errors`` alone.
"""

__all__ = ["Busy", "InvalidInput", "NotAllowed", "NotFound", "PortalError"]


class PortalError(Exception):
    """Something a person asked for could not be done; the message says what and why."""

    code = "error"

    @property
    def message(self) -> str:
        """The sentence shown to the person."""
        return str(self)


class NotFound(PortalError):
    """The thing does not exist, or the person may not know that it does."""

    code = "not_found"


class NotAllowed(PortalError):
    """The person sees the thing and may not do this to it."""

    code = "not_allowed"


class Busy(PortalError):
    """It cannot be done at the moment; it is worth trying again after ``RETRY_AFTER_S`` seconds."""

    code = "busy"
    RETRY_AFTER_S = 60


class InvalidInput(PortalError):
    """A value that was given cannot be used.

    ``fields`` maps the name of a field (dotted when nested) to the sentence about it.
    """

    code = "invalid"

    def __init__(self, message: str, *, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}
