"""The tabs that are plain lists: samples, results, jobs."""

from django.db.models import F, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access.rules import datasets_visible_to
from portal.catalogue.models import Dataset
from portal.catalogue.totals import totals_of_samples
from portal.jobs.selectors import listed_jobs_visible_to
from portal.pages.paging import page_after, page_size
from portal.pages.views.found import investigation_or_404
from portal.pages.views.investigation.list_form import JobListForm, ResultListForm
from portal.pages.views.investigation.page import investigation_context

__all__ = ["jobs", "processed", "samples"]


@require_safe
def samples(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the samples with what was measured on and made of each."""
    shown = investigation_or_404(request, pk)
    page = page_after(
        shown.samples.all(),
        order=("name", "id"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    context = investigation_context(request, shown, "investigation-samples")
    context |= {"page": page, "of_sample": totals_of_samples([sample.pk for sample in page.rows])}
    return render(request, "investigation_samples.html", context)


@require_safe
def processed(request: HttpRequest, pk: int) -> HttpResponse:
    """Show all results, those that were made elsewhere included, the newest first."""
    shown = investigation_or_404(request, pk)
    form = ResultListForm(request.GET, shown)
    rows = shown.datasets.filter(type=Dataset.Type.PROCESSED)
    if pipeline := form.wanted("pipeline"):
        rows = rows.filter(output_of__job__pipeline__identifier=pipeline)
    if sample := form.wanted("sample"):
        rows = rows.filter(sample=sample)
    # The numbers alone: a summary's curves are long, and its plot is drawn already.
    rows = (
        rows.annotate(numbers=F("summary__content__numbers"))
        .select_related("sample", "summary", "output_of__job__pipeline", "output_of__job__submitted_by")
        .defer(
            "parameters",
            "summary__content",
            "output_of__record",
            "output_of__job__workflow",
            "output_of__job__parameters",
            "output_of__job__pipeline__graph",
        )
        .prefetch_related(Prefetch("inputs", queryset=datasets_visible_to(request.user).defer("parameters")))
    )
    page = page_after(
        rows,
        order=("-sorted_at", "-id"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    context = investigation_context(request, shown, "investigation-processed")
    return render(request, "investigation_processed.html", context | {"form": form, "page": page})


@require_safe
def jobs(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the jobs on the investigation's datasets, the newest first."""
    shown = investigation_or_404(request, pk)
    form = JobListForm(request.GET, shown)
    rows = listed_jobs_visible_to(request.user).filter(investigation=shown)
    if state := form.wanted("state"):
        rows = rows.filter(state=state)
    if pipeline := form.wanted("pipeline"):
        rows = rows.filter(pipeline__identifier=pipeline)
    page = page_after(
        rows,
        order=("-created_at", "-id"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    context = investigation_context(request, shown, "investigation-jobs")
    return render(request, "investigation_jobs.html", context | {"form": form, "page": page})
