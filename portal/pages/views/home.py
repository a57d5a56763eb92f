"""The first page, where everything is found, and the page about the portal."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access.rules import investigations_visible_to
from portal.catalogue.models import Investigation, Sample, Technique
from portal.catalogue.search.facets import facets_of
from portal.catalogue.search.finding import investigations_found
from portal.catalogue.search.query import Search, read_search
from portal.catalogue.search.tallies import tallies_of, techniques_called
from portal.jobs.news import new_results, news_in
from portal.jobs.selectors import listed_jobs_visible_to
from portal.pages.results import KINDS, RECENT, chips_of, investigation_page, range_fields, results

__all__ = ["about", "home"]

_SHOWN_JOBS, _SHOWN_RESULTS = 5, 4


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what a search finds, or, when nothing is asked, my investigations (or the open ones)."""
    search = read_search(request.GET.dict())
    visible = investigations_visible_to(request.user)
    is_front = search.is_blank and request.GET.get("kind") not in KINDS
    shows_mine = _shows_mine(request, is_front=is_front)
    mine = visible.filter(participants=request.user.pk) if shows_mine else visible
    techniques = Technique.objects.in_bulk()
    tallies = tallies_of(visible if is_front else mine, search, techniques)
    fields = range_fields(request.GET.dict())
    bounds = {f"{field.key}_{end}" for field in fields for end in ("min", "max")}
    context = {
        "search": search,
        "shows_mine": shows_mine,
        "tallies": tallies,
        "facets": facets_of(tallies, search, recent=RECENT),
        "range_fields": fields,
        "kept": _kept(request, without={"q", "after", "per_page", "kind"}),
        "kept_for_ranges": _kept(request, without={"q", "after", "per_page", "kind", *bounds}),
    }
    if is_front:
        return render(request, "home.html", {**context, **_front(request, mine)})
    sample = (
        Sample.objects.filter(pk=search.sample, investigation__in=visible).first() if search.sample else None
    )
    context["chips"] = chips_of(search, sample, is_mine=shows_mine)
    ids = techniques_called(search.technique, techniques)
    found = results(request, mine, search, tallies=tallies, technique_ids=ids)
    return render(request, "home_results.html", {**context, **found})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """Say what the portal is."""
    return render(request, "about.html")


def _kept(request: HttpRequest, *, without: set[str]) -> list[tuple[str, str]]:
    """Return the parameters of the address that a form must carry on."""
    return [(name, value) for name, value in request.GET.dict().items() if name not in without and value]


def _shows_mine(request: HttpRequest, *, is_front: bool) -> bool:
    """Whether only the person's own investigations count: at first yes, in a search when asked for."""
    if not request.user.is_authenticated:
        return False
    asked = request.GET.get("show", "")
    return asked == "mine" or (is_front and asked != "all" and not request.user.is_staff)


def _front(request: HttpRequest, investigations: QuerySet[Investigation]) -> dict[str, Any]:
    """Return the list of investigations with what goes on in them, my latest jobs, the newest results."""
    page = investigation_page(request, investigations_found(investigations, Search()))
    context = {"page": page, "activity": news_in(page.rows)}
    if not request.user.is_authenticated or request.GET.get("after"):
        return context
    jobs = listed_jobs_visible_to(request.user).filter(submitted_by=request.user)
    return {
        **context,
        "jobs": jobs[:_SHOWN_JOBS],
        "new_results": new_results(investigations)[:_SHOWN_RESULTS],
    }
