"""Results by content: what ran before on the same inputs with the same code is not run again.

A store is a folder. Nothing in it needs this program to be read:

``records/<2 digits>/<key>.json``
    What ran on what, and what came out: see ``records``.
``values/<2 digits>/<digest>.json`` and ``.npy``
    Values that are too large for a record, and arrays: see ``value_files``.
``task_results/``
    The same in the layout of ewoks, if it was asked for: see ``ewoks_layout``.

Every file is written aside, brought to disk and renamed, the record last. So a
process that is killed, or a full disk, leaves either the whole result or
none, and any number of processes may use one store. Whatever is read is compared
with its digest; what differs counts as unknown.

What the store cannot see: the content of folders, files that other files refer
to (external links in HDF5), modules that the task's module imports, the network,
the time, random numbers. A task that depends on these is not for the store.
"""

from __future__ import annotations

import logging
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from workflows.store import pruning
from workflows.store.claims import make_claim
from workflows.store.errors import NotStorable
from workflows.store.files import file_states
from workflows.store.records import RECORDS, read_record, write_record
from workflows.store.value_files import read_value, value_path, write_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta
    from pathlib import Path

    from workflows.keys import InputKey
    from workflows.store.claims import Claim
    from workflows.tasks.task import Task

logger = logging.getLogger(__name__)

Outputs = dict[str, tuple[str, Any]]
"""For each output its content digest and value."""
Uris = tuple[str | None, dict[str, str]]
"""The URI of a node's result, and those of its outputs."""


class Layout(Protocol):
    """Another way to write the same results down, for programs of others."""

    def write(self, key: str, *, title: str, outputs: Outputs) -> None:
        """Write what this layout can hold.

        Raises
        ------
        OSError
            The disk is full or may not be written to.
        """

    def uris(self, key: str, digests: Mapping[str, str]) -> Uris:
        """Return the URIs of what was written; ``digests`` are those of the outputs."""

    def remove(self, keys: Iterable[str], outputs: Iterable[tuple[str, str]]) -> int:
        """Remove what was written for nodes and for outputs (name, digest); return the freed bytes."""


@dataclass(frozen=True)
class ResultStore:
    """A folder of results; it is made when the first one is written."""

    root: Path
    layout: Layout | None = None

    def claim(
        self,
        task_class: type[Task],
        inputs: Mapping[InputKey, Any],
        *,
        options: Mapping[str, Any] | None = None,
        title: str | None = None,
    ) -> Claim | None:
        """Read the code and the inputs of a node, just before it runs.

        ``options`` are those that the task will see; ``title`` is for people. None
        means that the node cannot be stored, and the log says why.
        """
        try:
            return make_claim(self, task_class, inputs, options=options, title=title)
        except NotStorable as error:
            logger.info("%s is not stored: %s", title or task_class.__name__, error)
            return None

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the outputs that were kept under a key.

        None if there are none, if anything of them is incomplete or damaged, or if
        a file that they speak of has changed. Large arrays are mapped, copy on write.
        """
        try:
            record = read_record(self.root, key)
            if file_states(record["files"]) != record["files"]:
                logger.info("The result %s is out of date: its files changed", key)
                return None
            outputs = {name: read_value(self.root, item) for name, item in record["outputs"].items()}
        except FileNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with a damaged record, it is a miss
            logger.warning("The result %s is not used: %s", key, error)
            return None
        with suppress(OSError):  # marks it as used, for the next prune; others may own the folder
            os.utime(value_path(self.root / RECORDS, key, ".json"))
        return outputs

    def uris(self, key: str) -> Uris:
        """Return the URIs of a kept result in the layout of others, as far as it is written there."""
        if self.layout is None:
            return None, {}
        try:
            outputs = read_record(self.root, key)["outputs"]
            return self.layout.uris(key, {name: item["digest"] for name, item in outputs.items()})
        except Exception:  # noqa: BLE001 -- as in get
            return None, {}

    def keep(self, claim: Claim, *, outputs: Outputs, files: Mapping[str, str]) -> None:
        """Write the outputs of a claimed node; use ``Claim.save``, which finds out about the files.

        Raises
        ------
        NotStorable
            An output would not come back the same.
        OSError
            The disk is full or may not be written to.
        """
        key = claim.key
        described = {name: write_value(self.root, value, digest) for name, (digest, value) in outputs.items()}
        self._write_layout(key, claim.title, outputs)
        record = {
            "key": key,
            "title": claim.title,
            "host": socket.gethostname(),
            "written_at": datetime.now(UTC).isoformat(),
            "task": claim.task,
            "inputs": claim.inputs,
            "input_files": claim.files,
            "files": files,
            "outputs": described,
        }
        write_record(self.root, record)

    def _write_layout(self, key: str, title: str, outputs: Outputs) -> None:
        try:
            if self.layout is not None:
                self.layout.write(key, title=title, outputs=outputs)
        except Exception:  # others read it, this store does not
            logger.exception("The result %s is not written for programs of others", key)

    def prune(self, *, max_bytes: int | None = None, older_than: timedelta | None = None) -> int:
        """Remove results, those first that were not used for longest; return the bytes that became free.

        ``older_than`` is the time since they were used last, ``max_bytes`` what the
        rest may take. Others may read and write meanwhile.
        """
        return pruning.prune(self, max_bytes=max_bytes, older_than=older_than)

    def clear(self) -> int:
        """Remove all results; return the bytes that became free."""
        return pruning.prune(self, max_bytes=0, older_than=None)
