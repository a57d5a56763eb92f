"""Events in an SQLite database, in the table of ewoks."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, compress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from workflows.events.ewoks_form import EWOKS_FIELDS, beyond_ewoks, ewoks_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflows.events.stream import Event

    Row = list[Any]

_PATIENCE_S = 60.0
"""How long to wait for other processes that write to the same database."""

_MOST_WAITING = 1000
"""Nodes that are skipped one after the other end in one transaction."""

_MOST_AT_ONCE = 2
"""Rows that one statement inserts."""

_ERROR = EWOKS_FIELDS.index("error")
_URIS = EWOKS_FIELDS.index("input_uris"), EWOKS_FIELDS.index("output_uris")

_TYPES = {"process_id": "INTEGER", "error": "INTEGER", "progress": "INTEGER"}
_TYPES |= {"input_uris": "BLOB", "output_uris": "BLOB"}
_COLUMNS = ", ".join(f"{name} {_TYPES.get(name, 'TEXT')}" for name in EWOKS_FIELDS)

# Ewoks inserts 18 values without naming the columns: a column more would break it. So the primary key
# is the implicit rowid, and what ewoks has no column for goes into a table of its own. The index tells
# where each job begins and ends: one of all events would be a second page to write in every commit.
_LAYOUT = (
    f"CREATE TABLE IF NOT EXISTS ewoks_events ({_COLUMNS})",
    "CREATE INDEX IF NOT EXISTS ewoks_events_jobs ON ewoks_events (job_id) WHERE context = 'job'",
    "CREATE TABLE IF NOT EXISTS ewoks_events_beyond (event INTEGER PRIMARY KEY, fields TEXT NOT NULL)",
    """CREATE TRIGGER IF NOT EXISTS ewoks_events_deleted AFTER DELETE ON ewoks_events
       BEGIN DELETE FROM ewoks_events_beyond WHERE event = OLD.rowid; END""",
)

# A commit writes each page that it touched: small pages make it cheaper.
_SETTINGS = (
    "PRAGMA page_size = 2048",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA wal_autocheckpoint = 2000",
)

_NO_URIS = bytearray(b"[]")
"""Not bytes: those, None and booleans are sent through adapters, which is dear."""

_encoded = json.JSONEncoder(default=str).encode  # json.dumps would make an encoder each time
_INSERT_BEYOND = "INSERT INTO ewoks_events_beyond (event, fields) VALUES (?, ?)"


class SqliteHandler:
    """Commits events to a database that the event readers of ewoks read too.

    The end of a node is committed together with the event after it, or by
    ``flush``, which a run calls before it waits: so whenever the code of a task
    runs, or a run waits for one, all events before are in the database, and a
    process that is killed then loses none. A power cut may take the events
    since the last checkpoint (at most 4 MB of log), never the database.

    Threads may share a handler, and processes of one machine a database; on a
    file system that several machines write to at once SQLite is not safe. A
    process that is forked needs a handler of its own.

    ``database`` is a path or, as in ewoks, a URI such as ``file:/data/events.db``.
    Without ``with_never_started`` the table has those events only that ewoks
    sends: none of nodes that never start.
    """

    def __init__(self, database: str | Path, *, with_never_started: bool = True) -> None:
        self._database = str(database)
        self._with_never_started = with_never_started
        self._lock = threading.Lock()
        self._cursor: sqlite3.Cursor | None = None
        self._waiting: list[Row] = []
        self._beyond: dict[int, Mapping[str, Any]] = {}
        """For the places of rows that wait, what ewoks has no column for."""

    def __call__(self, event: Event) -> None:
        """Commit an event, and those before it; the end of a node waits for the next one."""
        if event.never_started and not self._with_never_started:
            return
        row, beyond = _row(event), beyond_ewoks(event)
        with self._lock:
            if beyond:
                self._beyond[len(self._waiting)] = beyond
            self._waiting.append(row)
            if event.context != "node" or event.type != "end" or len(self._waiting) >= _MOST_WAITING:
                self._commit()

    def flush(self) -> None:
        """Commit what waits."""
        with self._lock:
            self._commit()

    def _commit(self) -> None:
        rows, self._waiting = self._waiting, []
        if not rows:
            return
        beyond, self._beyond = self._beyond, {}
        if self._cursor is None:
            self._cursor = open_database(self._database).cursor()
        try:
            _insert(self._cursor, rows, beyond)
        except UnicodeEncodeError:  # the name of a file that is not UTF-8, in a message
            _insert(self._cursor, [[_utf8(value) for value in row] for row in rows], beyond)

    def close(self) -> None:
        """Commit what waits and close the database; the next event opens it again."""
        with self._lock:
            self._commit()
            if self._cursor is not None:
                self._cursor.connection.close()
                self._cursor = None


def open_database(database: str) -> sqlite3.Connection:
    """Open a database for writing events; what is missing of file, folder and tables is made.

    Raises
    ------
    sqlite3.Error
        It cannot be opened, or others kept it locked for a minute.
    """
    _make_folder(database)
    connection = sqlite3.connect(
        database, uri=True, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
    )
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            for statement in _SETTINGS:
                connection.execute(statement)
            with _transaction(connection):
                for statement in _LAYOUT:
                    connection.execute(statement)
        except sqlite3.OperationalError as error:
            # SQLite does not wait by itself where two processes change the journal mode at once.
            if "locked" not in str(error) or time.monotonic() > deadline:
                connection.close()
                raise
            time.sleep(0.01)
        else:
            return connection


def _insert(cursor: sqlite3.Cursor, rows: Sequence[Row], beyond: Mapping[int, Any]) -> None:
    """Insert events in one transaction; most often the end of a node and the start of the next."""
    if len(rows) <= _MOST_AT_ONCE and not beyond:
        _insert_rows(cursor, rows)
        return
    with _transaction(cursor.connection):
        for place, row in enumerate(rows):
            event = _insert_rows(cursor, [row])
            if place in beyond:
                cursor.execute(_INSERT_BEYOND, (event, _encoded(beyond[place])))


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _insert_rows(cursor: sqlite3.Cursor, rows: Sequence[Row]) -> int | None:
    """Insert rows with one statement, and return the number of the last one."""
    values = list(chain.from_iterable(rows))
    given = tuple([value is not None for value in values])
    cursor.execute(_insert_statement(given), list(compress(values, given)))
    return cursor.lastrowid


@lru_cache(maxsize=64)
def _insert_statement(given: Sequence[bool]) -> str:
    """Return the statement that inserts rows, with a parameter for each value that is not NULL."""
    marks = iter(["?" if is_given else "NULL" for is_given in given])
    rows = [", ".join(row) for row in zip(*[marks] * len(EWOKS_FIELDS), strict=True)]
    return f"INSERT INTO ewoks_events ({', '.join(EWOKS_FIELDS)}) VALUES ({'), ('.join(rows)})"  # noqa: S608


def _row(event: Event) -> Row:
    row = list(ewoks_values(event))
    if row[_ERROR] is not None:
        row[_ERROR] = int(row[_ERROR])
    for place in _URIS:
        uris = row[place]
        if uris is not None:
            row[place] = json.dumps(uris).encode() if uris else _NO_URIS
    return row


def _utf8(value: Any) -> Any:
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def _make_folder(database: str) -> None:
    path = unquote(urlsplit(database).path) if database.startswith("file:") else database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
