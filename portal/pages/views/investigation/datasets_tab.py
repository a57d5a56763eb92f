"""The measured datasets, as cards or as a table: narrowed, sorted, page by page."""

from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.catalogue.models import Dataset, Investigation
from portal.jobs.processing_state import offers_for_each, processing_of, with_processing_state
from portal.pages.paging import page_after, page_size
from portal.pages.views.found import investigation_or_404
from portal.pages.views.investigation.list_form import DatasetListForm
from portal.pages.views.investigation.page import investigation_context

__all__ = ["datasets", "listed_datasets"]

_VIEWS = ("cards", "table")


@require_safe
def datasets(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an investigation's datasets; cards are grouped by sample where that is the order."""
    shown = investigation_or_404(request, pk)
    context = investigation_context(request, shown, "investigation")
    form = DatasetListForm(request.GET, shown, context["totals"].techniques)
    page = page_after(
        listed_datasets(shown, form),
        order=form.SORTS[form.sort_name],
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    context |= {
        "form": form,
        "page": page,
        "view": _remembered_view(request),
        "is_grouped": form.sort_name == "sample",
        "processing": processing_of(page.rows),
        "offers": offers_for_each(request.user, page.rows) if context["may_process"] else {},
    }
    return render(request, "investigation_datasets.html", context)


def listed_datasets(shown: Investigation, form: DatasetListForm) -> QuerySet[Dataset]:
    """Return the measured datasets that the form leaves, with ``sample_key``, which is never null."""
    rows = shown.datasets.filter(type=Dataset.Type.ACQUISITION)
    if name := form.wanted("name"):
        rows = rows.filter(name__icontains=name)
    if sample := form.wanted("sample"):
        rows = rows.filter(sample=sample)
    if technique := form.wanted("technique"):
        rows = rows.filter(technique=technique)
    rows = with_processing_state(rows, form.wanted("state"))
    # Without a sample comes first: no key may be null.
    return (
        rows.annotate(sample_key=Coalesce("sample_id", Value(0)))
        .select_related("sample", "technique", "latest_result__summary")
        .defer("latest_result__parameters", "latest_result__summary__content")
    )


def _remembered_view(request: HttpRequest) -> str:
    """Return how the visitor wants to see datasets: as asked by ``?view=``, which is remembered."""
    asked = request.GET.get("view", "")
    if asked in _VIEWS and asked != request.session.get("datasets_view"):
        request.session["datasets_view"] = asked
    return request.session.get("datasets_view", _VIEWS[0])
