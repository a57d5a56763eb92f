"""Files: download one, look inside."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.catalogue.errors import InvalidInput
from portal.pages.templatetags.portal_tags import explorable
from portal.pages.views.found import datafile_or_404
from portal.storage.downloads import file_response
from portal.storage.paths import path_of, readable_roots
from processing.nexus.browse import describe
from workflows import InputError

__all__ = ["download", "explore"]


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send one file; a broken download can be continued."""
    return file_response(request, datafile_or_404(request, pk))


@require_safe
def explore(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what is inside an HDF5 file, one group at a time."""
    datafile = datafile_or_404(request, pk)
    if not explorable(datafile):
        raise InvalidInput(f"{datafile.name} is not an HDF5 file; download it to look inside.")
    h5path = request.GET.get("path", "/")
    try:
        entity = describe(path_of(datafile), h5path, readable_roots(datafile.dataset))
    except InputError as error:
        raise InvalidInput(error.message) from error
    context = {"datafile": datafile, "dataset": datafile.dataset, "entity": entity, "crumbs": _crumbs(h5path)}
    return render(request, "explore.html", context)


def _crumbs(h5path: str) -> list[tuple[str, str]]:
    """Return name and path of each group on the way to ``h5path``, the root included."""
    names = [name for name in h5path.split("/") if name]
    return [("/", "/")] + [(name, "/" + "/".join(names[: place + 1])) for place, name in enumerate(names)]
