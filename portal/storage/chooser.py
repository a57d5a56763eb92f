"""One address, many forms: ``?format=`` says as what a selection is downloaded."""

from django.http import HttpRequest, HttpResponseBase

from portal.catalogue.errors import InvalidInput
from portal.storage.archive_formats import FORMATS
from portal.storage.archives import archive_response
from portal.storage.lists import LISTS, list_response
from portal.storage.selection import Selection

__all__ = ["DOWNLOAD_FORMATS", "selection_response"]

DOWNLOAD_FORMATS = (*FORMATS, *LISTS)


def selection_response(request: HttpRequest, selection: Selection) -> HttpResponseBase:
    """Return a selection's files in the form that the address asks for; a zip unless it says otherwise.

    Raises
    ------
    InvalidInput
        There is no such form, or too much for an archive (``ArchiveTooLarge``).
    NotFound, Busy
        See ``archive_response``.
    """
    kind = request.GET.get("format", "zip")
    if kind in FORMATS:
        return archive_response(request, selection, kind)
    if kind in LISTS:
        return list_response(request, selection, kind)
    raise InvalidInput(f"There is no format {kind[:50]!r}; choose one of {', '.join(DOWNLOAD_FORMATS)}.")
