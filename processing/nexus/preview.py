"""The default plot of a file, small enough for a page: a curve as points, an image as a picture."""

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np

from processing.nexus.guard import H5Reader, Node
from processing.nexus.picture import picture_of
from workflows import InputError

__all__ = ["plot_of"]

MAX_HOPS = 16
"""How many groups one after the other may name a default."""

MAX_COLUMNS = 1000
"""A longer curve is drawn by the smallest and the largest value of each of so many pieces."""

MIN_POINTS = 2


def plot_of(file: H5Reader, path: str, *, frame: int = 0, max_bytes: int) -> dict[str, Any]:
    """Return what an object plots: itself when it is a dataset, else its default NXdata.

    The answer is fit for JSON. Its ``kind`` is "curve" (``points``, a list of [x, y]; ``x``, ``y``:
    name and unit; ``low`` and ``high`` of y), "image" (``png`` in base64; ``rows``, ``columns``; ``low``
    and ``high``: what the ends of the colours stand for) or "none" with a ``reason``. ``n_frames`` is how
    many curves or images there are, ``frame`` which one of them it is, ``path`` the dataset's.
    """
    try:
        group, signal = _signal(file.glance(path))
        return _plot(group, signal, frame, max_bytes)
    except InputError as problem:
        return {"kind": "none", "reason": problem.message}


def _signal(node: Node) -> tuple[Node | None, Node]:
    """Return the NXdata, unless a dataset was asked for itself, and the dataset to plot."""
    if node.is_dataset:
        return None, node
    for group in _defaults(node):
        signal = group.attribute("signal")
        if isinstance(signal, str):
            return group, group[signal]
        if group.attribute("NX_class") == "NXdata" and "data" in group.names():
            return group, group["data"]
    raise InputError("This file names no plot here: choose a dataset below")


def _defaults(node: Node) -> Iterator[Node]:
    """Yield a group, its default, the default of that one ..."""
    for _ in range(MAX_HOPS):
        yield node
        default = node.attribute("default")
        if not isinstance(default, str) or not default:
            return
        node = node[default]


def _plot(group: Node | None, signal: Node, frame: int, max_bytes: int) -> dict[str, Any]:
    found = signal.found
    if not signal.is_dataset or not found.shape or found.dtype.kind not in "biuf" or 0 in found.shape:
        raise InputError(f"{signal.path} is not a curve or an image: its values are below")
    is_spectrum = signal.attribute("interpretation") in ("spectrum", "scalar")
    n_shown = 1 if is_spectrum or len(found.shape) == 1 else 2
    outer, inner = found.shape[: len(found.shape) - n_shown], found.shape[len(found.shape) - n_shown :]
    n_frames = int(np.prod(outer, dtype=object))
    frame = min(max(frame, 0), n_frames - 1)
    place = [int(index) for index in np.unravel_index(frame, outer)] if outer else []
    if signal.bytes_of(inner) > max_bytes:
        raise InputError(f"{signal.path} is too large for a picture here: download the file")
    values = signal.read(*place)
    common = {"path": signal.path, "frame": frame, "n_frames": n_frames, "y": _named(signal)}
    if n_shown == 1:
        return {**common, **_curve(values, *_axis(group, len(found.shape) - 1, values.shape[0]))}
    png, low, high = picture_of(values)
    rows, columns = inner
    encoded = base64.b64encode(png).decode()
    return {
        **common,
        "kind": "image",
        "png": encoded,
        "low": low,
        "high": high,
        "rows": rows,
        "columns": columns,
    }


def _axis(group: Node | None, dimension: int, n: int) -> tuple[np.ndarray, dict[str, str]]:
    """Return the coordinates along a dimension of the signal; the index where the file gives none."""
    axes = group.attribute("axes") if group else None
    names = [axes] if isinstance(axes, str) else axes if isinstance(axes, list) else []
    # Fewer axes than dimensions are those of the last ones.
    place = dimension - max(0, dimension + 1 - len(names))
    name = names[place] if names else "."
    axis = group.get(name) if group and name != "." else None
    if axis is None or not axis.is_dataset or axis.found.shape != (n,) or axis.found.dtype.kind not in "biuf":
        return np.arange(n, dtype=float), {"label": "index", "unit": ""}
    return axis.read().astype(float), _named(axis)


def _named(node: Node) -> dict[str, str]:
    label = node.attribute("long_name") or node.path.rpartition("/")[2]
    return {"label": str(label)[:100], "unit": str(node.attribute("units") or "")[:50]}


def _curve(values: np.ndarray, x: np.ndarray, named: dict[str, str]) -> dict[str, Any]:
    y = values.astype(float)
    is_drawn = np.isfinite(x) & np.isfinite(y)
    x, y = x[is_drawn], y[is_drawn]
    if len(x) < MIN_POINTS:
        raise InputError("There are fewer than two points to draw")
    low, high = float(y.min()), float(y.max())
    keep = _extremes(y)
    points = np.stack([x[keep], y[keep]], axis=1).tolist()
    return {"kind": "curve", "points": points, "n_points": len(x), "x": named, "low": low, "high": high}


def _extremes(y: np.ndarray) -> np.ndarray:
    """Return the places of the smallest and largest value of each piece, so that no peak is lost."""
    if len(y) <= 2 * MAX_COLUMNS:
        return np.arange(len(y))
    pieces = np.array_split(y, MAX_COLUMNS)
    starts = np.cumsum([0, *map(len, pieces[:-1])])
    pairs = zip(starts, pieces, strict=True)
    return np.unique([start + place for start, piece in pairs for place in (piece.argmin(), piece.argmax())])
