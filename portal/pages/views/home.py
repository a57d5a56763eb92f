"""The first page and an investigation's page."""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access.rules import investigations_visible_to, is_embargoed, may_process
from portal.catalogue.models import Dataset
from portal.jobs.models import Job
from portal.jobs.selectors import listed_jobs_visible_to
from portal.pages.paging import page_after
from portal.pages.views.found import investigation_or_404

__all__ = ["about", "home", "investigation"]

_PAGE = 20
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
    page = page_after(dated, order=("-sort_date", "-id"), cursor=request.GET.get("after", ""), size=_PAGE)
    jobs = listed_jobs_visible_to(request.user)
    context = {
        "page": page,
        "jobs": jobs.filter(submitted_by=request.user)[:_SHOWN_JOBS] if request.user.is_authenticated else [],
        "shows_all": request.GET.get("show") == "all",
    }
    return render(request, "home.html", context)


@require_safe
def investigation(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an investigation's datasets as cards, grouped by sample."""
    shown = investigation_or_404(request, pk)
    datasets = (
        Dataset.objects.filter(investigation=shown, type=Dataset.Type.ACQUISITION)
        .annotate(sample_key=Coalesce("sample_id", Value(0)))
        .select_related("sample", "technique", "latest_result__summary")
    )
    page = page_after(datasets, order=("sample_key", "-id"), cursor=request.GET.get("after", ""), size=_PAGE)
    context = {
        "investigation": shown,
        "page": page,
        "people": shown.investigation_users.select_related("user"),
        "is_embargoed": is_embargoed(shown),
        "may_process": may_process(request.user, shown),
        "open_jobs": {job.dataset_id: job for job in _open_jobs(page.rows)},
    }
    return render(request, "investigation.html", context)


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """Say what the portal is."""
    return render(request, "about.html")


def _open_jobs(datasets: Sequence[Dataset]) -> list[Job]:
    return list(
        Job.objects.filter(dataset__in=datasets, state__in=Job.OPEN_STATES).select_related("pipeline")
    )
