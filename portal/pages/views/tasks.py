"""The catalogue of tasks that workflows can be built from."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from portal.access.rules import may_administer
from portal.jobs.descriptors import Descriptor, descriptors
from portal.jobs.models import TaskDescription
from portal.pages.catalogue_search import CatalogueSearch
from portal.pages.paging import page_after, page_size
from portal.pages.views.pipelines import catalogue_context

__all__ = ["task", "tasks"]


@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """List the installed tasks that fit the search, by name."""
    known = descriptors(with_disabled=may_administer(request.user))
    packages = set(TaskDescription.objects.order_by().values_list("package", flat=True).distinct())
    context = catalogue_context(request, known, packages=packages)
    page = page_after(
        _fitting(context["search"], known),
        order=("name", "id"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    rows = [{"task": row, "offers": _using(known, row.identifier)} for row in page.rows]
    return render(request, "tasks.html", {**context, "page": page, "rows": rows})


@require_safe
def task(request: HttpRequest, identifier: str) -> HttpResponse:
    """Show one task: its inputs and outputs, and the pipelines that use it."""
    shown = get_object_or_404(TaskDescription, identifier=identifier.replace("\0", ""))
    known = descriptors(with_disabled=may_administer(request.user))
    return render(request, "task.html", {"task": shown, "offers": _using(known, shown.identifier)})


def _fitting(search: CatalogueSearch, known: Sequence[Descriptor]) -> QuerySet[TaskDescription]:
    """Return the tasks that fit; technique and instrument are those of the pipelines that use a task."""
    rows = TaskDescription.objects.defer("documentation", "searched")
    for word in search.words:
        rows = rows.filter(searched__contains=word)
    if search.package:
        rows = rows.filter(package=search.package)
    if search.technique or search.instrument:
        used = {
            identifier
            for offer in known
            if (not search.technique or offer.fits_technique(search.technique))
            and (not search.instrument or offer.fits_instrument(search.instrument))
            for identifier in offer.tasks
        }
        rows = rows.filter(identifier__in=used)
    return rows


def _using(known: Sequence[Descriptor], identifier: str) -> list[Descriptor]:
    return [offer for offer in known if identifier in offer.tasks]
