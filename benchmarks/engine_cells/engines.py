"""How each engine runs a graph: ours, and those of ewoks that are installed."""

import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from shapes import Document

Execute = Callable[..., Mapping[Any, Any]]

EWOKS_SQLITE = "ewokscore.events.handlers.Sqlite3EwoksEventHandler"


def find_engine(name: str) -> Execute:
    """Return what runs a graph and returns its outputs: with ``events``, a kind of handler and its file.

    Raises
    ------
    ImportError
        The engine is not installed.
    """
    if name == "ours":
        return _run_ours
    sys.setrecursionlimit(20_000)  # ewokscore walks a chain by recursion
    package, _, variant = name.partition(" ")
    if package == "ewokscore":
        from ewokscore import execute_graph

        return partial(_run_ewoks, execute_graph)
    if package == "ewoksdask":
        from ewoksdask import execute_graph as execute_in_dask

        scheduler = {"sequential": "sequential", "threads": "multithreading"}[variant]
        return partial(_run_ewoks, execute_in_dask, scheduler=scheduler)
    from ewoksppf import execute_graph as execute_in_ppf

    pool = {"pool_type": "thread", "scaling_workers": False, "max_workers": 2}
    return partial(_run_ewoks, execute_in_ppf, **(pool if variant == "threads" else {}))


def count_events(database: Path) -> int:
    """Return how many events are in a database."""
    with closing(sqlite3.connect(database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM ewoks_events").fetchone()
    return int(count)


def _run_ours(graph: Document, *, events: tuple[str, str] | None = None, **options: Any) -> Mapping[Any, Any]:
    from workflows import execute_graph
    from workflows.events.files import JsonLinesHandler
    from workflows.events.sqlite import SqliteHandler

    if events is None:
        return execute_graph(graph, **options)
    kind, path = events
    handlers = {"callback": lambda _: lambda _: None, "jsonl": JsonLinesHandler, "sqlite": SqliteHandler}
    return execute_graph(graph, events=[handlers[kind](path)], **options)


def _run_ewoks(
    execute: Execute, graph: Document, *, events: tuple[str, str] | None = None, **options: Any
) -> Mapping[Any, Any]:
    execinfo: Any = False
    if events is not None:
        handler = {"class": EWOKS_SQLITE, "arguments": [{"name": "uri", "value": f"file:{events[1]}"}]}
        execinfo = {"handlers": [handler]}
    return execute(graph, execinfo=execinfo, **options)
