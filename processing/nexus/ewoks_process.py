"""The process in a file of ewoksxrpd's layout, and all that leads to it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from processing.nexus.ewoks_places import (
    EwoksPlace,
    link_scan,
    need_group,
    put_link,
    put_metadata,
    select_plot,
    split_place,
)
from processing.nexus.pattern_layout import NOT_GIVEN
from processing.nexus.streamed_file import StreamedFile, streamed_file
from processing.nexus.tree import now_text, put_group, put_values
from workflows import InputError

__all__ = ["DATA", "MEASUREMENT", "SIGNAL", "address", "placed", "process_path"]

DATA, SIGNAL, MEASUREMENT = "integrated", "intensity", "measurement"


def process_path(place: EwoksPlace) -> str:
    """Path of the NXprocess in the file that gets it."""
    return f"{split_place(place.external_url or place.url)[1]}/{place.process_name}"


def address(place: EwoksPlace) -> str:
    """Address of the NXdata."""
    return f"{split_place(place.external_url or place.url)[0]}::{process_path(place)}/{DATA}"


@contextmanager
def placed(place: EwoksPlace, info: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[StreamedFile]:
    """Make the process, let it be filled with an NXdata, then add what leads to it.

    Raises
    ------
    InputError
        The address is none, or the process is there already.
    OSError
        The disk is full (errno 28) or cannot be written; what is there stays as it is.
    """
    path, h5path = split_place(place.external_url or place.url)
    path.parent.mkdir(parents=True, exist_ok=True)
    with streamed_file(path, add=True) as streamed:
        _put_process(need_group(streamed.file, h5path), place, info)
        yield streamed
        streamed.end_reading()
        if place.as_default:
            select_plot(streamed.file[process_path(place)][DATA])
        _lead_to(place, need_group(streamed.file, h5path), path)
        if place.external_url is None:
            _describe(place, need_group(streamed.file, h5path), path, metadata)
    if place.external_url is not None:
        path, h5path = split_place(place.url)
        path.parent.mkdir(parents=True, exist_ok=True)
        with streamed_file(path, add=True) as streamed:
            entry = need_group(streamed.file, h5path)
            target = split_place(place.external_url)[0]
            put_link(entry, place.process_name, (target, process_path(place)), path, replace=place.overwrite)
            _lead_to(place, entry, path)
            _describe(place, entry, path, metadata)


def _lead_to(place: EwoksPlace, entry: h5py.Group, path: Path) -> None:
    """Add the link to the signal to the measurement of an entry, whose file will be at ``path``."""
    measurement = need_group(entry.file, f"{entry.name}/{MEASUREMENT}")
    signal = split_place(place.external_url or place.url)[0], f"{process_path(place)}/{DATA}/{SIGNAL}"
    put_link(measurement, place.measurement_name, signal, path, replace=place.overwrite)


def _describe(place: EwoksPlace, entry: h5py.Group, path: Path, metadata: Mapping[str, Any]) -> None:
    link_scan(entry, place, path)
    put_metadata(entry, metadata)


def _put_process(entry: h5py.Group, place: EwoksPlace, info: Mapping[str, Any]) -> None:
    name = place.process_name
    if name in entry and not place.overwrite:
        raise InputError(f"{entry.name} in {place.url} already has {name}: give another nxprocess_name")
    if name in entry:
        del entry[name]
    process = put_group(entry, name, "NXprocess", default=DATA)
    put_values(process, "program", str(info.get("program") or "pyFAI"))
    put_values(process, "version", str(info.get("version") or NOT_GIVEN))
    put_values(process, "date", now_text())
    note = put_group(process, "configuration", "NXnote")
    put_values(note, "type", "application/json")
    put_values(note, "data", json.dumps(info, default=_as_json))


def _as_json(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
