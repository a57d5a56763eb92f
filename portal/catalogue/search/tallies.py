"""How many datasets there are of each kind, among what a visitor may see.

Without words and ranges the tallies tell exactly, whatever the size of the catalogue. With them, at most
``COUNTED_TO`` matching datasets are looked at, and where there are more each number is a lower bound.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from django.db import connection
from django.db.models import Case, F, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, ExtractYear
from django.utils import timezone

from portal.catalogue.models import DatasetTally, Investigation, Technique
from portal.catalogue.search.query import Search
from portal.catalogue.search.rows import COUNTED_TO, matching

__all__ = ["Group", "Tallies", "name_of", "tallies_of", "techniques_called"]


# The models cannot say it: a join to rows that a subquery gathers, without looking them up again.
_GROUPED = """
SELECT technique_key, i.name, year, CASE WHEN v.release_date <= %s THEN 'open' ELSE 'embargoed' END, COUNT(*)
FROM ({}) found JOIN catalogue_investigation v ON v.id = found.investigation_id
JOIN catalogue_instrument i ON i.id = v.instrument_id GROUP BY 1, 2, 3, 4"""


@dataclass(frozen=True)
class Group:
    """Datasets that are alike: what a facet can tell apart. ``technique`` "" where none was said."""

    technique: str
    instrument: str
    year: int
    access: str
    n_datasets: int

    def fits(self, search: Search, *, but: str = "") -> bool:
        """Whether the group is what the facets of a search ask for, ``but`` one facet."""
        wanted = {"technique": search.technique, "instrument": search.instrument, "access": search.access}
        by_text = all(getattr(self, name) == value for name, value in wanted.items() if value and name != but)
        return by_text and (but == "when" or search.year in (None, self.year))


@dataclass(frozen=True)
class Tallies:
    """All groups of what the words and ranges find; ``is_capped`` where there is more of it."""

    groups: Sequence[Group]
    is_capped: bool

    def total(self, search: Search) -> int | None:
        """Return how many datasets a search finds, None where nobody counted that far."""
        if self.is_capped:
            return None
        return sum(group.n_datasets for group in self.groups if group.fits(search))


def tallies_of(
    permitted: QuerySet[Investigation], search: Search, techniques: Mapping[int, Technique]
) -> Tallies:
    """Return what the search's words and ranges find among these investigations, in groups."""
    rows = _rows_looked_at(permitted, search) if search.asks_rows else _rows_tallied(permitted)
    groups = [
        Group(name_of(techniques.get(technique)), instrument, year, access, n)
        for technique, instrument, year, access, n in rows
    ]
    return Tallies(groups, is_capped=search.asks_rows and sum(g.n_datasets for g in groups) > COUNTED_TO)


def techniques_called(name: str, techniques: Mapping[int, Technique]) -> list[int] | None:
    """Return the ids of the techniques that a facet names so; None where it names none."""
    return [pk for pk, technique in techniques.items() if name_of(technique) == name] if name else None


def name_of(technique: Technique | None) -> str:
    """Return what a facet calls a technique."""
    return (technique.acronym or technique.name) if technique else ""


def _rows_tallied(permitted: QuerySet[Investigation]) -> Iterable[tuple[int, str, int, str, int]]:
    tallied = DatasetTally.objects.filter(investigation__in=permitted, n_datasets__gt=0)
    alike = tallied.annotate(instrument=F("investigation__instrument__name"), access=_access())
    return (
        alike.values_list("technique_key", "instrument", "year", "access")
        .annotate(n=Sum("n_datasets"))
        .order_by()
    )


def _rows_looked_at(
    permitted: QuerySet[Investigation], search: Search
) -> Iterable[tuple[int, str, int, str, int]]:
    looked_at = matching(permitted, search).order_by()
    looked_at = looked_at.annotate(
        technique_key=Coalesce("technique_id", 0), year=ExtractYear("sorted_at", tzinfo=UTC)
    )
    sql, params = looked_at.values("technique_key", "year", "investigation_id")[
        : COUNTED_TO + 1
    ].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_GROUPED.format(sql), [timezone.now(), *params])
        return cursor.fetchall()


def _access() -> Case:
    is_open = When(investigation__release_date__lte=timezone.now(), then=Value("open"))
    return Case(is_open, default=Value("embargoed"))
