"""Showing one file as it is, in the browser."""

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from portal.pages.views.found import datafile_or_404
from portal.storage.display import shown_response

__all__ = ["view_file"]


@require_safe
def view_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Show a picture or a text; what it contains is never run."""
    return shown_response(datafile_or_404(request, pk))
