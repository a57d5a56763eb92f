"""Look into an HDF5 file one object at a time, for a page that shows its tree."""

from dataclasses import dataclass, field
from itertools import islice
from math import isfinite
from typing import Any

import h5py
import numpy as np

from processing.nexus.guard import H5Reader, Node
from workflows import InputError

MAX_CHILDREN = 1000
MAX_OPEN_FILES = 50
MAX_ATTRIBUTES = 200
MAX_VALUES = 20
MAX_TEXT = 1000
PREVIEW_BYTES = 1 << 26


@dataclass(frozen=True)
class Child:
    """One line of a group: name, kind ("group", "dataset", "type" or "broken"), shape, dtype.

    A broken child says in ``problem`` why it cannot be reached.
    """

    name: str
    kind: str
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    problem: str = ""


@dataclass(frozen=True)
class Entity:
    """One object of a file.

    ``children`` are those of a group, at most 1000, and ``more`` how many there are besides.
    ``values`` are the first 20 numbers or texts of a dataset; ``problem`` says why there are
    none.  All of it is fit for JSON.
    """

    path: str
    kind: str
    attributes: dict[str, Any] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)
    more: int = 0
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    chunks: tuple[int, ...] | None = None
    compression: str | None = None
    unit: str = ""
    values: list[Any] = field(default_factory=list)
    problem: str = ""


def describe(file: H5Reader, h5path: str = "/") -> Entity:
    """Describe one object of an HDF5 file and, of a group, its children.

    Raises
    ------
    InputError
        The object cannot be reached or is outside the roots.
    """
    node = file.glance(h5path)
    shown = node.attribute_names(most=MAX_ATTRIBUTES)
    attributes = {name: json_safe(node.attribute(name)) for name in shown}
    if node.is_group:
        n_children, names = len(node.found), list(islice(node.names(), MAX_CHILDREN))
        children = [_child(file, h5path, name) for name in names]  # from here on the node may be closed
        return Entity(h5path, "group", attributes, children, n_children - len(children))
    if not node.is_dataset:
        return Entity(h5path, "type", attributes, dtype=_type_name(node.found.dtype))
    dataset = node.found
    values, problem = _preview(node)
    return Entity(
        h5path,
        "dataset",
        attributes,
        shape=dataset.shape,
        dtype=_type_name(dataset.dtype),
        chunks=dataset.chunks,
        compression=_compression(dataset),
        unit=str(attributes.get("units", "")),
        values=values,
        problem=problem,
    )


def json_safe(value: object) -> Any:
    """Turn what h5py returns into text, numbers, booleans, None and lists of them.

    Numbers that JSON has no word for (NaN, infinity) become texts.
    """
    if isinstance(value, bytes):
        return value.decode(errors="replace")[:MAX_TEXT]
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind in "biufSUO":
        return json_safe(value.tolist())
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value[:MAX_TEXT]]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:MAX_TEXT]


def _child(file: H5Reader, group: str, name: str) -> Child:
    """Describe one child; many may each be in a file of their own, so these are closed again."""
    try:
        node = file.glance(f"{group}/{name}")
        if node.is_dataset:
            return Child(name, "dataset", node.found.shape, _type_name(node.found.dtype))
        return Child(name, "group" if node.is_group else "type")
    except InputError as error:
        return Child(name, "broken", problem=error.message)
    finally:
        file.close_linked(more_than=MAX_OPEN_FILES)


def _type_name(dtype: np.dtype) -> str:
    """Return the name of a type for people: numpy calls every text an object."""
    return "text" if h5py.check_string_dtype(dtype) else str(dtype)


def _preview(node: Node) -> tuple[list[Any], str]:
    """Return the first values of a dataset, or why there are none."""
    shape = node.found.shape
    if shape is None or 0 in shape:
        return [], "empty"
    selection: list[int | slice] = [0] * (len(shape) - 1)
    if shape:
        selection.append(slice(MAX_VALUES))
    try:
        read = node.read(*selection, max_bytes=PREVIEW_BYTES)
    except InputError as error:
        return [], error.message
    safe = json_safe(read)
    return (safe if isinstance(safe, list) else [safe]), ""


def _compression(dataset: h5py.Dataset) -> str | None:
    """Name the filters a dataset goes through, as the file spells them."""
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(index) for index in range(properties.get_nfilters())]
    return (
        ", ".join(item[3].decode(errors="replace").partition(";")[0] or str(item[0]) for item in filters)
        or None
    )
