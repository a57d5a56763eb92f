"""The content of numpy arrays and scalars, which are read in place."""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING, Any

from workflows.store.errors import NotStorable
from workflows.store.parts import digest_part, part

if TYPE_CHECKING:
    import numpy as np

    Described = tuple[bytes, list[Any]]

PLAIN_KINDS = "biufcmMSUV"
"""The kinds of dtypes whose bytes are their content."""


def array_element(value: Any, texts: set[str]) -> bytes | Described | None:
    """Return the part of an array or a numpy scalar; None when it is something else.

    What has fields or holds Python objects is returned as a description and its
    elements. Texts are added to ``texts``. The order in memory does not count; dtype (with byte order) and
    shape do. A memory-mapped array is equal to one in memory.

    Raises
    ------
    NotStorable
        The dtype is not one of those whose content is known.
    """
    import numpy as np  # noqa: PLC0415 -- numpy is optional

    if type(value) in (np.ndarray, np.memmap):
        return _read(np.asarray(value), b"A", texts)
    if isinstance(value, np.generic):
        return _read(np.asarray(value), b"n", texts)
    return None


def is_plain_array(value: Any) -> bool:
    """Tell whether an ``.npy`` file gives back the same array without pickle."""
    np = sys.modules.get("numpy")
    return np is not None and type(value) in (np.ndarray, np.memmap) and _survives(value.dtype)


def is_plain_scalar(value: Any) -> bool:
    """Tell whether a numpy scalar is known from its bytes and the code of its dtype."""
    np = sys.modules.get("numpy")
    is_scalar = np is not None and isinstance(value, np.generic)
    return is_scalar and value.dtype.names is None and value.dtype.kind in PLAIN_KINDS


def _survives(dtype: np.dtype) -> bool:
    import numpy as np  # noqa: PLC0415 -- numpy is optional

    if dtype.hasobject or dtype.metadata or (dtype.names is None and dtype.kind not in PLAIN_KINDS):
        return False
    return dtype.names is None or np.lib.format.descr_to_dtype(np.lib.format.dtype_to_descr(dtype)) == dtype


def _read(array: np.ndarray, tag: bytes, texts: set[str]) -> bytes | Described:
    dtype = array.dtype
    head = part(tag, repr((_described(dtype), array.shape)).encode())
    if dtype.names is not None:
        return head, [array[name] for name in dtype.names]
    if dtype.kind == "O":
        return head, array.ravel(order="C").tolist()
    if dtype.kind not in PLAIN_KINDS:
        raise NotStorable(f"the content of arrays of the type {dtype} is not known")
    if dtype.kind in "US":
        texts.update(os.fsdecode(item) for item in array.ravel().tolist())
    return _digest(array, head)


def _described(dtype: np.dtype) -> Any:
    """Describe a dtype by its code, which contains the byte order; one with fields by these."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return (_described(base), shape)
    if dtype.fields is None or dtype.names is None:
        return dtype.str
    parts = [(name, _described(dtype.fields[name][0]), dtype.fields[name][1:]) for name in dtype.names]
    return (parts, dtype.itemsize)


def _digest(array: np.ndarray, head: bytes) -> bytes:
    import numpy as np  # noqa: PLC0415 -- numpy is optional

    hashed = hashlib.sha256(head)
    if array.nbytes and array.flags.c_contiguous:
        hashed.update(array.reshape(-1).view(np.uint8).data)
    elif array.nbytes:
        pieces = np.nditer(array, flags=["external_loop", "buffered"], order="C", buffersize=1 << 16)
        for piece in pieces:
            hashed.update(np.asarray(piece).tobytes())
    return digest_part(hashed)
