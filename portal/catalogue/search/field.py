"""The column that is searched by words, and the lookup that does it: ``words__match=["ceria", "45kev"]``.

PostgreSQL reads a GIN index over the words as they are (no dictionary, so no language), SQLite a
full-text table beside; ``portal.catalogue.search.structures`` makes both.
"""

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models import Lookup, Model

from portal.catalogue.search.words import kept_words

__all__ = ["VECTOR", "WordsField", "fts_table"]

# PostgreSQL's column of the words as a vector. Generated, so that no model need know of it; stored, because
# a walk by date looks at it row by row, and making it takes ten times as long as looking.
VECTOR = "words_vector"
_PREFIX_FROM = 2


def fts_table(table: str) -> str:
    """Return the name of SQLite's full-text table of a table."""
    return f"{table}_fts"


class WordsField(models.TextField):
    """Words to find a row by, taken at each save from the texts that the property ``of`` gives."""

    def __init__(self, *, of: str = "", **options: Any) -> None:
        self.of = of
        super().__init__(**{"default": "", "editable": False, "blank": True, **options})

    def pre_save(self, model_instance: Model, add: bool) -> Any:  # noqa: ARG002 - Django passes it
        """Return the words as of now."""
        if self.of:
            setattr(model_instance, self.attname, kept_words(getattr(model_instance, self.of)))
        return getattr(model_instance, self.attname)


@WordsField.register_lookup
class Match(Lookup):
    """Rows that have all words; a word of two letters or more finds those that begin with it."""

    lookup_name = "match"
    prepare_rhs = False

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Sequence[Any]]:  # noqa: ARG002
        """Ask the GIN index."""
        alias = compiler.quote_name_unless_alias(self.lhs.alias)
        # Words are letters and digits alone, so they need no quoting beyond the quotes.
        query = " & ".join(f"'{word}'{':*' if len(word) >= _PREFIX_FROM else ''}" for word in self.rhs)
        return f"{alias}.{VECTOR} @@ %s::tsquery", [query]

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, Sequence[Any]]:
        """Ask the full-text table."""
        quote, column = connection.ops.quote_name, self.lhs
        model = column.target.model
        words, key = fts_table(model._meta.db_table), quote(model._meta.pk.column)
        query = " ".join(f'"{word}"{"*" if len(word) >= _PREFIX_FROM else ""}' for word in self.rhs)
        row = f"{compiler.quote_name_unless_alias(column.alias)}.{key}"
        table = quote(words)
        return f"{row} IN (SELECT rowid FROM {table} WHERE {table} MATCH %s)", [query]  # noqa: S608
