"""What search needs of a database beyond models: word indexes, number indexes, triggers that count.

Made after each ``migrate`` where missing, rather than by a migration: SQLite drops them whenever Django
rebuilds a table, and an index belongs to each line of ``SEARCHED_NUMBERS``.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from portal.catalogue.search.field import VECTOR, fts_table
from portal.catalogue.search.numbers import SEARCHED_NUMBERS, number_sql

__all__ = ["count_again", "drop_structures", "make_structures"]

_WITH_WORDS = ("catalogue_investigation", "catalogue_sample", "catalogue_dataset", "catalogue_datafile")
_TALLY = "catalogue_datasettally (investigation_id, technique_key, year, n_datasets, newest_at)"
_YEAR = {
    "postgresql": "EXTRACT(YEAR FROM {row}sorted_at AT TIME ZONE 'UTC')::int",
    "sqlite": "CAST(strftime('%Y', {row}sorted_at) AS INTEGER)",
}
_ADD = f"""
INSERT INTO {_TALLY}
SELECT NEW.investigation_id, COALESCE(NEW.technique_id, 0), {{new_year}}, 1, NEW.sorted_at
WHERE NEW.type = 'acquisition'
ON CONFLICT (investigation_id, technique_key, year)
DO UPDATE SET n_datasets = catalogue_datasettally.n_datasets + 1,
newest_at = {{newer}}(catalogue_datasettally.newest_at, excluded.newest_at);"""
_TAKE = """
UPDATE catalogue_datasettally SET n_datasets = n_datasets - 1
WHERE OLD.type = 'acquisition' AND investigation_id = OLD.investigation_id
AND technique_key = COALESCE(OLD.technique_id, 0) AND year = {old_year};"""
_COUNTED = "investigation_id, technique_id, type, sorted_at"


@transaction.atomic
def make_structures(using: str) -> None:
    """Make what is missing, and fill it from the rows that are there."""
    connection = connections[using]
    if "catalogue_datasettally" not in connection.introspection.table_names():
        return  # migrated to a state before search
    make = {"postgresql": _make_on_postgresql, "sqlite": _make_on_sqlite}.get(connection.vendor)
    if make is None:
        raise NotImplementedError(f"Search works on PostgreSQL and SQLite, not on {connection.vendor}.")
    if make(connection):
        count_again(using)


@transaction.atomic
def drop_structures(using: str) -> None:
    """Remove what a database would stumble over without the columns and tables of search."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        _run(
            connection,
            "DROP TRIGGER IF EXISTS catalogue_tally ON catalogue_dataset",
            "DROP FUNCTION IF EXISTS catalogue_tally()",
        )
        return
    kept = [f"{table}_words" for table in _WITH_WORDS]
    triggers = [
        f"{name}_{act}" for name in (*kept, "catalogue_tally") for act in ("insert", "delete", "update")
    ]
    _run(connection, *(f"DROP TRIGGER IF EXISTS {name}" for name in triggers))
    _run(connection, *(f"DROP TABLE IF EXISTS {fts_table(table)}" for table in _WITH_WORDS))


def count_again(using: str = "default") -> None:
    """Count all tallies anew; for datasets that were written past the triggers."""
    connection = connections[using]
    year = _YEAR[connection.vendor].format(row="")
    _run(
        connection,
        "DELETE FROM catalogue_datasettally",
        f"INSERT INTO {_TALLY} SELECT investigation_id, COALESCE(technique_id, 0), {year}, COUNT(*), "  # noqa: S608
        "MAX(sorted_at) FROM catalogue_dataset WHERE type = 'acquisition' GROUP BY 1, 2, 3",
    )


def _make_on_postgresql(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the triggers are new."""
    vector = f"{VECTOR} tsvector GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED"
    for table in _WITH_WORDS:
        _run(
            connection,
            f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {vector}",
            f"CREATE INDEX IF NOT EXISTS {table}_words ON {table} USING gin ({VECTOR})",
        )
    for number in SEARCHED_NUMBERS:
        _run(connection, _number_index(connection, number.key, number.name))
    if _found(connection, "SELECT 1 FROM pg_trigger WHERE tgname = 'catalogue_tally'"):
        return False
    dialect = _dialect("postgresql")
    _run(
        connection,
        f"""
        CREATE OR REPLACE FUNCTION catalogue_tally() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP <> 'INSERT' THEN {_TAKE.format(**dialect)} END IF;
        IF TG_OP <> 'DELETE' THEN {_ADD.format(**dialect)} END IF;
        RETURN NULL; END $$
        """,
        f"CREATE TRIGGER catalogue_tally AFTER INSERT OR DELETE OR UPDATE OF {_COUNTED} "
        "ON catalogue_dataset FOR EACH ROW EXECUTE FUNCTION catalogue_tally()",
    )
    return True


def _make_on_sqlite(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the triggers that count are new."""
    for table in _WITH_WORDS:
        if not _has_trigger(connection, f"{table}_words_insert"):
            _run(connection, *_full_text(table))
    for number in SEARCHED_NUMBERS:
        _run(connection, _number_index(connection, number.key, number.name))
    if _has_trigger(connection, "catalogue_tally_insert"):
        return False
    dialect = _dialect("sqlite")
    take, add = _TAKE.format(**dialect), _ADD.format(**dialect)
    acts = {"insert": add, "delete": take, "update": take + add}
    for act, body in acts.items():
        event = f"update OF {_COUNTED}" if act == "update" else act
        _run(
            connection,
            f"CREATE TRIGGER catalogue_tally_{act} AFTER {event} ON catalogue_dataset BEGIN {body} END",
        )
    return True


def _dialect(vendor: str) -> dict[str, str]:
    """Return what the two databases call differently."""
    years = {f"{row.lower()}_year": _YEAR[vendor].format(row=f"{row}.") for row in ("OLD", "NEW")}
    return {**years, "newer": "GREATEST" if vendor == "postgresql" else "MAX"}


def _full_text(table: str) -> Sequence[str]:
    """Return the statements that make a table's full-text table, fill it, and keep it up to date."""
    words = fts_table(table)
    # The names are our own.
    add = f"INSERT INTO {words}(rowid, words) VALUES (NEW.id, NEW.words);"  # noqa: S608
    take = f"INSERT INTO {words}({words}, rowid, words) VALUES ('delete', OLD.id, OLD.words);"  # noqa: S608
    columns = f"words, content='{table}', content_rowid='id', detail='none', prefix='3'"
    trigger = f"CREATE TRIGGER {table}_words_{{}} AFTER {{}} ON {table} BEGIN {{}} END"
    return (
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {words} USING fts5({columns})",
        f"INSERT INTO {words}({words}) VALUES ('rebuild')",  # noqa: S608
        trigger.format("insert", "INSERT", add),
        trigger.format("delete", "DELETE", take),
        trigger.format("update", "UPDATE OF words", take + add),
    )


def _number_index(connection: BaseDatabaseWrapper, key: str, name: str) -> str:
    value = number_sql(connection.vendor, name, '"parameters"')
    return f"CREATE INDEX IF NOT EXISTS catalogue_dataset_{key} ON catalogue_dataset ({value})"


def _has_trigger(connection: BaseDatabaseWrapper, name: str) -> bool:
    return _found(connection, "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = %s", name)


def _found(connection: BaseDatabaseWrapper, query: str, *params: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchone() is not None


def _run(connection: BaseDatabaseWrapper, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
