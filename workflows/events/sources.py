"""The two kinds of files that events are read from. Each source remembers how far it has read."""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from workflows.errors import InputError
from workflows.events.ewoks_form import from_ewoks
from workflows.events.stream import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

ROWS_OF_JOB = """
    SELECT min(rowid), max(rowid), sum(CASE type WHEN 'start' THEN 1 ELSE -1 END)
    FROM ewoks_events WHERE job_id = ? AND context = 'job'"""
"""Where a job begins and where it ends, and how often it has been started without an end."""

_LAST = 2**63 - 1
_AT_ONCE = 1000
_PATIENCE_S = 60.0


class JsonLinesSource:
    """Reads a file of JSON lines, from where it stopped before."""

    def __init__(self, path: Path, *, job_id: str | None) -> None:
        self._path = path
        self._job_id = job_id
        self._offset = 0

    def news(self) -> Iterator[dict[str, Any]]:
        """Yield the events of all, or of one job; a line that is not an event is logged and left out."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):  # somebody is writing it
                    return
                self._offset += len(line)
                event = self._parse(line)
                if event is not None and self._job_id in {None, event["job_id"]}:
                    yield event

    def _parse(self, line: bytes) -> dict[str, Any] | None:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = None
        if isinstance(event, dict) and isinstance(event.get("job_id"), str | None):
            return dict.fromkeys(FIELDS) | event
        logger.warning("%s: the line that ends at byte %d is not an event", self._path, self._offset)
        return None


class SqliteSource:
    """Reads the table of ewoks, from the row where it stopped before, without blocking those who write."""

    def __init__(self, path: Path, *, job_id: str | None) -> None:
        self._path = path
        self._job_id = job_id
        self._row = 0
        self._nodes: dict[tuple[str, str], dict[str, Any]] = {}

    def news(self) -> Iterator[dict[str, Any]]:
        """Yield the events of all, or of one job."""
        try:
            with closing(self._connect()) as connection:
                while rows := self._next_rows(connection):
                    for row in rows:
                        self._row = row["event"]
                        yield self._event_of(row)
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            raise InputError(f"{self._path} is not a database of events: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        address = f"file:{quote(str(self._path.absolute()))}?mode=ro"
        connection = sqlite3.connect(address, uri=True, timeout=_PATIENCE_S)
        connection.row_factory = sqlite3.Row
        return connection

    def _next_rows(self, connection: sqlite3.Connection) -> list[sqlite3.Row]:
        known = {row["name"] for row in connection.execute("SELECT name FROM sqlite_master")}
        if "ewoks_events" not in known:
            return []
        beyond = "LEFT JOIN ewoks_events_beyond AS beyond ON beyond.event = events.rowid"
        has_beyond = "ewoks_events_beyond" in known
        query = f"""
            SELECT events.rowid AS event, events.*, {"beyond.fields" if has_beyond else "NULL"} AS beyond
            FROM ewoks_events AS events {beyond if has_beyond else ""}
            WHERE {"" if self._job_id is None else "events.job_id = ? AND"} events.rowid BETWEEN ? AND ?
            ORDER BY events.rowid LIMIT {_AT_ONCE}"""  # noqa: S608 -- constants
        if self._job_id is None:
            return connection.execute(query, (self._row + 1, _LAST)).fetchall()
        first, last = self._rows_of_job(connection) if "ewoks_events_jobs" in known else (0, _LAST)
        return connection.execute(query, (self._job_id, max(self._row + 1, first), last)).fetchall()

    def _rows_of_job(self, connection: sqlite3.Connection) -> tuple[int, int]:
        """Return between which rows the events of the job are; its own start and end are in an index."""
        first, last, n_open = connection.execute(ROWS_OF_JOB, (self._job_id,)).fetchone()
        if first is None:  # nothing tells where it begins
            return 0, _LAST
        return first, _LAST if n_open else last

    def _event_of(self, row: sqlite3.Row) -> dict[str, Any]:
        form = {name: _value(row[name]) for name in row.keys()}  # noqa: SIM118 -- a Row iterates over values
        for name in ("input_uris", "output_uris"):
            form[name] = json.loads(form[name] or "null")
        beyond = json.loads(form["beyond"] or "{}")
        if form["context"] == "node":
            node = form["job_id"], form["node_id"]
            if form["type"] == "start":
                self._nodes[node] = beyond
            take = self._nodes.pop if form["type"] == "end" else self._nodes.get
            beyond = {**take(node, {}), **beyond}
        return from_ewoks(form, beyond)


def _value(value: Any) -> Any:
    """Undo what ewoks does: it writes None as the bytes ``null``."""
    if isinstance(value, bytes):
        value = value.decode()
        return None if value == "null" else value
    return value
