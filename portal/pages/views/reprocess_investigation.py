"""Reprocess what an investigation measured: all that is listed, or all that one of the filters leaves."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.access.rules import Person, may_process
from portal.catalogue.errors import InvalidInput, NotAllowed
from portal.catalogue.models import Dataset, Investigation
from portal.jobs.batches import AT_MOST
from portal.jobs.offers import Offer, offers_for
from portal.pages.selection import selection_query
from portal.pages.views.found import investigation_or_404
from portal.pages.views.investigation.datasets_tab import listed_datasets
from portal.pages.views.investigation.list_form import DatasetListForm
from portal.pages.views.investigation.page import investigation_context

__all__ = ["choose"]


@dataclass(frozen=True)
class _Choice:
    """A pipeline, how many of the datasets it fits, and the address of its form for these."""

    offer: Offer
    n_fitting: int
    address: str


@login_required
@require_safe
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the pipelines with how many of the listed datasets each fits; the filters are the list's."""
    shown = investigation_or_404(request, pk)
    if not may_process(request.user, shown):
        raise NotAllowed("Only the participants of an investigation may reprocess its data.")
    context = investigation_context(request, shown, "investigation")
    form = DatasetListForm(request.GET, shown, context["totals"].techniques)
    datasets = _datasets(shown, form)
    choices, others = _choices(request.user, datasets)
    context |= {"form": form, "datasets": datasets, "choices": choices, "others": others}
    return render(request, "reprocess_investigation.html", context)


def _datasets(shown: Investigation, form: DatasetListForm) -> list[Dataset]:
    found = listed_datasets(shown, form).select_related("investigation__instrument", "sample", "technique")
    datasets = list(found.order_by("sample_id", "-id")[: AT_MOST + 1])
    if not datasets:
        raise InvalidInput("There is no dataset to reprocess. Go back to the list and change its filters.")
    if len(datasets) > AT_MOST:
        raise InvalidInput(
            f"More than {AT_MOST} datasets are listed, and no more can be reprocessed at once. "
            "Go back to the list and narrow it by name, sample or processing."
        )
    return datasets


def _choices(person: Person, datasets: Sequence[Dataset]) -> tuple[list[_Choice], list[Offer]]:
    """Return what can be chosen, and the pipelines that cannot."""
    choices, others = [], []
    for offer in offers_for(person, datasets):
        if not offer.is_offered:
            others.append(offer)
            continue
        fitting = [dataset for dataset in datasets if dataset.pk not in offer.faults]
        address = reverse("reprocess-many", kwargs={"identifier": offer.pipeline.identifier})
        choices.append(_Choice(offer, len(fitting), f"{address}?{selection_query(fitting)}"))
    return choices, others
