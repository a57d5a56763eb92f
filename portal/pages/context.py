"""What every page needs to know."""

from django.conf import settings
from django.http import HttpRequest

__all__ = ["facility"]


def facility(request: HttpRequest) -> dict[str, str]:  # noqa: ARG001 - Django passes it
    """Return the name of the facility that runs the portal."""
    return {"facility_name": settings.FACILITY_NAME}
