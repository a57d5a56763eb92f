"""The first page, and the page about the portal."""

from datetime import UTC, datetime

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access.rules import investigations_visible_to
from portal.jobs.selectors import listed_jobs_visible_to
from portal.pages.paging import page_after, page_size

__all__ = ["about", "home"]

_SHOWN_JOBS = 5
# A visit without a date comes last.
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show my investigations, or, to a visitor without login, the open ones."""
    visible = investigations_visible_to(request.user).select_related("instrument")
    if request.user.is_authenticated and request.GET.get("show") != "all":
        visible = visible.filter(participants=request.user) if not request.user.is_staff else visible
    dated = visible.annotate(sort_date=Coalesce("start_date", Value(_BEGINNING)))
    page = page_after(
        dated,
        order=("-sort_date", "-id"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    jobs = listed_jobs_visible_to(request.user)
    context = {
        "page": page,
        "jobs": jobs.filter(submitted_by=request.user)[:_SHOWN_JOBS] if request.user.is_authenticated else [],
        "shows_all": request.GET.get("show") == "all",
    }
    return render(request, "home.html", context)


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """Say what the portal is."""
    return render(request, "about.html")
