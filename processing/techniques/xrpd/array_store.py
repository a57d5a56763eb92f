"""A bounded folder of named arrays that several processes share through memory maps.

Each entry is a folder of ``.npy`` files.  It is written beside and renamed, so that it is
there whole or not at all; it is checked by its checksums when it is loaded, because the
arrays go into code that does not check indices; and the least recently used entries are
removed when the folder grows over its limit.
"""

import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

import numpy as np

META = "meta.json"
STAGED = ".new-"
STAGED_LIFE_S = 3600


@dataclass(frozen=True)
class ArrayStore:
    """Arrays kept under keys in ``folder``, at most ``max_bytes`` in all."""

    folder: Path
    max_bytes: int = 2 << 30

    def __contains__(self, key: str) -> bool:
        return (self.folder / key / META).exists()

    def load(self, key: str) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Map the arrays of an entry into memory; None if it is absent or, now removed, was damaged.

        The arrays are private to this process when written to (copy on write), and their
        pages are shared with every other process as long as they are not.
        """
        entry = self.folder / key
        try:
            meta = json.loads((entry / META).read_text())
            arrays = {name: np.load(entry / f"{name}.npy", mmap_mode="c") for name in meta["checksums"]}
            if all(_checksum(array) == meta["checksums"][name] for name, array in arrays.items()):
                os.utime(entry)
                return arrays, meta["values"]
        except (OSError, ValueError, KeyError, TypeError):
            pass
        shutil.rmtree(entry, ignore_errors=True)
        return None

    def save(self, key: str, arrays: Mapping[str, np.ndarray], values: Mapping[str, Any]) -> None:
        """Keep arrays and small JSON values; a full disk or a second writer is no error."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            staged = Path(tempfile.mkdtemp(prefix=STAGED, dir=self.folder))
        except OSError:
            return
        try:
            for name, array in arrays.items():
                np.save(staged / f"{name}.npy", array, allow_pickle=False)
            checksums = {name: _checksum(array) for name, array in arrays.items()}
            (staged / META).write_text(json.dumps({"checksums": checksums, "values": dict(values)}))
            shutil.rmtree(self.folder / key, ignore_errors=True)
            staged.rename(self.folder / key)
        except OSError:
            shutil.rmtree(staged, ignore_errors=True)
        self._prune(keep=key)

    def _prune(self, keep: str) -> None:
        """Remove what a killed process left, and the longest unused entries until the rest fits."""
        entries = []
        for entry in self.folder.iterdir():
            with suppress(OSError):  # another process may be removing it
                used = entry.stat().st_mtime
                if not entry.name.startswith(STAGED):
                    entries.append((used, _size(entry), entry))
                elif time() - used > STAGED_LIFE_S:
                    shutil.rmtree(entry, ignore_errors=True)
        total = 0
        for _, size, entry in sorted(entries, reverse=True):
            total += size
            if total > self.max_bytes and entry.name != keep:
                shutil.rmtree(entry, ignore_errors=True)


def _size(entry: Path) -> int:
    return sum(file.stat().st_size for file in entry.iterdir())


def _checksum(array: np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(array).data)
