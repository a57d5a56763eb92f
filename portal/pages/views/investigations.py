"""An investigation's page."""

from collections.abc import Sequence

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access.rules import is_embargoed, may_process
from portal.catalogue.models import Dataset
from portal.jobs.models import Job
from portal.pages.paging import page_after, page_size
from portal.pages.views.found import investigation_or_404

__all__ = ["investigation"]


@require_safe
def investigation(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an investigation's datasets as cards, grouped by sample."""
    shown = investigation_or_404(request, pk)
    datasets = (
        Dataset.objects.filter(investigation=shown, type=Dataset.Type.ACQUISITION)
        .annotate(sample_key=Coalesce("sample_id", Value(0)))
        .select_related("sample", "technique", "latest_result__summary")
    )
    page = page_after(
        datasets,
        order=("sample_key", "-id"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    context = {
        "investigation": shown,
        "page": page,
        "people": shown.investigation_users.select_related("user"),
        "is_embargoed": is_embargoed(shown),
        "may_process": may_process(request.user, shown),
        "open_jobs": {job.dataset_id: job for job in _open_jobs(page.rows)},
    }
    return render(request, "investigation.html", context)


def _open_jobs(datasets: Sequence[Dataset]) -> list[Job]:
    return list(
        Job.objects.filter(dataset__in=datasets, state__in=Job.OPEN_STATES).select_related("pipeline")
    )
