"""What every written NeXus file gets: how it was made, and a check that it opens at its plot."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from processing.nexus.guard import Node, open_h5
from processing.nexus.pattern_writer import write_pattern1d
from processing.nexus.tree import changed_file, now_text, put_group, put_values
from workflows import InputError

__all__ = ["append_process", "axis_names", "check_output", "default_plot", "write_pattern1d"]

DEFAULT_DEPTH = 8


def append_process(path: Path | str, *, record: Mapping[str, Any], workflow_json: str) -> None:
    """Write into a NeXus file how it was made; a large file is changed in place.

    To be called before a file is published: the staging folder of a run that is killed meanwhile
    is thrown away.

    Parameters
    ----------
    path : path
        An HDF5 file; the process goes into its default entry, or its first, or a new one.
    record : mapping
        As of `processing.provenance.record.record_of`: ``version``, ``job_id``, ``attempt``,
        ``environment`` (``name==version`` lines), ``input_files`` (``name``, ``size_bytes``,
        ``sha256``), ``parameters`` (mappings with ``name`` and ``value``).
    workflow_json : str
        The workflow as it was run; stored to the byte, with its SHA-256.

    Raises
    ------
    OSError
        The disk is full (errno 28) or cannot be written.
    """
    texts = [workflow_json, *record["environment"], json.dumps([record["parameters"], record["input_files"]])]
    with changed_file(Path(path), added_bytes=sum(4 * len(text) for text in texts)) as file:
        entry = _entry(file)
        name = next(n for n in _numbered("reprise") if n not in entry)
        process = put_group(entry, name, "NXprocess")
        put_values(process, "program", "reprise")
        put_values(process, "version", str(record["version"]))
        put_values(process, "date", now_text())
        _put_note(process, "workflow", "application/json", workflow_json)
        _put_note(process, "environment", "text/plain", "\n".join(record["environment"]))
        run = put_group(process, "run", "NXparameters")
        for key in ("job_id", "attempt"):
            put_values(run, key, str(record[key]))
        for parameter in record["parameters"]:
            put_values(run, str(parameter["name"]), json.dumps(parameter["value"]))
        for index, file_record in enumerate(record["input_files"]):
            given = put_group(process, f"input_{index}", "NXparameters")
            for key, value in file_record.items():
                put_values(given, key, str(value))


def check_output(path: Path | str) -> None:
    """Reopen a written file and check that it can be published.

    Raises
    ------
    InputError
        It does not open, has no default plot, its signal is empty or has no finite value,
        or an axis is missing or of another length.
    """
    name = Path(path).name
    with open_h5(path) as file:
        data = default_plot(file["/"])
        if data is None:
            raise InputError(f"The file {name} has no default plot")
        signal = data[str(data.attribute("signal"))]
        shape = signal.found.shape
        if not shape or 0 in shape or not np.isfinite(signal.read(*(0,) * (len(shape) - 1))).any():
            raise InputError(f"The signal {signal.path} of {name} is empty")
        for size, axis in zip(shape, axis_names(data), strict=False):
            if axis != "." and data[axis].found.shape not in ((size,), (size + 1,)):
                raise InputError(f"The axis {axis} of {name} does not fit the signal of shape {shape}")


def axis_names(data: Node) -> list[str]:
    """Return the names in the ``axes`` of an NXdata; "." stands for none."""
    axes = data.attribute("axes", [])
    return [axes] if isinstance(axes, str) else [str(axis) for axis in axes]  # type: ignore[attr-defined]


def default_plot(root: Node) -> Node | None:
    """Follow the ``default`` attributes to the NXdata with a signal; None if they do not lead there."""
    node: Node | None = root
    for _ in range(DEFAULT_DEPTH):
        if node is None or isinstance(node.attribute("signal"), str):
            return node
        default = node.attribute("default")
        node = node.get(default) if isinstance(default, str) else None
    return None


def _put_note(process: h5py.Group, name: str, kind: str, text: str) -> None:
    content = text.encode()
    note = put_group(process, name, "NXnote")
    put_values(note, "type", kind)
    put_values(note, "data", np.bytes_(content or b"\n"))
    put_values(note, "checksum", hashlib.sha256(content).hexdigest())
    put_values(note, "algorithm", "sha256")


def _entry(file: h5py.File) -> h5py.Group:
    """Return the default entry of a file, its first, or a new one."""
    default = file.attrs.get("default")
    names = [default, *sorted(file)] if isinstance(default, str) else sorted(file)
    for name in names:
        is_own = isinstance(file.get(name, getlink=True), h5py.HardLink)
        if is_own and isinstance(file[name], h5py.Group) and file[name].attrs.get("NX_class") == "NXentry":
            return file[name]
    return put_group(file, "entry", "NXentry")


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in range(2, 1000))
