"""Values of a dataset on their way to a browser: which are chosen, and how they are written."""

import io
import re

import numpy as np
from h5grove.encoders import encode as encode_as_h5grove
from h5grove.encoders import orjson_encode
from h5grove.utils import QueryArgumentError, convert, is_numeric_data

from processing.nexus.node import Selection
from processing.nexus.reply import Refused, Reply, json_reply

__all__ = ["SHARES", "encode", "selection_of"]

SHARES = {"json": 4, "csv": 8}
"""By how much less may be asked for in a format of texts, which take more room and time than numbers."""

MAX_COLUMNS_DIMENSIONS = 2
_IMAGE_DIMENSIONS = 2
_MEMBER = re.compile(r"\s*(-?\d{1,19})\s*|\s*(-?\d{1,19})?\s*:\s*(-?\d{1,19})?\s*(?::\s*(\d{1,19})?\s*)?")


def selection_of(text: str) -> tuple[Selection, ...]:
    """Return the integers and slices of a selection as numpy writes it, such as ``0,:,2:8``.

    Raises
    ------
    Refused
        It is not one.
    """
    return tuple(map(_member, text.split(","))) if text.strip() else ()


def _member(text: str) -> Selection:
    found = _MEMBER.fullmatch(text)
    if not found:
        raise Refused(422, f"{text[:50]!r} is neither a number nor a slice")
    if found[1]:
        return int(found[1])
    return slice(*(int(part) if part else None for part in found.groups()[1:]))


def encode(values: np.ndarray, form: str, *, dtype: str, is_flat: bool) -> Reply:
    """Write values in a format.

    Parameters
    ----------
    form : "json", "bin", "csv", "npy" or "tiff"
    dtype : "origin" or "safe"
        ``safe`` is what a browser has a typed array for: little-endian, at most 64 bits.
    is_flat : bool
        Whether a list is written without the lists inside it; of JSON only.

    Raises
    ------
    Refused
        There is no such format, or it cannot hold these values.
    """
    try:
        values = convert(values, dtype)
    except QueryArgumentError as error:
        raise Refused(422, str(error)) from None
    if form == "json":
        return json_reply(values.ravel() if is_flat and values.ndim else values)
    if form == "bin" and not values.dtype.hasobject:
        return Reply(values.tobytes(), "application/octet-stream")
    if form in ("csv", "npy", "tiff") and is_numeric_data(values):
        return _file(values, form)
    raise Refused(422, f"Values of type {values.dtype} cannot be had as {form[:20]!r}")


def _file(values: np.ndarray, form: str) -> Reply:
    if form == "csv":
        return Reply(_csv(values), "text/csv; charset=utf-8", attachment=form)
    if form == "tiff" and values.ndim != _IMAGE_DIMENSIONS:
        raise Refused(422, "An image has two dimensions: choose a slice")
    encoded = encode_as_h5grove(values, form)
    return Reply(encoded.content, encoded.headers["Content-Type"], attachment=form)


def _csv(values: np.ndarray) -> bytes:
    """Write one line for each value, or for each row, with the fewest digits that give the same number."""
    if values.ndim > MAX_COLUMNS_DIMENSIONS or values.dtype.kind == "c":
        raise Refused(422, "A table has one or two dimensions of real numbers: choose a slice")
    rows = convert(np.atleast_1d(values), "safe")
    if rows.dtype.kind == "f" and not np.isfinite(rows).all():  # JSON has no word for these
        with io.StringIO() as text:
            np.savetxt(text, rows, delimiter=",", fmt=f"%.{np.finfo(rows.dtype).precision + 2}g")
            return text.getvalue().encode()
    written = orjson_encode(rows.view("u1") if rows.dtype.kind == "b" else rows)
    lines = written[1:-1].replace(b",", b"\n") if rows.ndim == 1 else written[2:-2].replace(b"],[", b"\n")
    return lines + b"\n"
