"""What a search finds. Each function takes the investigations that the visitor may see."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.catalogue.models import BY_DATE, Datafile, Dataset, Investigation, Sample
from portal.catalogue.search.numbers import InRange
from portal.catalogue.search.query import RECENT_DAYS, Search

__all__ = [
    "DATASETS_ORDER",
    "datafiles_found",
    "datasets_found",
    "investigations_found",
    "matching",
    "samples_found",
]

DATASETS_ORDER = ("-sorted_at", "-id")


def datasets_found(
    permitted: QuerySet[Investigation], search: Search, technique_ids: Iterable[int] | None
) -> QuerySet[Dataset]:
    """Return the measured datasets that have all that is asked for.

    ``technique_ids`` are those of ``search.technique``; None where no technique is asked for.
    """
    datasets = matching(_of_facets(permitted, search), search)
    if technique_ids is not None:
        ids = list(technique_ids)
        # One value, not a list of one: only then does the index give the order too.
        datasets = (
            datasets.filter(technique_id=ids[0]) if len(ids) == 1 else datasets.filter(technique_id__in=ids)
        )
    if search.year is not None:
        datasets = datasets.filter(
            sorted_at__gte=_new_year(search.year), sorted_at__lt=_new_year(search.year + 1)
        )
    return datasets


def matching(permitted: QuerySet[Investigation], search: Search) -> QuerySet[Dataset]:
    """Return the measured datasets that fit words, ranges, sample and recent days; facets apart."""
    datasets = Dataset.objects.filter(type=Dataset.Type.ACQUISITION, investigation__in=permitted)
    if search.words:
        datasets = datasets.filter(words__match=search.words)
    for number, bounds in search.ranges.items():
        datasets = datasets.filter(InRange(number, bounds.low, bounds.high))
    if search.sample is not None:
        datasets = datasets.filter(sample_id=search.sample)
    if search.when in RECENT_DAYS:
        since = timezone.now() - timedelta(days=RECENT_DAYS[search.when])
        datasets = datasets.filter(sorted_at__gte=since)
    return datasets


def investigations_found(permitted: QuerySet[Investigation], search: Search) -> QuerySet[Any]:
    """Return the investigations, with ``sorted_at``, that have the words and fit the facets they can fit."""
    found = _of_facets(permitted, search).annotate(sorted_at=BY_DATE)
    if search.words:
        found = found.filter(words__match=search.words)
    if search.year is not None:
        found = found.filter(sorted_at__gte=_new_year(search.year), sorted_at__lt=_new_year(search.year + 1))
    if search.when in RECENT_DAYS:
        found = found.filter(sorted_at__gte=timezone.now() - timedelta(days=RECENT_DAYS[search.when]))
    return found


def samples_found(permitted: QuerySet[Investigation], search: Search) -> QuerySet[Sample]:
    """Return the samples that have the words."""
    of_facets = _of_facets(permitted, search)
    return Sample.objects.filter(words__match=search.words, investigation__in=of_facets)


def datafiles_found(permitted: QuerySet[Investigation], search: Search) -> QuerySet[Datafile]:
    """Return the files that have the words in their names."""
    of_facets = _of_facets(permitted, search)
    return Datafile.objects.filter(words__match=search.words, dataset__investigation__in=of_facets)


def _of_facets(permitted: QuerySet[Investigation], search: Search) -> QuerySet[Investigation]:
    """Narrow to what is said of investigations."""
    if search.instrument:
        permitted = permitted.filter(instrument__name=search.instrument)
    now = timezone.now()
    if search.access == "open":
        permitted = permitted.filter(release_date__lte=now)
    if search.access == "embargoed":
        permitted = permitted.filter(Q(release_date__gt=now) | Q(release_date__isnull=True))
    return permitted


def _new_year(year: int) -> datetime:
    return datetime(min(max(year, 1), 9999), 1, 1, tzinfo=UTC)
