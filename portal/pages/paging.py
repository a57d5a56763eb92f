"""Lists page by key: a page starts after the last row of the page before, however far that is.

A cursor carries the key of a row, the place of the page in the list and the count, which is taken
once, on the first page, and never beyond a cap.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from portal.catalogue.errors import InvalidInput

__all__ = ["COUNTED_TO", "PAGE_SIZES", "KeyPage", "page_after", "page_size"]

COUNTED_TO = 5000
PAGE_SIZES = (20, 50, 100)

# What base64, JSON and the fields of a model say of a cursor that is not one of ours; whole numbers
# that no database holds are among it.
_FAULTS = (ValueError, TypeError, OverflowError, RecursionError, ValidationError, binascii.Error)
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class KeyPage:
    """Some rows of a list, where they stand in it, and the cursors ("" where there is none).

    ``first`` counts from 1; ``total`` is None where nobody counted, and ``is_capped`` says that
    there are more than ``total``.
    """

    rows: Sequence[Any]
    next_cursor: str
    previous_cursor: str
    first: int
    size: int
    total: int | None
    is_capped: bool

    @property
    def sizes(self) -> Sequence[int]:
        """The sizes to choose from, where the list is long enough for a choice to matter."""
        is_long = self.next_cursor or self.previous_cursor or len(self.rows) > PAGE_SIZES[0]
        return PAGE_SIZES if is_long and self.size in PAGE_SIZES else ()

    @property
    def last(self) -> int:
        """The place of the last row, from 1."""
        return self.first + len(self.rows) - 1

    @property
    def number(self) -> int:
        """The number of the page, from 1."""
        return self.first // self.size + 1

    @property
    def n_pages(self) -> int | None:
        """How many pages there are, where that is known."""
        return None if self.total is None or self.is_capped else max(ceil(self.total / self.size), 1)


@dataclass(frozen=True)
class _Cursor:
    """From which row on, in which direction, and what was known of the list by then."""

    values: list[Any] | None = None
    is_backward: bool = False
    offset: int = 0
    total: int | None = None


def page_size(request: HttpRequest) -> int:
    """Return how many rows the visitor wants on a page: as asked by ``?per_page=``, which is remembered."""
    asked = request.GET.get("per_page", "")
    if asked in {str(size) for size in PAGE_SIZES}:
        request.session["per_page"] = int(asked)
    return request.session.get("per_page", PAGE_SIZES[0])


def page_after(
    rows: QuerySet[Any],
    *,
    order: Sequence[str],
    cursor: str,
    size: int,
    counted: bool = False,
    total: int | None = None,
    shown: QuerySet[Any] | None = None,
) -> KeyPage:
    """Return the rows that follow the cursor, or precede it when it came as ``previous_cursor``.

    Parameters
    ----------
    order
        Field names, each with ``-`` in front for falling order; never null, and unique together.
    cursor
        As of another page of this list; "" for the first page.
    counted
        Whether the first page counts the rows, up to ``COUNTED_TO``.
    total
        How many rows there are, where the caller knows it without counting.
    shown
        Where the rows of the page are taken from, by their ids, when ``rows`` only finds them. A
        database then walks a long list in an index alone, and reads the rows of one page.

    Raises
    ------
    InvalidInput
        The cursor is not one of ours.
    """
    try:
        start = _decoded(cursor, len(order)) if cursor else _Cursor()
        found, more = _rows(rows if shown is None else rows.only("pk", *_fields(order)), order, start, size)
    except _FAULTS as error:
        raise InvalidInput("This page of the list does not exist; start from its first page.") from error
    offset = max(start.offset - len(found), 0) if start.is_backward else start.offset
    if total is None:
        total = rows.order_by()[: COUNTED_TO + 1].count() if counted and not cursor else start.total
    has_next = more or start.is_backward
    has_previous = more if start.is_backward else bool(cursor)
    return KeyPage(
        rows=found if shown is None else _taken(shown, found),
        next_cursor=_encoded(order, found[-1], offset + len(found), total) if has_next and found else "",
        previous_cursor=_encoded(order, found[0], offset, total, backward=True)
        if has_previous and found
        else "",
        first=offset + 1,
        size=size,
        total=None if total is None else min(total, COUNTED_TO),
        is_capped=total is not None and total > COUNTED_TO,
    )


def _taken(shown: QuerySet[Any], found: Sequence[Model]) -> list[Any]:
    """Return the rows to show in the order of those found; one that is gone since is left out."""
    by_id = shown.in_bulk([row.pk for row in found])
    return [by_id[row.pk] for row in found if row.pk in by_id]


def _rows(rows: QuerySet[Any], order: Sequence[str], start: _Cursor, size: int) -> tuple[list[Any], bool]:
    """Return a page in the list's order, and whether there are more rows in the cursor's direction."""
    keys = [_turned(key) for key in order] if start.is_backward else list(order)
    ordered = rows.order_by(*keys)
    if start.values is not None:
        ordered = ordered.filter(_behind(keys, start.values))
    found = list(ordered[: size + 1])
    more, found = len(found) > size, found[:size]
    return (found[::-1] if start.is_backward else found), more


def _fields(order: Sequence[str]) -> list[str]:
    return [key.removeprefix("-") for key in order]


def _turned(key: str) -> str:
    return key.removeprefix("-") if key.startswith("-") else f"-{key}"


def _behind(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Say that (a, b) is behind (x, y) when a is behind x, or a equals x and b is behind y.

    The first key is bounded on its own too, which is what lets a database start in its index there.
    """
    behind, equal = Q(), Q()
    for key, value in zip(order, values, strict=True):
        field = key.removeprefix("-")
        comparison = f"{field}__{'lt' if key.startswith('-') else 'gt'}"
        behind |= equal & Q(**{comparison: value})
        equal &= Q(**{field: value})
    first = order[0].removeprefix("-")
    return Q(**{f"{first}__{'lte' if order[0].startswith('-') else 'gte'}": values[0]}) & behind


def _encoded(
    order: Sequence[str], row: Model, offset: int, total: int | None, *, backward: bool = False
) -> str:
    values = [getattr(row, field) for field in _fields(order)]
    content = json.dumps([values, backward, offset, total], default=_as_text)
    return base64.urlsafe_b64encode(content.encode()).decode()


def _as_text(value: object) -> str:
    # Django's own encoder drops the microseconds, and with them the rows that differ in nothing else.
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _decoded(cursor: str, n_values: int) -> _Cursor:
    values, backward, offset, total = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    known = (isinstance(values, list), isinstance(backward, bool), _is_count(offset))
    if not all(known) or len(values) != n_values or not (total is None or _is_count(total)):
        raise ValueError(cursor)
    if any(isinstance(value, int) and abs(value) > _LARGEST for value in values):
        raise OverflowError(cursor)
    return _Cursor(values, backward, offset, total)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= _LARGEST
