"""Making room in a store while others use it.

The record goes first, then the values that no record speaks of any more. Values
and unfinished files of the last hour stay: their record may be about to come. A
writer that loses a value to a prune leaves a record that counts as unknown.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflows.store.durable import UNFINISHED
from workflows.store.records import RECORDS, read_record
from workflows.store.value_files import VALUES, value_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from pathlib import Path

    from workflows.store.store import ResultStore

_GRACE_S = 3600.0


@dataclass
class _Found:
    """A record, the files of values it speaks of, and its outputs with their digests."""

    path: Path
    used_at: float
    size: int
    values: set[str] = field(default_factory=set)
    outputs: set[tuple[str, str]] = field(default_factory=set)
    is_damaged: bool = False


def prune(store: ResultStore, *, max_bytes: int | None, older_than: timedelta | None) -> int:
    """Remove results; see ``ResultStore.prune``."""
    now = time.time()
    oldest = 0.0 if older_than is None else now - older_than.total_seconds()
    sizes = {path.name: size for path, _, size in _files(store.root / VALUES)}
    total = 0
    counted: set[str] = set()
    kept: list[_Found] = []
    removed: list[_Found] = []
    for found in sorted(_records(store.root), key=lambda record: -record.used_at):
        total += found.size + sum(sizes.get(name, 0) for name in found.values - counted)
        counted |= found.values
        too_much = max_bytes is not None and total > max_bytes
        (removed if found.is_damaged or too_much or found.used_at < oldest else kept).append(found)
    freed = sum(_remove(found.path) for found in removed)
    if store.layout is not None:
        outputs = set[tuple[str, str]]().union(*(found.outputs for found in removed))
        still_needed = set[tuple[str, str]]().union(*(found.outputs for found in kept))
        freed += store.layout.remove([found.path.stem for found in removed], outputs - still_needed)
    return freed + _remove_values(store.root, kept, written_before=now if max_bytes == 0 else now - _GRACE_S)


def _remove_values(root: Path, kept: list[_Found], *, written_before: float) -> int:
    needed = set[str]().union(*(found.values for found in kept))
    unneeded = [found for found in _files(root / VALUES, unfinished=True) if found[0].name not in needed]
    unneeded += [found for found in _files(root / RECORDS, unfinished=True) if found[0].suffix == UNFINISHED]
    return sum(_remove(path) for path, written_at, _ in unneeded if written_at <= written_before)


def _records(root: Path) -> Iterator[_Found]:
    for path, used_at, size in _files(root / RECORDS):
        found = _Found(path, used_at, size)
        try:
            for name, item in read_record(root, path.stem)["outputs"].items():
                found.values |= value_names(item)
                found.outputs.add((name, item["digest"]))
        except FileNotFoundError:
            continue
        except Exception:  # noqa: BLE001 -- whatever is wrong with it, it is of no use
            found.is_damaged = True
        yield found


def _files(folder: Path, *, unfinished: bool = False) -> Iterator[tuple[Path, float, int]]:
    """Yield the files of a folder with their times and sizes in bytes."""
    for path in folder.glob("*/*"):
        if unfinished or path.suffix != UNFINISHED:
            try:
                found = path.stat()
            except FileNotFoundError:
                continue
            yield path, found.st_mtime, found.st_size


def _remove(path: Path) -> int:
    """Remove a file; return how many bytes that frees."""
    try:
        size = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    return size
