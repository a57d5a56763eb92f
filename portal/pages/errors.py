"""Errors of the portal as pages: a clear sentence, never a trace."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from portal.catalogue.errors import Busy, InvalidInput, NotAllowed, NotFound, PortalError

__all__ = ["PortalErrorMiddleware"]

_STATUS = {NotFound: 404, NotAllowed: 403, InvalidInput: 400, Busy: 503}


class PortalErrorMiddleware:
    """Turns a ``PortalError`` that a page let through into a page that says what and why."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let the request pass."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer for the portal's own errors; leave others to Django."""
        if not isinstance(exception, PortalError):
            return None
        status = next((number for kind, number in _STATUS.items() if isinstance(exception, kind)), 400)
        page = render(request, "error.html", {"message": exception.message, "status": status}, status=status)
        if isinstance(exception, Busy):
            page["Retry-After"] = str(exception.RETRY_AFTER_S)
        return page
