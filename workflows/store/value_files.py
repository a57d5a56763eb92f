"""The values of a store, in files that are named by their content digests.

``values/<2 digits>/<digest>.npy`` is an array, ``values/<2 digits>/<digest>.json``
any other value that is too large for the record that speaks of it.
"""

from __future__ import annotations

import json
import logging
import os
import re
from typing import TYPE_CHECKING, Any

from workflows.store.content import content_digest
from workflows.store.durable import write_whole
from workflows.store.encoding import Encoder, decode
from workflows.store.errors import NotStorable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    import numpy as np

logger = logging.getLogger(__name__)

VALUES = "values"
_INLINE_BYTES = 16 << 10
LARGEST_JSON_BYTES = 256 << 20
_MAPPED_BYTES = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Damaged(Exception):
    """A file of the store does not say what it must."""


def value_path(root: Path, digest: str, suffix: str) -> Path:
    """Return where a value, or the record of a key, has its file.

    Raises
    ------
    Damaged
        It is not a digest.
    """
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise Damaged(f"{digest!r} is not a digest")
    return root / digest[:2] / f"{digest}{suffix}"


def write_value(root: Path, value: Any, digest: str) -> dict[str, Any]:
    """Keep a value and return what a record says of it.

    Raises
    ------
    NotStorable
        It would not come back the same, or is larger than 256 MiB without its arrays.
    OSError
        The disk is full or may not be written to.
    """
    encoder = Encoder(digest)
    encoded = encoder.encode(value)
    text = json.dumps(encoded, allow_nan=False, separators=(",", ":"))
    if len(text) > LARGEST_JSON_BYTES:
        raise NotStorable(f"a value of {len(text)} bytes as JSON is too large to be stored")
    values = root / VALUES
    for array_digest, array in encoder.arrays.items():
        _write_once(value_path(values, array_digest, ".npy"), _npy_writer(array))
    described = {"digest": digest, "arrays": sorted(encoder.arrays)}
    if len(text) <= _INLINE_BYTES:
        return described | {"value": encoded}
    _write_once(value_path(values, digest, ".json"), lambda stream: stream.write(text.encode()))
    return described


def read_value(root: Path, described: dict[str, Any]) -> Any:
    """Return a value that is proven, by its digest, to be what was stored.

    Arrays of more than 1 MiB are mapped from their files, copy on write: whoever
    changes them changes neither the store nor what others see.

    Raises
    ------
    Exception
        Of any kind, when something is not there or not what it was. Damaged
        files are removed, so that they can be written again.
    """
    values = root / VALUES
    inline = "value" in described
    encoded = described["value"] if inline else _read_json(value_path(values, described["digest"], ".json"))
    value = decode(encoded, lambda digest: _read_array(value_path(values, digest, ".npy")))
    if content_digest(value) == described["digest"]:
        return value
    for digest in described["arrays"]:
        path = value_path(values, digest, ".npy")
        if content_digest(_read_array(path)) != digest:
            path.unlink(missing_ok=True)
    if not inline:
        value_path(values, described["digest"], ".json").unlink(missing_ok=True)
    raise Damaged(f"the value {described['digest']} is damaged")


def value_names(described: dict[str, Any]) -> set[str]:
    """Return the names of the files that a value is kept in, from what a record says of it."""
    names = {f"{digest}.npy" for digest in described["arrays"]}
    return names if "value" in described else names | {f"{described['digest']}.json"}


def read_bounded(path: Path) -> Any:
    """Read a JSON file of a bounded size."""
    with path.open("rb") as stream:
        text = stream.read(LARGEST_JSON_BYTES + 1)
    if len(text) > LARGEST_JSON_BYTES:
        raise Damaged(f"{path} is too large")
    return json.loads(text)


def _write_once(path: Path, write: Callable[[BinaryIO], object]) -> None:
    try:
        os.utime(path)  # needed again, so the next prune spares it
    except FileNotFoundError:
        write_whole(path, write)
    except PermissionError:
        logger.debug("%s belongs to somebody else", path)


def _npy_writer(array: np.ndarray) -> Callable[[BinaryIO], object]:
    import numpy as np  # noqa: PLC0415 -- numpy is optional

    return lambda stream: np.lib.format.write_array(stream, array, allow_pickle=False)


def _read_json(path: Path) -> Any:
    try:
        return read_bounded(path)
    except (ValueError, RecursionError, Damaged):
        path.unlink(missing_ok=True)
        raise


def _read_array(path: Path) -> np.ndarray:
    """Map an array: no pickle, and a header that promises more than the file holds takes no memory."""
    import numpy as np  # noqa: PLC0415 -- numpy is optional

    try:
        array = np.asarray(np.lib.format.open_memmap(path, mode="c"))
    except OSError:
        raise
    except Exception:
        path.unlink(missing_ok=True)
        raise
    return array if array.nbytes > _MAPPED_BYTES else array.copy(order="K")
