"""Many files: the page that offers them, and the archives and lists themselves."""

import shlex
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.access.rules import datasets_visible_to, investigations_visible_to
from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Dataset, Investigation
from portal.pages.views.found import investigation_or_404
from portal.storage.archives import ArchiveTooLarge, refuse_too_large
from portal.storage.chooser import DOWNLOAD_FORMATS, selection_response
from portal.storage.names import safe_part
from portal.storage.selection import Selection, chosen, totals

__all__ = ["archive", "archive_investigation", "archive_selected", "options"]

_MAX_ID_DIGITS = 18


@dataclass(frozen=True)
class _Asked:
    """What somebody wants to download. ``page`` and ``api`` are where a browser and a program get it."""

    everything: Selection
    type: str
    page: str
    api: str

    @property
    def selection(self) -> Selection:
        """What is wanted of everything."""
        return self.everything.of_type(self.type)


@require_safe
def archive(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send all files of a dataset: ``?format=zip`` (unless said otherwise), ``tar``, or a list."""
    return _sent(request, _asked_for_datasets(request, [str(pk)]))


@require_safe
def archive_selected(request: HttpRequest) -> HttpResponseBase:
    """Send all files of some datasets: ``?dataset=1&dataset=2``, and ``type``, ``format``."""
    return _sent(request, _asked_for_datasets(request, request.GET.getlist("dataset")))


@require_safe
def archive_investigation(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send all files of an investigation: ``?type=acquisition`` or ``processed``, and ``format``."""
    return _sent(request, _asked_for_investigation(request, pk))


@require_safe
def options(request: HttpRequest) -> HttpResponse:
    """Offer a selection: how much it is, as what it comes, and the commands for a terminal.

    ``?dataset=1&dataset=2`` or ``?investigation=3``, and ``type``.
    """
    number = request.GET.get("investigation", "")
    if not number:
        return _options_page(request, _asked_for_datasets(request, request.GET.getlist("dataset")))
    if not (number.isascii() and number.isdecimal() and len(number) <= _MAX_ID_DIGITS):
        raise InvalidInput(f"An investigation is named by its number, not by {number[:50]!r}.")
    return _options_page(request, _asked_for_investigation(request, int(number)))


def _asked_for_datasets(request: HttpRequest, ids: list[str]) -> _Asked:
    everything = chosen(datasets_visible_to(request.user), ids)
    if len(ids) == 1:
        return _asked(
            request, everything, reverse("archive", args=ids), reverse("api:dataset-archive", args=ids)
        )
    query = QueryDict(mutable=True)
    query.setlist("dataset", list(ids))
    page, api = reverse("archive-selected"), reverse("api:dataset-archive-selected")
    return _asked(request, everything, f"{page}?{query.urlencode()}", f"{api}?{query.urlencode()}")


def _asked_for_investigation(request: HttpRequest, pk: int) -> _Asked:
    investigation = investigation_or_404(request, pk)
    datasets = datasets_visible_to(request.user).filter(investigation=investigation)
    page, api = (reverse(name, args=[pk]) for name in ("archive-investigation", "api:investigation-archive"))
    return _asked(request, Selection(datasets, investigation.name), page, api)


def _asked(request: HttpRequest, everything: Selection, page: str, api: str) -> _Asked:
    type_ = request.GET.get("type", "")
    return _Asked(everything, type_, _with(page, "type", type_), _with(api, "type", type_))


def _sent(request: HttpRequest, asked: _Asked) -> HttpResponseBase:
    """Send what was asked for; what is too much for an archive gets the page with the other ways."""
    try:
        return selection_response(request, asked.selection)
    except ArchiveTooLarge:
        return _options_page(request, asked, status=400)


def _options_page(request: HttpRequest, asked: _Asked, *, status: int = 200) -> HttpResponse:
    amounts = totals(asked.everything)
    wanted = [row for row in amounts if asked.type in ("", row.type)]
    files, size_bytes = sum(row.files for row in wanted), sum(row.size_bytes for row in wanted)
    context = {
        "title": asked.selection.title,
        "datasets": sum(row.datasets for row in wanted),
        "files": files,
        "size_bytes": size_bytes,
        "type": asked.type,
        "types": [(row, Dataset.Type(row.type).label) for row in amounts],
        "too_large": _why_too_large(files=files, size_bytes=size_bytes),
        "needs_token": _has_embargoed(asked.selection),
        "investigation": _common_investigation(asked.everything),
        "links": {kind: _with(asked.page, "format", kind) for kind in DOWNLOAD_FORMATS},
        "urls": {kind: _for_shell(request, _with(asked.api, "format", kind)) for kind in DOWNLOAD_FORMATS},
        "file_name": shlex.quote(safe_part(asked.selection.title)),
    }
    return render(request, "downloads.html", context, status=status)


def _why_too_large(*, files: int, size_bytes: int) -> str:
    try:
        refuse_too_large(files=files, size_bytes=size_bytes)
    except ArchiveTooLarge as error:
        return error.message
    return ""


def _has_embargoed(selection: Selection) -> bool:
    """Whether a program has to say who it is to get everything."""
    open_to_all = investigations_visible_to(AnonymousUser())
    return selection.datasets.exclude(investigation__in=open_to_all).exists()


def _common_investigation(selection: Selection) -> Investigation | None:
    """Return the investigation that all of it is from, if there is one, for the way back."""
    sources = Investigation.objects.filter(datasets__in=selection.datasets).distinct()
    found = list(sources.select_related("instrument")[:2])
    return found[0] if len(found) == 1 else None


def _for_shell(request: HttpRequest, address: str) -> str:
    return shlex.quote(request.build_absolute_uri(address))


def _with(address: str, name: str, value: str) -> str:
    """Return an address with one more part of its query."""
    if not value:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode({name: value})}"
