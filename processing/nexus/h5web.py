"""The five questions that h5web asks a server of HDF5 files, as h5grove answers them.

h5grove's own objects follow every link and read whatever a dataset names, so here the guard finds the
objects, one step at a time, and h5grove only describes and encodes what was found. Every answer is
bounded: children, paths, attributes by number, values by their size in memory, before they are read.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import h5py
import numpy as np
from h5grove.utils import attr_metadata, get_array_stats, get_filters, get_type_metadata, is_numeric_data

from processing.nexus.encode import SHARES, encode, selection_of
from processing.nexus.guard import H5Reader, Node
from processing.nexus.reply import Refused, Reply, json_reply
from workflows import InputError

__all__ = ["QUESTIONS"]

MAX_CHILDREN = 1000
MAX_PATHS = 10_000
MAX_ATTRIBUTES = 1000
MAX_OPEN_FILES = 50

Query = Mapping[str, Sequence[str]]


def meta(file: H5Reader, query: Query, max_bytes: int) -> Reply:  # noqa: ARG001 - all are asked alike
    """Describe one object: its type, shape and attributes; of a group its first 1000 children."""
    path = _path(query)
    node = file.glance(path)
    described = _described(node, _name(path))
    if node.is_group:
        links = [(name, _link(node.found, name)) for name in islice(node.names(), MAX_CHILDREN)]
        described["children"] = [_child(file, path, *link) for link in links]
    return json_reply(described)


def attr(file: H5Reader, query: Query, max_bytes: int) -> Reply:  # noqa: ARG001 - all are asked alike
    """Give the values of attributes: all, or those of ``attr_keys``."""
    node = file.glance(_path(query))
    wanted = query.get("attr_keys")
    names = [name for name in node.attribute_names(most=MAX_ATTRIBUTES) if wanted is None or name in wanted]
    return json_reply(dict(_attribute_values(node, names)))


def data(file: H5Reader, query: Query, max_bytes: int) -> Reply:
    """Give values of a dataset: the ``selection``, in a ``format`` (json, bin, csv, npy, tiff)."""
    form = _first(query, "format", "json")
    node = file[_path(query)]
    if node.is_dataset and node.found.shape is None and form == "json":
        return json_reply(None)
    values = _values(node, _first(query, "selection"), max_bytes // SHARES.get(form, 1))
    is_flat = _first(query, "flatten", "false").lower() != "false"
    return encode(values, form, dtype=_first(query, "dtype", "origin"), is_flat=is_flat)


def stats(file: H5Reader, query: Query, max_bytes: int) -> Reply:
    """Give minimum, maximum, mean and deviation of the finite values."""
    values = _values(file[_path(query)], _first(query, "selection"), max_bytes)
    if not is_numeric_data(values) or values.dtype.kind == "c":
        raise Refused(422, f"The values of {_path(query)} are not real numbers")
    return json_reply(get_array_stats(values[np.isfinite(values)]))


def paths(file: H5Reader, query: Query, max_bytes: int) -> Reply:  # noqa: ARG001 - all are asked alike
    """List what is below a group, links to elsewhere not followed; the first 10,000 of it."""
    path = _path(query)
    node = file[path]
    if not node.is_group:
        raise Refused(422, f"{path} is not a group")
    return json_reply([path, *islice(_paths_below(node.found, path), MAX_PATHS)])


QUESTIONS: dict[str, Callable[[H5Reader, Query, int], Reply]] = {
    "meta": meta,
    "attr": attr,
    "data": data,
    "stats": stats,
    "paths": paths,
}


def _path(query: Query) -> str:
    return "/" + _first(query, "path", "/").strip("/")


def _first(query: Query, name: str, default: str = "") -> str:
    given = query.get(name)
    return given[0] if given else default


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _described(node: Node, name: str) -> dict[str, Any]:
    """Describe an object without the children of a group."""
    found = node.found
    described: dict[str, Any] = {"name": name, "kind": _kind(node), "attributes": _attributes(node)}
    if node.is_dataset:
        described |= {
            "shape": found.shape,
            "type": _type(found.id.get_type()),
            "chunks": found.chunks,
            "filters": get_filters(found),
        }
    elif not node.is_group:
        described["type"] = _type(found.id)
    return described


def _kind(node: Node) -> str:
    return "group" if node.is_group else "dataset" if node.is_dataset else "datatype"


def _type(type_id: h5py.h5t.TypeID) -> dict[str, Any]:
    try:
        return dict(get_type_metadata(type_id))
    except TypeError:  # a type that numpy has no word for
        return {"class": type_id.get_class(), "dtype": "", "size": type_id.get_size()}


def _attributes(node: Node) -> list[dict[str, Any]]:
    described = []
    for name in sorted(node.attribute_names(most=MAX_ATTRIBUTES)):
        try:
            described.append(dict(attr_metadata(node.found.attrs, name)))
        except (KeyError, OSError, TypeError):
            continue
    return described


def _attribute_values(node: Node, names: Sequence[str]) -> Iterator[tuple[str, object]]:
    for name in names:
        try:
            yield name, node.found.attrs[name]
        except (KeyError, OSError, TypeError, ValueError):
            yield name, None


def _link(group: h5py.Group, name: str) -> object:
    try:
        return group.get(name, getlink=True)
    except (KeyError, OSError, TypeError, ValueError):
        return None


def _child(file: H5Reader, group: str, name: str, link: object) -> dict[str, Any]:
    """Describe one child; what cannot be reached is described as the link that it is."""
    try:
        return _described(file.glance(f"{group}/{name}"), name)
    except InputError:
        return {"name": name, **_unresolved(link)}
    finally:
        file.close_linked(more_than=MAX_OPEN_FILES)


def _unresolved(link: object) -> dict[str, str]:
    match link:
        case h5py.SoftLink():
            return {"kind": "soft_link", "target_path": link.path}
        case h5py.ExternalLink():
            return {"kind": "external_link", "target_file": link.filename, "target_path": link.path}
    return {"kind": "other"}


def _values(node: Node, selection: str, max_bytes: int) -> np.ndarray:
    """Read a selection, after its size was computed."""
    if not node.is_dataset or node.found.shape is None:
        raise Refused(422, f"{node.path} holds no values")
    try:
        chosen = selection_of(selection)
        n_bytes = node.bytes_of(node.selected_shape(*chosen))
        if n_bytes > max_bytes:
            raise Refused(413, _too_large(node.path, n_bytes, max_bytes))
        return node.read(*chosen)
    except InputError as error:
        raise Refused(422, error.message) from None


def _too_large(path: str, n_bytes: int, max_bytes: int) -> str:
    return (
        f"{path}: {_shown(n_bytes)} are too much to show at once, the limit is {_shown(max_bytes)}. "
        "Choose a slice, or download the file."
    )


def _shown(n_bytes: int) -> str:
    for unit, factor in (("TB", 40), ("GB", 30), ("MB", 20)):
        if n_bytes >= 1 << factor:
            return f"{n_bytes / (1 << factor):.3g} {unit}"
    return f"{n_bytes / 1024:.3g} kB"


def _paths_below(group: h5py.Group, path: str) -> Iterator[str]:
    """Walk the hard links, each group once: they may lead in a circle."""
    waiting, seen = [(group, path)], {h5py.h5o.get_info(group.id).addr}
    while waiting:
        parent, place = waiting.pop(0)
        for name in parent:
            below = f"{place.rstrip('/')}/{name}"
            yield below
            child = parent.get(name) if isinstance(_link(parent, name), h5py.HardLink) else None
            if isinstance(child, h5py.Group):
                address = h5py.h5o.get_info(child.id).addr
                if address not in seen:
                    seen.add(address)
                    waiting.append((child, below))
