"""What a search finds. Each function takes the investigations that the visitor may see."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Case, Max, Q, QuerySet, Value, When
from django.utils import timezone

from portal.catalogue.models import BY_DATE, Datafile, Dataset, DatasetTally, Investigation, Sample
from portal.catalogue.search.query import RECENT_DAYS, Search
from portal.catalogue.search.rows import COUNTED_TO, fitting_rows
from portal.catalogue.search.tallies import Tallies

__all__ = [
    "DATASETS_ORDER",
    "datafiles_found",
    "datasets_found",
    "gathered",
    "investigations_found",
    "samples_found",
]

DATASETS_ORDER = ("-sorted_at", "-id")
_YES, _NO = True, False


def datasets_found(
    permitted: QuerySet[Investigation],
    search: Search,
    technique_ids: Sequence[int] | None,
    tallies: Tallies,
) -> QuerySet[Dataset]:
    """Return the measured datasets that have all that is asked for, in a form that is quick to list by date.

    ``technique_ids`` are those of ``search.technique``; None where no technique is asked for. Few hits are
    gathered and sorted, many are met on a walk by date. A database would have to guess which is
    shorter, and guesses wrong where what one may see lies years back; ``tallies`` tell.
    """
    if (found := tallies.found(search)) is not None:
        return Dataset.objects.filter(pk__in=found)
    total, fitting = tallies.total(search), _of_facets(permitted, search)
    if total == 0:
        return Dataset.objects.none()
    tallied = _tallied(fitting, search, technique_ids)
    datasets = Dataset.objects.filter(type=Dataset.Type.ACQUISITION)
    if total is not None and total <= COUNTED_TO:
        ids = set(tallied.values_list("investigation_id", flat=True))
        datasets = datasets.filter(investigation_id__in=ids)
    elif (newest := tallied.aggregate(newest=Max("newest_at"))["newest"]) is not None:
        datasets = fitting_rows(datasets, search).filter(_among(fitting), sorted_at__lte=newest)
    else:
        return Dataset.objects.none()
    return _of_technique_and_year(datasets, search, technique_ids)


def _tallied(
    fitting: QuerySet[Investigation], search: Search, technique_ids: Sequence[int] | None
) -> QuerySet[DatasetTally]:
    tallied = DatasetTally.objects.filter(investigation__in=fitting, n_datasets__gt=0)
    if technique_ids is not None:
        tallied = tallied.filter(technique_key__in=technique_ids)
    return tallied if search.year is None else tallied.filter(year=search.year)


def _of_technique_and_year(
    datasets: QuerySet[Dataset], search: Search, technique_ids: Sequence[int] | None
) -> QuerySet[Dataset]:
    if technique_ids is not None:
        # One value, not a list of one: only then does an index give the order too.
        one = (
            {"technique_id": technique_ids[0]}
            if len(technique_ids) == 1
            else {"technique__in": technique_ids}
        )
        datasets = datasets.filter(**one)
    if search.year is not None:
        datasets = datasets.filter(**_within(search.year))
    return datasets


def investigations_found(permitted: QuerySet[Investigation], search: Search) -> QuerySet[Any]:
    """Return the investigations, with ``sorted_at``, that have the words and fit the facets they can fit."""
    found = _of_facets(permitted, search).annotate(sorted_at=BY_DATE)
    if search.words:
        found = found.filter(words__match=search.words)
    if search.year is not None:
        found = found.filter(**_within(search.year))
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


def gathered(found: QuerySet[Any], *, within: QuerySet[Any]) -> tuple[QuerySet[Any], int]:
    """Return what was found in a form that is quick to list, and how many: above the cap where more.

    ``within`` is any list that has all of it, as all rows of the table.

    Ordered by date, a database would look for rare words on a walk through everything.
    """
    ids = list(found.order_by().values_list("pk", flat=True)[: COUNTED_TO + 1])
    few = within.filter(pk__in=ids)
    return (few, len(ids)) if len(ids) <= COUNTED_TO else (found, len(ids))


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


def _among(permitted: QuerySet[Investigation]) -> Case:
    """Say that a dataset's investigation is one of these, in a form that leaves the order of a walk alone.

    As a plain condition it becomes a join, which PostgreSQL does only after it has read the row and
    compared its words; inside CASE it is looked up in a hash table, before anything else is looked at.
    """
    return Case(When(investigation__in=permitted, then=Value(_YES)), default=Value(_NO))


def _within(year: int) -> dict[str, datetime]:
    """Return the bounds of a year (UTC) for what is sorted by date."""
    first, last = (min(max(number, 1), 9999) for number in (year, year + 1))
    return {
        "sorted_at__gte": datetime(first, 1, 1, tzinfo=UTC),
        "sorted_at__lt": datetime(last, 1, 1, tzinfo=UTC),
    }
