"""A dataset's page: result first, then everything else about it."""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access.rules import datasets_visible_to, is_embargoed, may_process
from portal.catalogue.errors import NotFound
from portal.catalogue.models import Dataset
from portal.jobs.models import Output
from portal.jobs.selectors import listed_jobs_visible_to, results_of
from portal.pages.paging import page_after
from portal.pages.views.found import dataset_or_404
from portal.storage.paths import dataset_folder

__all__ = ["dataset"]

_FILES, _JOBS, _RESULTS = 100, 10, 10


@require_safe
def dataset(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a dataset: measured with its results, or a result with how it was made."""
    shown = dataset_or_404(request, pk)
    output = (
        Output.objects.select_related("job__pipeline", "job__submitted_by", "job__dataset")
        .filter(dataset=shown)
        .first()
    )
    # The plot that comes first: a result's own, or the newest made from the measured data.
    plotted = shown if shown.type == Dataset.Type.PROCESSED else shown.latest_result
    summary = getattr(plotted, "summary", None)
    context = {
        "dataset": shown,
        "output": output,
        "plotted": plotted,
        "summary": summary,
        "files": page_after(
            shown.datafiles.all(), order=("name", "id"), cursor=request.GET.get("after", ""), size=_FILES
        ),
        "workflow_text": json.dumps(output.record["workflow"], indent=1) if output else "",
        "location": _folder_or_none(shown) if request.user.is_authenticated else None,
        "results": results_of(shown)[:_RESULTS],
        "inputs": datasets_visible_to(request.user).filter(outputs=shown),
        "jobs": listed_jobs_visible_to(request.user).filter(dataset=shown)[:_JOBS],
        "may_process": may_process(request.user, shown.investigation),
        "is_embargoed": is_embargoed(shown.investigation),
    }
    return render(request, "dataset.html", context)


def _folder_or_none(shown: Dataset) -> str | None:
    """Return where the data are, for people who work on the facility's machines."""
    try:
        return str(dataset_folder(shown))
    except NotFound:
        return None
