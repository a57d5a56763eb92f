"""The workflow inside a processed file: what a result was made with, ready to be run again."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from processing.nexus.guard import is_hdf5, open_h5

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from processing.nexus.guard import Node

_NOTES = ("workflow", "configuration")
"""The NXnote of a process that holds its workflow: ours, and that of files written by BLISS."""

_MOST_GROUPS = 1000
_MOST_BYTES = 100_000_000


def read_stored_workflow(path: Path) -> bytes | None:
    """Return the workflow, as JSON, of the last NXprocess in an HDF5 file that has one.

    Processes are looked for in the root and in the entries of the file. None
    means that the file is not HDF5 or holds no workflow.

    Raises
    ------
    InputError
        The file is damaged.
    """
    if not is_hdf5(path):
        return None
    with open_h5(path) as file:
        found = [text for process in _processes(file["/"]) if (text := _workflow_of(process)) is not None]
    return found[-1].encode() if found else None


def _processes(root: Node) -> Iterator[Node]:
    for group in _groups(root):
        if group.attribute("NX_class") == "NXprocess":
            yield group
        elif group.attribute("NX_class") == "NXentry":
            yield from (each for each in _groups(group) if each.attribute("NX_class") == "NXprocess")


def _groups(parent: Node) -> Iterator[Node]:
    """Yield the children that can be reached; a broken link elsewhere in the file is not our business."""
    for name in islice(parent.names(), _MOST_GROUPS):
        child = parent.get(name)
        if child is not None:
            yield child


def _workflow_of(process: Node) -> str | None:
    """Return the text of a note that is a graph; BLISS puts it among the arguments of ``execute_graph``."""
    for name in _NOTES:
        data = process.get(f"{name}/data")
        if data is None:
            continue
        value = data.read(max_bytes=_MOST_BYTES)[()]
        text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        try:
            content: Any = json.loads(text)
        except ValueError:
            continue
        if isinstance(content, dict) and isinstance(content.get("workflow"), dict):
            return json.dumps(content["workflow"])
        if isinstance(content, dict) and "nodes" in content:
            return text
    return None
