"""The parameters that one can search by a range of numbers: the one list of them.

To add one, add a line; its index is made by the next ``migrate``.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Func

from portal.catalogue.parameters import parameter

__all__ = ["SEARCHED_NUMBERS", "InRange", "SearchedNumber", "number_sql"]

# Beyond what any parameter holds. A bound is always given, because in PostgreSQL's order of JSON a
# text or a boolean lies outside of all numbers, but not outside of half a line.
_LARGEST = 1e300


@dataclass(frozen=True)
class SearchedNumber:
    """A numeric parameter. ``key`` is its word in addresses, ``name`` its ICAT name."""

    key: str
    name: str

    @property
    def label(self) -> str:
        """Its name for people."""
        return parameter(self.name).label

    @property
    def unit(self) -> str:
        """The unit that its values are kept in."""
        return parameter(self.name).unit


SEARCHED_NUMBERS = (
    SearchedNumber("energy", "InstrumentMonochromator_energy"),
    SearchedNumber("exposure", "HTXRPD_exposureTime"),
    SearchedNumber("distance", "XRPD_geometry_dist"),
)


def number_sql(vendor: str, name: str, column: str) -> str:
    """Return the SQL for a parameter's value, the same letter by letter in an index and in a query."""
    # Only names of the list above come here, never what somebody typed.
    return f"({column} -> '{name}')" if vendor == "postgresql" else f"json_extract({column}, '$.{name}')"


class InRange(Func):
    """Whether a declared parameter is a number between two others, both included (None: no bound)."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, number: SearchedNumber, low: float | None, high: float | None) -> None:
        self.number = number
        self.low = -_LARGEST if low is None else low
        self.high = _LARGEST if high is None else high
        super().__init__("parameters")

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        """Compare as JSON, which the index is over."""
        value, params = self._value(compiler, connection)
        return f"{value} BETWEEN %s::jsonb AND %s::jsonb", (
            *params,
            json.dumps(self.low),
            json.dumps(self.high),
        )

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        """Compare as SQLite extracts; a text is larger than every number there."""
        value, params = self._value(compiler, connection)
        return f"{value} BETWEEN %s AND %s", (*params, self.low, self.high)

    def _value(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = compiler.compile(self.source_expressions[0])
        return number_sql(connection.vendor, self.number.name, column), tuple(params)
