"""One file, to keep."""

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from portal.pages.views.found import datafile_or_404
from portal.storage.downloads import file_response

__all__ = ["download"]


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send one file; a broken download can be continued."""
    return file_response(request, datafile_or_404(request, pk))
