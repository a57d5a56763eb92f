"""What the first page shows of a search: chips, range fields, results by kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpRequest

from portal.catalogue.models import Dataset, Investigation, Sample
from portal.catalogue.search.finding import (
    DATASETS_ORDER,
    datafiles_found,
    datasets_found,
    gathered,
    investigations_found,
    samples_found,
)
from portal.catalogue.search.numbers import SEARCHED_NUMBERS
from portal.catalogue.search.query import ACCESS, Bounds, Search
from portal.catalogue.search.tallies import Tallies
from portal.jobs.news import news_in
from portal.pages.paging import KeyPage, page_after, page_size

__all__ = [
    "KINDS",
    "RECENT",
    "Chip",
    "RangeField",
    "chips_of",
    "investigation_page",
    "range_fields",
    "results",
]

# Kinds of which the page shows a few at first, and a list of their own when asked with ?kind=.
KINDS = ("investigations", "samples", "files")
RECENT = {"week": "Last 7 days", "month": "Last 30 days"}
_FEW = 4


@dataclass(frozen=True)
class Chip:
    """A filter that is on. ``without`` are the changes of the address that take it away."""

    label: str
    without: Mapping[str, None]


@dataclass(frozen=True)
class RangeField:
    """Two inputs for a numeric parameter, with what was asked."""

    key: str
    label: str
    unit: str
    low: str
    high: str


def chips_of(search: Search, sample: Sample | None, *, is_mine: bool) -> list[Chip]:
    """Return the filters that are on, in the order of the page; words are in their own field."""
    when = RECENT.get(search.when, search.when)
    told = {
        "technique": search.technique,
        "instrument": search.instrument,
        "when": when and f"measured: {when.lower()}",
        "access": ACCESS.get(search.access, "").lower(),
        "sample": "" if search.sample is None else f"sample: {sample.name if sample else 'unknown'}",
        "show": "my investigations only" if is_mine else "",
    }
    chips = [Chip(label, {name: None}) for name, label in told.items() if label]
    for number, bounds in search.ranges.items():
        label = f"{number.label.lower()} {_range(bounds)} {number.unit}".strip()
        chips.append(Chip(label, {f"{number.key}_min": None, f"{number.key}_max": None}))
    return chips


def range_fields(asked: Mapping[str, str]) -> list[RangeField]:
    """Return the inputs for all declared numbers, filled as they were."""
    return [
        RangeField(
            number.key,
            number.label,
            number.unit,
            asked.get(f"{number.key}_min", ""),
            asked.get(f"{number.key}_max", ""),
        )
        for number in SEARCHED_NUMBERS
    ]


def investigation_page(request: HttpRequest, found: QuerySet[Investigation]) -> KeyPage:
    """Return a page of investigations (with ``sorted_at``), newest first."""
    return page_after(
        found.select_related("instrument").defer("summary", "words"),
        order=("-sorted_at", "-id"),
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        counted=True,
    )


def results(
    request: HttpRequest,
    permitted: QuerySet[Investigation],
    search: Search,
    *,
    tallies: Tallies,
    technique_ids: Sequence[int] | None,
) -> dict[str, Any]:
    """Return the rows of a search for its template: the list of one kind, or datasets with a few of each."""
    kind = request.GET.get("kind", "")
    if kind not in KINDS or (kind != "investigations" and not search.words):
        datasets = datasets_found(permitted, search, technique_ids, tallies)
        few = {} if request.GET.get("after") else _few(permitted, search)
        return {"kind": "datasets", "page": _dataset_page(request, datasets, tallies.total(search)), **few}
    page = _page_of(request, kind, permitted, search)
    activity = news_in(page.rows) if kind == "investigations" else {}
    return {"kind": kind, "page": page, "activity": activity}


def _dataset_page(request: HttpRequest, datasets: QuerySet[Dataset], total: int | None) -> KeyPage:
    related = ("investigation__instrument", "sample", "technique", "latest_result__summary")
    unread = ("words", "investigation__summary", "investigation__words", "sample__words")
    of_result = ("latest_result__words", "latest_result__parameters", "latest_result__summary__content")
    return page_after(
        datasets,
        order=DATASETS_ORDER,
        cursor=request.GET.get("after", ""),
        size=page_size(request),
        total=total,
        shown=Dataset.objects.select_related(*related).defer(*unread, *of_result),
    )


def _page_of(request: HttpRequest, kind: str, permitted: QuerySet[Investigation], search: Search) -> KeyPage:
    if kind == "investigations":
        return investigation_page(request, investigations_found(permitted, search))
    find, show = (samples_found, _shown_samples) if kind == "samples" else (datafiles_found, _shown_files)
    found = find(permitted, search)
    rows, total = gathered(found, within=found.model.objects.all())
    return page_after(
        show(rows), order=("-id",), cursor=request.GET.get("after", ""), size=page_size(request), total=total
    )


def _few(permitted: QuerySet[Investigation], search: Search) -> dict[str, Any]:
    """Return the first rows of the other kinds, one more than is shown to know whether there are more.

    Without words only investigations are found beside datasets, unless a dataset's own property is
    asked for, which investigations do not have.
    """
    if not search.words and (search.technique or search.ranges or search.sample is not None):
        return {}
    investigations = investigations_found(permitted, search).select_related("instrument")
    newest = list(investigations.defer("summary", "words").order_by("-sorted_at", "-id")[: _FEW + 1])
    few: dict[str, list[Any]] = {"investigations": newest}
    if search.words:
        # In no order: to find the newest of all would take a look at all of them.
        few["samples"] = list(_shown_samples(samples_found(permitted, search)).order_by()[: _FEW + 1])
        few["files"] = list(_shown_files(datafiles_found(permitted, search)).order_by()[: _FEW + 1])
    return {
        "n_few": _FEW,
        "activity": news_in(newest[:_FEW]),
        **{kind: rows[:_FEW] for kind, rows in few.items()},
        "more": [kind for kind, rows in few.items() if len(rows) > _FEW],
    }


def _shown_samples(found: QuerySet[Sample]) -> QuerySet[Sample]:
    related = found.select_related("investigation__instrument")
    return related.defer("investigation__summary", "investigation__words", "words")


def _shown_files(found: QuerySet[Any]) -> QuerySet[Any]:
    named = found.annotate(visit=F("dataset__investigation__name"))
    return named.select_related("dataset").only("name", "size_bytes", "dataset__name")


def _range(bounds: Bounds) -> str:
    if bounds.low is None:
        return f"up to {bounds.high:g}"
    if bounds.high is None:
        return f"from {bounds.low:g}"
    return f"{bounds.low:g} to {bounds.high:g}"
