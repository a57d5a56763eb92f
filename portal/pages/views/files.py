"""Files: download one, download all."""

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from portal.pages.views.found import datafile_or_404, dataset_or_404
from portal.storage.downloads import archive_response, file_response

__all__ = ["archive", "download"]


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send one file; a broken download can be continued."""
    return file_response(request, datafile_or_404(request, pk))


@require_safe
def archive(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send all files of a dataset as one ZIP."""
    return archive_response(dataset_or_404(request, pk))
