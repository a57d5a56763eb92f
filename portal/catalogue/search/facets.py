"""The choices beside a search, and how many datasets each would leave."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.catalogue.search.query import ACCESS, RECENT_DAYS, Search
from portal.catalogue.search.tallies import Tallies

__all__ = ["Facet", "Option", "facets_of"]


_FACETS = ("technique", "instrument", "when", "access")


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


def facets_of(tallies: Tallies, search: Search, *, recent: Mapping[str, str]) -> list[Facet]:
    """Return the facets that have a choice to offer.

    ``recent`` are the labels of ``RECENT_DAYS``, whose numbers no tally tells.
    """
    counts = _counts(tallies, search)
    years = sorted(_options(counts, search, "when"), key=lambda option: option.label, reverse=True)
    recently = [
        Option(label, {"when": key}, {"when": None}, None, search.when == key)
        for key, label in recent.items()
    ]
    facets = [
        Facet("technique", "Technique", _options(counts, search, "technique")),
        Facet("instrument", "Instrument", _options(counts, search, "instrument")),
        Facet("when", "Measured", [*recently, *years] if tallies.groups else []),
        Facet("access", "Access", _options(counts, search, "access")),
    ]
    return [facet for facet in facets if len(facet.options) > 1 or any(o.is_current for o in facet.options)]


def _counts(tallies: Tallies, search: Search) -> dict[str, Counter[str]]:
    """Return how many datasets each choice of each facet has, as all the other facets narrow them."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in _FACETS}
    for group in tallies.groups:
        missed = group.misses(search)
        # A group that misses one facet counts in that one alone, where it would be another choice.
        for name in missed if len(missed) == 1 else () if missed else _FACETS:
            counts[name][str(group.year) if name == "when" else getattr(group, name)] += group.n_datasets
    return counts


def _options(counts: Mapping[str, Counter[str]], search: Search, name: str) -> list[Option]:
    """Return the choices of one facet, most datasets first."""
    chosen, told = getattr(search, name), counts[name]
    if chosen and chosen not in told and chosen not in RECENT_DAYS:
        told[chosen] = 0
    return [
        Option(ACCESS.get(value, value), {name: value}, {name: None}, n, value == chosen)
        for value, n in told.most_common()
        if value
    ]
