"""What all tabs of a dataset share: its head, its tabs, and where a comparison of its results is."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from portal.access.rules import datasets_visible_to, is_embargoed, may_process
from portal.catalogue.models import Dataset
from portal.jobs.comparison import output_visible_to, results_made_from
from portal.jobs.models import Output
from portal.jobs.selectors import listed_jobs_visible_to
from portal.pages.tabs import Tab
from portal.pages.views.found import dataset_or_404

__all__ = ["Frame", "dataset_frame"]

# A tab tells whether there are none, some or many; the list itself counts further.
_COUNTED_TO = 99


@dataclass(frozen=True)
class Frame:
    """A dataset as its visitor sees it.

    ``output`` says how it was made, None where it was measured, made elsewhere, or made from what the
    visitor may not see. ``source`` is the dataset whose results are compared: itself, or, for a result
    from which nothing was made, what it was made from.
    """

    dataset: Dataset
    output: Output | None
    source: Dataset
    context: dict[str, object]


def dataset_frame(request: HttpRequest, pk: int, *, current: str) -> Frame:
    """Return the dataset of an address with what every one of its tabs shows.

    ``current`` is the name of the tab's route.
    """
    shown = dataset_or_404(request, pk)
    is_measured = shown.type == Dataset.Type.ACQUISITION
    output = None if is_measured else output_visible_to(request.user, shown)
    source, n_results = _source(request, shown, output)
    context: dict[str, object] = {
        "dataset": shown,
        "output": output,
        "source": source,
        "tabs": _tabs(request, shown, current=current, n_results=n_results),
        "may_process": may_process(request.user, shown.investigation),
        "is_embargoed": is_embargoed(shown.investigation),
        "downloads": f"{reverse('home')}downloads/?dataset={shown.pk}",
    }
    return Frame(shown, output, source, context)


def _source(request: HttpRequest, shown: Dataset, output: Output | None) -> tuple[Dataset, int]:
    """Return whose results are compared on the dataset's pages, and how many there are."""
    n_results = _count(results_made_from(request.user, shown))
    if n_results or shown.type == Dataset.Type.ACQUISITION:
        return shown, n_results
    source = output.job.dataset if output else _first_input(request, shown)
    return (source, _count(results_made_from(request.user, source))) if source else (shown, 0)


def _first_input(request: HttpRequest, shown: Dataset) -> Dataset | None:
    return datasets_visible_to(request.user).filter(outputs=shown).order_by("id").first()


def _tabs(request: HttpRequest, shown: Dataset, *, current: str, n_results: int) -> list[Tab]:
    n_jobs = _count(listed_jobs_visible_to(request.user).filter(dataset=shown))
    counted: list[tuple[str, str, int | None]] = [
        ("Summary", "dataset", None),
        ("Processed", "dataset-processed", n_results),
        ("Files", "dataset-files", shown.file_count),
        ("Metadata", "dataset-metadata", len(shown.parameters)),
        ("Provenance", "dataset-provenance", None),
        ("Jobs", "dataset-jobs", n_jobs),
    ]
    tabs = [
        Tab(label, reverse(name, args=[shown.pk]), name == current, _told(count))
        for label, name, count in counted
    ]
    tabs.insert(3, Tab("Explore", reverse("dataset-explore", args=[shown.pk]), is_current=False))
    return tabs


def _told(count: int | None) -> int | str | None:
    return count if count is None or count <= _COUNTED_TO else f"{_COUNTED_TO}+"


def _count(rows: QuerySet) -> int:
    """Return how many rows there are, as far as a tab tells it."""
    return rows.order_by()[: _COUNTED_TO + 1].count()
