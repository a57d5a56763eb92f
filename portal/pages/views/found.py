"""Finding what an address names, among what the visitor may see; everything else does not exist."""

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from portal.access.rules import datafiles_visible_to, datasets_visible_to, investigations_visible_to
from portal.catalogue.models import Datafile, Dataset, Investigation
from portal.jobs.models import Job
from portal.jobs.selectors import jobs_visible_to

__all__ = ["datafile_or_404", "dataset_or_404", "investigation_or_404", "job_or_404"]


def investigation_or_404(request: HttpRequest, pk: int) -> Investigation:
    """Return the investigation with its instrument."""
    visible = investigations_visible_to(request.user).select_related("instrument__facility")
    return get_object_or_404(visible, pk=pk)


def dataset_or_404(request: HttpRequest, pk: int) -> Dataset:
    """Return the dataset with all that its page and its card show."""
    visible = datasets_visible_to(request.user).select_related(
        "investigation__instrument", "sample", "technique", "summary", "latest_result__summary"
    )
    return get_object_or_404(visible, pk=pk)


def datafile_or_404(request: HttpRequest, pk: int) -> Datafile:
    """Return the file with its dataset."""
    visible = datafiles_visible_to(request.user).select_related("dataset__investigation__instrument")
    return get_object_or_404(visible, pk=pk)


def job_or_404(request: HttpRequest, pk: UUID) -> Job:
    """Return the job with its dataset."""
    return get_object_or_404(jobs_visible_to(request.user), pk=pk)
