"""Reading stored events back, and following a run while it goes on."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.errors import InputError
from workflows.events.sources import JsonLinesSource, SqliteSource
from workflows.events.stream import FIELDS
from workflows.keys import json_node_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SQLITE = b"SQLite format 3\x00"


def read_events(path: str | Path, *, since: int = 0, **filters: Any) -> Iterator[dict[str, Any]]:
    """Yield the events in a file of JSON lines or in an SQLite database, in the order of writing.

    An event has the form of ``Event.as_dict``. Its ``number`` is the place
    among the stored events of its job, from 1: given as ``since`` with the
    ``job_id``, what comes after it is read. ``filters`` are fields and their
    values, as ``job_id="..."``, ``context="node"``, ``state="failed"``. A
    database may have been written by ewoks.

    Raises
    ------
    InputError
        There is no such file or no such field; ``since`` without a ``job_id``; the
        file has been damaged.
    """
    reader = _Reader(Path(path), since=since, filters=filters)
    if not reader.path.is_file():
        raise InputError(f"there is no file {reader.path} to read events from")
    return reader.news()


def follow_events(
    path: str | Path,
    *,
    stop: Callable[[], bool],
    since: int = 0,
    interval_s: float = 0.1,
    **filters: Any,
) -> Iterator[dict[str, Any]]:
    """Yield events as ``read_events`` does, then those that come, until ``stop`` returns true.

    The file need not exist yet. What was there when ``stop`` turned true is
    still yielded; nothing is read twice.

    Raises
    ------
    InputError
        As ``read_events``.
    """
    reader = _Reader(Path(path), since=since, filters=filters)

    def follow() -> Iterator[dict[str, Any]]:
        last_time = False
        while not last_time:
            last_time = stop()
            yield from reader.news()
            if not last_time:
                time.sleep(interval_s)

    return follow()


class _Reader:
    """Knows which events have been read already."""

    def __init__(self, path: Path, *, since: int, filters: dict[str, Any]) -> None:
        unknown = sorted(filters.keys() - set(FIELDS))
        if unknown:
            raise InputError(f"events have no field {unknown[0]!r}: they have {', '.join(FIELDS)}")
        if since and filters.get("job_id") is None:
            raise InputError("'since' counts the events of one job: give its job_id too")
        if isinstance(filters.get("node_id"), tuple):
            filters = filters | {"node_id": json_node_id(filters["node_id"])}
        self.path = path
        self._since = since
        self._filters = filters
        self._source: JsonLinesSource | SqliteSource | None = None
        self._numbers: Counter[str | None] = Counter()

    def news(self) -> Iterator[dict[str, Any]]:
        """Yield the events that match, of those that were written since the last call."""
        if self._source is None:
            self._source = self._find_source()
            if self._source is None:
                return
        for event in self._source.news():
            self._numbers[event["job_id"]] += 1
            event["number"] = self._numbers[event["job_id"]]
            if event["number"] > self._since and self._filters.items() <= event.items():
                yield event

    def _find_source(self) -> JsonLinesSource | SqliteSource | None:
        if not self.path.is_file():
            return None
        with self.path.open("rb") as file:
            start = file.read(len(_SQLITE))
        if not start:
            return None
        source = SqliteSource if start == _SQLITE else JsonLinesSource
        return source(self.path, job_id=self._filters.get("job_id"))
