"""How many datasets each choice would leave: by technique, instrument, year and access.

Without words and ranges the tallies tell exactly, whatever the size of the catalogue. With them, at most
``COUNTED_TO`` matching datasets are looked at, and where there are more each number is a lower bound.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from django.db.models import Case, Count, F, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, ExtractYear
from django.utils import timezone

from portal.catalogue.models import Dataset, DatasetTally, Investigation, Technique
from portal.catalogue.search.finding import matching
from portal.catalogue.search.query import ACCESS, RECENT_DAYS, Search

__all__ = [
    "COUNTED_TO",
    "Facet",
    "Group",
    "Option",
    "Tallies",
    "facets_of",
    "tallies_of",
    "techniques_called",
]

COUNTED_TO = 5000


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


@dataclass(frozen=True)
class Option:
    """One choice of a facet.

    ``change`` and ``without`` are what choosing it, or giving it up, changes in the address;
    ``n_datasets`` is how many it would leave (None: unknown).
    """

    label: str
    change: Mapping[str, str]
    without: Mapping[str, None]
    n_datasets: int | None
    is_current: bool


@dataclass(frozen=True)
class Facet:
    """One question with its choices."""

    name: str
    label: str
    options: Sequence[Option]


def tallies_of(
    permitted: QuerySet[Investigation], search: Search, techniques: Mapping[int, Technique]
) -> Tallies:
    """Return what the search's words and ranges find among these investigations, in groups."""
    rows = _rows_looked_at(permitted, search) if search.asks_rows else _rows_tallied(permitted)
    groups = [
        Group(_called(techniques.get(technique)), instrument, year, access, n)
        for technique, instrument, year, access, n in rows
    ]
    return Tallies(groups, is_capped=search.asks_rows and sum(g.n_datasets for g in groups) > COUNTED_TO)


def facets_of(tallies: Tallies, search: Search, *, recent: Mapping[str, str]) -> list[Facet]:
    """Return the facets that have a choice to offer.

    ``recent`` are the labels of ``RECENT_DAYS``, whose numbers no tally tells.
    """
    years = sorted(_options(tallies, search, "when"), key=lambda option: option.label, reverse=True)
    recently = [
        Option(label, {"when": key}, {"when": None}, None, search.when == key)
        for key, label in recent.items()
    ]
    facets = [
        Facet("technique", "Technique", _options(tallies, search, "technique")),
        Facet("instrument", "Instrument", _options(tallies, search, "instrument")),
        Facet("when", "Measured", [*recently, *years] if tallies.groups else []),
        Facet("access", "Access", _options(tallies, search, "access")),
    ]
    return [facet for facet in facets if len(facet.options) > 1 or any(o.is_current for o in facet.options)]


def techniques_called(name: str, techniques: Mapping[int, Technique]) -> list[int] | None:
    """Return the ids of the techniques that a facet names so; None where it names none."""
    return [pk for pk, technique in techniques.items() if _called(technique) == name] if name else None


def _options(tallies: Tallies, search: Search, name: str) -> list[Option]:
    """Return the choices of one facet, most datasets first, as all the others narrow them."""
    counts: Counter[str] = Counter()
    for group in tallies.groups:
        if group.fits(search, but=name):
            counts[str(group.year) if name == "when" else getattr(group, name)] += group.n_datasets
    chosen = getattr(search, name)
    if chosen and chosen not in counts and chosen not in RECENT_DAYS:
        counts[chosen] = 0
    return [
        Option(ACCESS.get(value, value), {name: value}, {name: None}, n, value == chosen)
        for value, n in counts.most_common()
        if value
    ]


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
    looked_at = matching(permitted, search).order_by().values("pk")[: COUNTED_TO + 1]
    alike = Dataset.objects.filter(pk__in=looked_at).annotate(
        technique_key=Coalesce("technique_id", 0),
        instrument=F("investigation__instrument__name"),
        year=ExtractYear("sorted_at", tzinfo=UTC),
        access=_access(),
    )
    return (
        alike.values_list("technique_key", "instrument", "year", "access").annotate(n=Count("pk")).order_by()
    )


def _access() -> Case:
    is_open = When(investigation__release_date__lte=timezone.now(), then=Value("open"))
    return Case(is_open, default=Value("embargoed"))


def _called(technique: Technique | None) -> str:
    return (technique.acronym or technique.name) if technique else ""
