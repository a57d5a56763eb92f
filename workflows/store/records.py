"""The record of a stored node: one JSON file that says what ran on what, and what came out.

``records/<2 digits>/<key>.json`` holds ``record`` and its content digest ``sha256``.
The record has

``key``
    Under which it is found; see ``claims``.
``title``, ``host``, ``written_at``
    For people.
``task``
    The identity of the code, see ``identity``.
``inputs``
    Pairs of input name (or position) and content digest.
``input_files``
    Texts in the inputs that name files, with the SHA-256 of these.
``files``
    The files that the task wrote, or that its outputs name: texts and SHA-256.
    The record counts only as long as they are there and unchanged.
``outputs``
    For each output the digest, those of the arrays in it, and its value, unless
    that is in a file of its own; see ``encoding`` and ``value_files``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workflows.store.content import content_digest
from workflows.store.durable import write_whole
from workflows.store.errors import NotStorable
from workflows.store.value_files import LARGEST_JSON_BYTES, Damaged, read_bounded, value_path

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = "records"


def write_record(root: Path, record: dict[str, Any]) -> None:
    """Write a record; whoever looks for its key sees the one before, or this one, and nothing between.

    Raises
    ------
    NotStorable
        The record would be larger than 256 MiB.
    OSError
        The disk is full or may not be written to.
    """
    # The text is the reference: it has lists where the record may have tuples.
    plain = json.loads(json.dumps(record, allow_nan=False))
    text = json.dumps({"sha256": content_digest(plain), "record": plain}, indent=1).encode()
    if len(text) > LARGEST_JSON_BYTES:
        raise NotStorable(f"the record would have {len(text)} bytes")
    path = value_path(root / RECORDS, record["key"], ".json")
    write_whole(path, lambda stream: stream.write(text))


def read_record(root: Path, key: str) -> dict[str, Any]:
    """Return the record of a key.

    Raises
    ------
    FileNotFoundError
        There is none.
    Exception
        Of any kind, when it is damaged.
    """
    document = read_bounded(value_path(root / RECORDS, key, ".json"))
    record: dict[str, Any] = document["record"]
    if content_digest(record) != document["sha256"] or record["key"] != key:
        raise Damaged(f"the record {key} is damaged")
    return record
