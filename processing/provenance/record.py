"""The record of one run: taken while it runs, the single source of everything told about it later."""

import hashlib
import json
import os
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import distributions, version
from pathlib import Path

__all__ = ["FileRecord", "canonical_json", "environment", "hash_file", "record_of", "sha256_of"]

_BLOCK_BYTES = 1 << 20

FileRecord = dict[str, object]


def hash_file(path: Path, *, name: str) -> FileRecord:
    """Return name, size in bytes and sha256 of a file, read once, block by block."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    return {"name": name, "size_bytes": size, "sha256": digest.hexdigest()}


def canonical_json(document: object) -> str:
    """Return the one text of a JSON document: keys sorted, no blanks."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_of(text: str) -> str:
    """Return the sha256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def environment() -> tuple[str, ...]:
    """Return every installed distribution as ``name==version``, sorted."""
    return tuple(sorted({f"{dist.name}=={dist.version}" for dist in distributions()}, key=str.lower))


def record_of(
    *,
    job_id: str,
    attempt: int,
    workflow: Mapping[str, object],
    parameters: list[dict[str, object]],
    input_files: list[FileRecord],
    nodes: list[dict[str, object]],
    started_at: datetime,
) -> dict[str, object]:
    """Put together what is known at the end of a run, as a JSON document.

    ``nodes`` are mappings with ``id``, ``task``, ``state``, ``started_at``, ``ended_at``.
    """
    return {
        "program": "reprise",
        "version": version("reprise"),
        "job_id": job_id,
        "attempt": attempt,
        "workflow": workflow,
        "workflow_sha256": sha256_of(canonical_json(workflow)),
        "parameters": parameters,
        "input_files": input_files,
        "nodes": nodes,
        "started_at": started_at.isoformat(timespec="milliseconds"),
        "ended_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "host": platform.node(),
        "process_id": os.getpid(),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "environment": list(environment()),
    }
