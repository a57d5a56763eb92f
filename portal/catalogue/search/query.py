"""What a person asks for, read from the parameters of an address."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from portal.catalogue.errors import InvalidInput
from portal.catalogue.search.numbers import SEARCHED_NUMBERS, SearchedNumber
from portal.catalogue.search.words import asked_words

__all__ = ["ACCESS", "RECENT_DAYS", "Bounds", "Search", "read_search"]

ACCESS = {"open": "Open", "embargoed": "Under embargo"}
# Words of addresses for the last days; any other word is a year.
RECENT_DAYS = {"week": 7, "month": 30}
_MAX_ID = 2**63 - 1
_TEXT = 200


@dataclass(frozen=True)
class Bounds:
    """A range of a parameter, both ends included; None where there is no bound."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Search:
    """Words and filters; everything that is empty asks for nothing.

    ``technique`` is an acronym (or name), ``instrument`` a name, ``when`` a year or a key of
    ``RECENT_DAYS``, ``access`` a key of ``ACCESS``, ``sample`` an id.
    """

    text: str = ""
    technique: str = ""
    instrument: str = ""
    when: str = ""
    access: str = ""
    sample: int | None = None
    ranges: Mapping[SearchedNumber, Bounds] = field(default_factory=dict)

    @cached_property
    def words(self) -> Sequence[str]:
        """The words that must all be found."""
        return asked_words(self.text)

    @cached_property
    def year(self) -> int | None:
        """The year asked for; 0, which nothing is of, for what is no year."""
        if not self.when or self.when in RECENT_DAYS:
            return None
        is_year = self.when.isascii() and self.when.isdigit() and len(self.when) == len("2026")
        return int(self.when) if is_year else 0

    @property
    def is_blank(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.has_facets or self.asks_rows)

    @property
    def has_facets(self) -> bool:
        """Whether one choice of a facet is asked for, the last days apart."""
        return bool(self.technique or self.instrument or self.access or self.year is not None)

    @property
    def asks_rows(self) -> bool:
        """Whether the rows of datasets must be looked at; tallies tell all the rest."""
        return bool(self.words or self.ranges or self.sample is not None or self.when in RECENT_DAYS)


def read_search(asked: Mapping[str, str]) -> Search:
    """Return what the parameters of an address ask for; unknown ones are passed over.

    Raises
    ------
    InvalidInput
        A bound of a range is not a number.
    """
    texts = {
        name: asked.get(name, "").replace("\0", "").strip()[:_TEXT]
        for name in ("technique", "instrument", "when", "access")
    }
    return Search(
        text=asked.get("q", "").replace("\0", "").strip()[:_TEXT],
        **{**texts, "access": texts["access"] if texts["access"] in ACCESS else ""},
        sample=_id(asked.get("sample", "")),
        ranges={number: bounds for number in SEARCHED_NUMBERS if (bounds := _bounds(number, asked))},
    )


def _bounds(number: SearchedNumber, asked: Mapping[str, str]) -> Bounds | None:
    low = _number(number, asked.get(f"{number.key}_min", ""))
    high = _number(number, asked.get(f"{number.key}_max", ""))
    return None if low is None and high is None else Bounds(low, high)


def _number(number: SearchedNumber, text: str) -> float | None:
    if not text.strip():
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        sentence = f"{number.label} must be a number in {number.unit}, not “{text[:40]}”."
        raise InvalidInput(sentence, fields={number.key: sentence})
    return value


def _id(text: str) -> int | None:
    """Return an id; 0, which nothing has, for what is none."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and int(text[:20]) <= _MAX_ID else 0
