"""A dataset's page: the result first, then everything else about it, a tab each."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access.rules import datasets_visible_to
from portal.catalogue.errors import NotFound
from portal.catalogue.models import Datafile, Dataset
from portal.jobs.comparison import changed_values
from portal.jobs.selectors import listed_jobs_visible_to
from portal.pages.metadata import metadata_groups
from portal.pages.paging import page_after, page_size
from portal.pages.views.datasets_frame import dataset_frame
from portal.storage.paths import dataset_folder

__all__ = ["dataset", "files", "jobs", "metadata"]

_MAIN_FILES, _PICTURES = 5, 12
_PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
_LONGEST_SEARCH = 200


@require_safe
def dataset(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the plot, the numbers, the main facts and how it was made."""
    frame = dataset_frame(request, pk, current="dataset")
    shown, output = frame.dataset, frame.output
    # The plot that comes first: its own, or that of the newest result made from it.
    plotted = shown if hasattr(shown, "summary") else _latest_result(shown)
    context = {
        **frame.context,
        "plotted": plotted,
        "summary": getattr(plotted, "summary", None),
        "changed": changed_values(request.user, output.job) if output else [],
        "inputs": datasets_visible_to(request.user).filter(outputs=shown),
        "files": shown.datafiles.all()[:_MAIN_FILES],
        "pictures": _pictures(shown),
    }
    return render(request, "dataset.html", context)


@require_safe
def files(request: HttpRequest, pk: int) -> HttpResponse:
    """List the files with sizes and checksums; ``?q=`` finds by name."""
    frame = dataset_frame(request, pk, current="dataset-files")
    search = _search(request)
    rows = frame.dataset.datafiles.all()
    page = page_after(
        rows.filter(name__icontains=search) if search else rows,
        order=("name", "id"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    location = _folder_or_none(frame.dataset) if request.user.is_authenticated else None
    context = {**frame.context, "page": page, "search": search, "location": location}
    return render(request, "dataset_files.html", context)


@require_safe
def metadata(request: HttpRequest, pk: int) -> HttpResponse:
    """Show every parameter, grouped; ``?q=`` finds by name, value or description."""
    frame = dataset_frame(request, pk, current="dataset-metadata")
    search = _search(request)
    groups = metadata_groups(frame.dataset.parameters, search=search)
    return render(
        request, "dataset_metadata.html", {**frame.context, "groups": groups.items(), "search": search}
    )


@require_safe
def jobs(request: HttpRequest, pk: int) -> HttpResponse:
    """List all jobs on the dataset, newest first."""
    frame = dataset_frame(request, pk, current="dataset-jobs")
    page = page_after(
        listed_jobs_visible_to(request.user).filter(dataset=frame.dataset),
        order=("-created_at", "-id"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )
    return render(request, "dataset_jobs.html", {**frame.context, "page": page})


def _latest_result(shown: Dataset) -> Dataset | None:
    """Return the newest result, which is in the investigation of what it was made from."""
    latest = shown.latest_result
    return latest if latest and latest.investigation_id == shown.investigation_id else None


def _pictures(shown: Dataset) -> list[Datafile]:
    """Return the first pictures of the folder in which acquisition and pipelines leave them."""
    gallery = shown.datafiles.filter(name__startswith="gallery/").order_by("name")[: 5 * _PICTURES]
    return [file for file in gallery if file.name.lower().endswith(_PICTURE_ENDINGS)][:_PICTURES]


def _search(request: HttpRequest) -> str:
    """Return what is looked for; PostgreSQL refuses texts with a null character."""
    return request.GET.get("q", "").replace("\0", "").strip()[:_LONGEST_SEARCH]


def _folder_or_none(shown: Dataset) -> str | None:
    """Return where the data are, for people who work on the facility's machines."""
    try:
        return str(dataset_folder(shown))
    except NotFound:
        return None
