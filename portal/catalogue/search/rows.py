"""What only the rows of datasets tell: words, numbers, sample, the last days."""

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from portal.catalogue.models import Dataset, Investigation
from portal.catalogue.search.numbers import InRange
from portal.catalogue.search.query import RECENT_DAYS, Search

__all__ = ["COUNTED_TO", "fitting_rows", "matching"]

# More rows than this are neither counted nor gathered.
COUNTED_TO = 5000


def matching(permitted: QuerySet[Investigation], search: Search) -> QuerySet[Dataset]:
    """Return the measured datasets that fit words, ranges, sample and recent days; facets apart."""
    measured = Dataset.objects.filter(type=Dataset.Type.ACQUISITION, investigation__in=permitted)
    return fitting_rows(measured, search)


def fitting_rows(datasets: QuerySet[Dataset], search: Search) -> QuerySet[Dataset]:
    """Narrow to what only rows of datasets tell."""
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
