"""Lists page by key: a page starts after the last row of the page before, however far that is."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet

from portal.catalogue.errors import InvalidInput

__all__ = ["KeyPage", "page_after"]


@dataclass(frozen=True)
class KeyPage:
    """Some rows, and the cursor of the page that follows ("" when this is the last)."""

    rows: Sequence[Any]
    next_cursor: str
    is_first: bool


def page_after(rows: QuerySet[Any], *, order: Sequence[str], cursor: str, size: int) -> KeyPage:
    """Return the rows that follow the cursor.

    Parameters
    ----------
    order
        Field names, each with ``-`` in front for falling order; never null, and unique together.
    cursor
        As of the page before; "" for the first page.

    Raises
    ------
    InvalidInput
        The cursor is not one of ours.
    """
    ordered = rows.order_by(*order)
    if cursor:
        try:
            ordered = ordered.filter(_behind(order, _decoded(cursor, len(order))))
            found = list(ordered[: size + 1])
        except (ValueError, TypeError, ValidationError, binascii.Error) as error:
            raise InvalidInput("This page of the list does not exist; start from its first page.") from error
    else:
        found = list(ordered[: size + 1])
    more = len(found) > size
    return KeyPage(found[:size], _encoded(order, found[size - 1]) if more else "", not cursor)


def _behind(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Say that (a, b) is behind (x, y) when a is behind x, or a equals x and b is behind y."""
    behind, equal = Q(), Q()
    for key, value in zip(order, values, strict=True):
        field = key.lstrip("-")
        comparison = f"{field}__{'lt' if key.startswith('-') else 'gt'}"
        behind |= equal & Q(**{comparison: value})
        equal &= Q(**{field: value})
    return behind


def _encoded(order: Sequence[str], row: Model) -> str:
    values = [getattr(row, key.lstrip("-")) for key in order]
    return base64.urlsafe_b64encode(json.dumps(values, cls=DjangoJSONEncoder).encode()).decode()


def _decoded(cursor: str, n_values: int) -> list[Any]:
    values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    if not isinstance(values, list) or len(values) != n_values:
        raise ValueError(cursor)
    return values
