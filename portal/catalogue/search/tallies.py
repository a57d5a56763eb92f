"""How many datasets there are of each kind, among what a visitor may see.

Without words and ranges the tallies tell exactly, whatever the size of the catalogue. With them, at most
``COUNTED_TO`` matching datasets are looked at, and where there are more each number is a lower bound.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.db.models import Case, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, ExtractYear
from django.utils import timezone

from portal.catalogue.models import DatasetTally, Investigation, Technique
from portal.catalogue.search.query import Search
from portal.catalogue.search.rows import COUNTED_TO, matching

__all__ = ["Group", "Tallies", "name_of", "tallies_of", "techniques_called"]


@dataclass(frozen=True)
class Group:
    """Datasets that are alike: what a facet can tell apart. ``technique`` "" where none was said."""

    technique: str
    instrument: str
    year: int
    access: str
    n_datasets: int

    def misses(self, search: Search) -> list[str]:
        """Return the facets of a search that the group is not of; there may be thousands of groups."""
        missed = []
        if search.technique and search.technique != self.technique:
            missed.append("technique")
        if search.instrument and search.instrument != self.instrument:
            missed.append("instrument")
        if search.access and search.access != self.access:
            missed.append("access")
        if search.year is not None and search.year != self.year:
            missed.append("when")
        return missed


@dataclass(frozen=True)
class Tallies:
    """All groups of what the words and ranges find; ``is_capped`` where there is more of it.

    ``gathered`` are the ids of the datasets of each group; None where no row was looked at.
    """

    groups: Sequence[Group]
    is_capped: bool = False
    gathered: Mapping[Group, Sequence[int]] | None = None

    def total(self, search: Search) -> int | None:
        """Return how many datasets a search finds, more than the cap for "more"; None where nobody knows."""
        if self.is_capped and search.has_facets:
            return None
        return sum(group.n_datasets for group in self.groups if not group.misses(search))

    def found(self, search: Search) -> list[int] | None:
        """Return the ids of what a search finds, where it is all among the rows that were looked at."""
        if self.gathered is None or self.is_capped:
            return None
        return [pk for group, ids in self.gathered.items() if not group.misses(search) for pk in ids]


def tallies_of(
    permitted: QuerySet[Investigation], search: Search, techniques: Mapping[int, Technique]
) -> Tallies:
    """Return what the search's words and ranges find among these investigations, in groups."""
    if not search.asks_rows:
        return Tallies([_group(row, techniques, n) for *row, n in _rows_tallied(permitted)])
    alike: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for pk, *row in _rows_looked_at(permitted, search):
        alike[tuple(row)].append(pk)
    gathered = {_group(row, techniques, len(ids)): ids for row, ids in alike.items()}
    n_looked_at = sum(len(ids) for ids in gathered.values())
    return Tallies(list(gathered), is_capped=n_looked_at > COUNTED_TO, gathered=gathered)


def techniques_called(name: str, techniques: Mapping[int, Technique]) -> list[int] | None:
    """Return the ids of the techniques that a facet names so; None where it names none."""
    return [pk for pk, technique in techniques.items() if name_of(technique) == name] if name else None


def name_of(technique: Technique | None) -> str:
    """Return what a facet calls a technique."""
    return (technique.acronym or technique.name) if technique else ""


def _group(row: Sequence[Any], techniques: Mapping[int, Technique], n_datasets: int) -> Group:
    technique, instrument, year, access = row
    return Group(name_of(techniques.get(technique)), instrument, year, access, n_datasets)


def _rows_tallied(permitted: QuerySet[Investigation]) -> Iterable[tuple[Any, ...]]:
    tallied = DatasetTally.objects.filter(investigation__in=permitted, n_datasets__gt=0)
    alike = tallied.annotate(access=_access()).values_list(
        "technique_key", "investigation__instrument__name", "year", "access"
    )
    return alike.annotate(n=Sum("n_datasets")).order_by()


def _rows_looked_at(permitted: QuerySet[Investigation], search: Search) -> Iterable[tuple[Any, ...]]:
    told = matching(permitted, search).annotate(
        technique_key=Coalesce("technique_id", 0),
        year=ExtractYear("sorted_at", tzinfo=UTC),
        access=_access(),
    )
    columns = ("pk", "technique_key", "investigation__instrument__name", "year", "access")
    return told.order_by().values_list(*columns)[: COUNTED_TO + 1]


def _access() -> Case:
    is_open = When(investigation__release_date__lte=timezone.now(), then=Value("open"))
    return Case(is_open, default=Value("embargoed"))
