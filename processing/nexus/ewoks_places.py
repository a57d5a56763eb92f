"""Where the writers of ewoksxrpd put a result: an address in a file, and the links that lead to it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from processing.nexus.guard import Node, open_h5
from processing.nexus.images import split_url
from workflows import InputError

__all__ = ["EwoksPlace", "link_scan", "need_group", "put_link", "put_metadata", "select_plot", "split_place"]

_CLASSES = ("NXroot", "NXentry")
_DEFAULT_ENTRY = "/results"


@dataclass(frozen=True)
class EwoksPlace:
    """Where a result goes.

    Attributes
    ----------
    url : str
        File and group: ``file.h5::/1.1``, ``file.h5?path=/1.1`` or ``silx:///folder/file.h5?path=/1.1``;
        ``file.h5`` alone means its group ``/results``.  File, folders and groups are made as needed.
    external_url : str, optional
        Another one, which gets the result; ``url`` then gets links to it.
    process_name, measurement_name : str
        Of the NXprocess in that group, and of the link to its signal under ``measurement``.
    as_default : bool
        Whether the file opens at this result.
    bliss_scan_url : str, optional
        Entry of the raw scan: ``url`` gets links to its instrument, sample and counters.
    copied : patterns of names
        The counters that are copied instead.
    overwrite : bool
        Whether an older process of this name is replaced; else it is an error.
    """

    url: str
    external_url: str | None = None
    process_name: str = "integrate"
    measurement_name: str = "integrated"
    as_default: bool = True
    bliss_scan_url: str | None = None
    copied: tuple[str, ...] = ()
    overwrite: bool = False


def split_place(url: str) -> tuple[Path, str]:
    """Split an address into the absolute path of the file and the path of the group in it."""
    path, h5path, frame = split_url(url)
    if frame is not None:
        raise InputError(f"{url} names a frame, not a group to write to")
    names = [name for name in (h5path or _DEFAULT_ENTRY).split("/") if name]
    return Path.cwd() / path, "/" + "/".join(names or [_DEFAULT_ENTRY.strip("/")])


def need_group(file: h5py.File, h5path: str) -> h5py.Group:
    """Return a group of a file, made if needed; groups on the way get their NeXus class.

    Raises
    ------
    InputError
        Something else is there, or a link to another file.
    """
    group = file["/"]
    names = [name for name in h5path.split("/") if name]
    for depth, name in enumerate(["", *names]):
        if name:
            link = group.get(name, getlink=True)
            if link is None:
                group.create_group(name)
            if isinstance(link, h5py.ExternalLink) or not isinstance(group.get(name), h5py.Group):
                raise InputError(f"{h5path} cannot be written to: {name} is there, and is no group")
            group = group[name]
        if "NX_class" not in group.attrs:
            group.attrs["NX_class"] = _CLASSES[depth] if depth < len(_CLASSES) else "NXcollection"
    return group


def put_link(
    group: h5py.Group, name: str, target: tuple[Path, str], own: Path, *, replace: bool = False
) -> None:
    """Add a link to an object of this or another file, unless the name is taken.

    Parameters
    ----------
    target : path of a file and path in it
    own : path
        Where the file of ``group`` will be; the link is relative to its folder.
    """
    if replace and group.get(name, getlink=True) is not None:
        del group[name]
    if group.get(name, getlink=True) is not None:
        return
    path, h5path = target
    if path == own:
        group[name] = h5py.SoftLink(h5path)
    else:
        group[name] = h5py.ExternalLink(os.path.relpath(path, own.parent), h5path)


def select_plot(data: h5py.Group) -> None:
    """Let every group above an NXdata lead to it."""
    parent, name = data.parent, data.name
    while name != "/":
        parent.attrs["default"] = name.rpartition("/")[2]
        parent, name = parent.parent, parent.name


def put_metadata(group: h5py.Group, metadata: Mapping[str, Any]) -> None:
    """Add nested values; ``@name`` is an attribute, ``field@name`` one of a field; what is there stays."""
    for key, value in metadata.items():
        if isinstance(value, Mapping):
            child = group.require_group(key)
            put_metadata(child, value)
            child.attrs.setdefault("NX_class", "NXcollection")
        elif "@" not in key and value is not None and key not in group:
            group[key] = value
    for key, value in metadata.items():
        field, at, name = key.partition("@")
        target = group.get(field) if field else group
        if at and target is not None and name not in target.attrs:
            target.attrs[name] = value


def link_scan(entry: h5py.Group, place: EwoksPlace, own: Path) -> None:
    """Link to the raw scan: instrument, sample, and what is under measurement.

    Raises
    ------
    InputError
        There is no such file or scan, or it may not be read.
    """
    if place.bliss_scan_url is None:
        return
    path, h5path = split_place(place.bliss_scan_url)
    with open_h5(path) as raw:
        scan = raw[h5path]
        for name in ("instrument", "sample"):
            if scan.get(name) is not None:
                put_link(entry, name, (path, f"{h5path}/{name}"), own)
        counters = scan.get("measurement")
        if counters is None:
            return
        measurement = need_group(entry.file, f"{entry.name}/measurement")
        for name in counters.names():
            _put_counter(measurement, counters, name, place=place, source=path, own=own)


def _put_counter(
    measurement: h5py.Group, counters: Node, name: str, *, place: EwoksPlace, source: Path, own: Path
) -> None:
    counter = counters.get(name)
    if counter is None or measurement.get(name, getlink=True) is not None:
        return  # a broken link of the raw file, or ours
    if counter.is_dataset and any(fnmatch(name, pattern) for pattern in place.copied):
        measurement[name] = np.asarray(counter.read())
    else:
        put_link(measurement, name, (source, f"{counters.path}/{name}"), own)
