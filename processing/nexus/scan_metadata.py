"""What a scan in an HDF5 file says of itself: counters, times, sample, positions, expected length."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import numpy as np

from processing.nexus.guard import Node
from processing.nexus.images import IMAGE_DIMENSIONS, MAX_NODES, children
from workflows import InputError

__all__ = ["counter_nodes", "expected_frames", "is_finished", "read_counter", "read_metadata"]

MAX_TEXT_BYTES = 1 << 16
POINT_PATHS = ("scan_parameters/npoints", "scan_info/npoints", "npoints")
"""Where a scan says how many points it will have, from its NXentry (BLISS)."""
FRAME_PATHS = (
    "acq_parameters/acq_nb_frames",
    "acq_parameters/nb_frames",
    "acquisition/nb_frames",
    "nb_frames",
)
"""Where a detector says how many frames it will take, from its group (Lima)."""
VALUE_NAMES = ("data", "value", "integral")
"""What a group of a counter (NXdetector), a motor (NXpositioner) or an NXmonitor calls its values."""


def counter_nodes(entry: Node) -> dict[str, Node]:
    """Name -> dataset of every counter of a scan: one number a point.

    A name in several groups is the one under ``measurement``, else under ``instrument``, else an
    NXmonitor of the scan, else an axis of its NXdata.
    """
    counters: dict[str, Node] = {}
    for name, node in _candidates(entry):
        if name not in counters and _is_counter(node):
            counters[name] = node
    return counters


def read_counter(entry: Node, name: str) -> np.ndarray | None:
    """Read the values of a counter, or of a dataset of the scan by its path; None where there is none."""
    node = counter_nodes(entry).get(name) or entry.get(name)
    if node is not None and node.is_group:
        node = next(filter(None, map(node.get, VALUE_NAMES)), None)
    if node is None or not node.is_dataset or node.found.dtype.kind not in "biuf":
        return None
    return node.read().ravel()


def expected_frames(entry: Node | None, data: Node) -> int | None:
    """Return how many frames the scan will have, as far as the file knows.

    A virtual dataset is no sign: its writer may replace it by a longer one.
    """
    numbers = [_number(entry.get(path)) for path in POINT_PATHS] if entry is not None else []
    if points := max((number for number in numbers if number), default=0):
        return max(points, 1)
    dataset = data.found
    limits = dataset.maxshape[:-IMAGE_DIMENSIONS]
    if None not in limits:
        return None if dataset.is_virtual else int(np.prod(limits, dtype=int))
    group = entry.get(data.path.rpartition("/")[0]) if entry is not None else None
    numbers = [_number(group.get(path)) for path in FRAME_PATHS] if group is not None else []
    # A detector that is started for each point says 1.
    return max((number for number in numbers if number and number > 1), default=None)


def is_finished(entry: Node | None) -> bool:
    """Whether the scan says that it is over: ``end_time`` is the last that is written of it."""
    return entry is not None and bool(_value(entry.get("end_time")))


def read_metadata(entry: Node | None) -> dict[str, Any]:
    """Read ``title``, ``start_time``, ``end_time``, ``sample``, ``instrument`` (texts) and ``positioners``.

    Positioners are the numbers at the start of the scan, in the units of the file; absent names are
    left out.
    """
    if entry is None:
        return {}
    found = {name: _value(entry.get(name)) for name in ("title", "start_time", "end_time")}
    for name, nx_class in (("sample", "NXsample"), ("instrument", "NXinstrument")):
        group = next(children(entry, nx_class), None)
        found[name] = _value(group.get("name")) if group is not None else None
    found["positioners"] = _positioners(entry)
    return {name: value for name, value in found.items() if value not in (None, "", {})}


def _candidates(entry: Node) -> Iterator[tuple[str, Node]]:
    measurement = entry.get("measurement")
    yield from _datasets(measurement)
    beside = (_groups(instrument) for instrument in children(entry, "NXinstrument"))
    for group in chain(*beside, _groups(entry)):
        name = group.path.rpartition("/")[2]
        for value in (*VALUE_NAMES, name):
            node = group.get(value)
            if node is not None:
                yield name, node
                break
    for data in children(entry, "NXdata"):
        yield from _datasets(data)


def _datasets(group: Node | None) -> Iterator[tuple[str, Node]]:
    for name in islice(group.names(), MAX_NODES) if group is not None else ():
        node = group.get(name) if group is not None else None
        if node is not None and node.is_dataset:
            yield name, node


def _groups(group: Node) -> Iterator[Node]:
    for nx_class in ("NXdetector", "NXpositioner", "NXmonitor"):
        yield from children(group, nx_class)


def _is_counter(node: Node) -> bool:
    return (
        node.is_dataset
        and node.found.dtype.kind in "biuf"
        and node.found.ndim == 1
        and node.found.size > 0
        and not node.found.is_virtual
    )


def _positioners(entry: Node) -> dict[str, float]:
    for instrument in children(entry, "NXinstrument"):
        for name in ("positioners_start", "start_positioner", "positioners"):
            group = instrument.get(name)
            if group is not None and group.is_group:
                numbers = {key: _number(node) for key, node in _datasets(group) if node.found.size == 1}
                return {key: number for key, number in numbers.items() if number is not None}
    return {}


def _number(node: Node | None) -> Any:
    value = _value(node)
    return value if isinstance(value, int | float) else None


def _value(node: Node | None) -> Any:
    """Return the one text or number of a dataset, or None."""
    if node is None or not node.is_dataset or node.found.size != 1:
        return None
    try:
        value = node.read(max_bytes=MAX_TEXT_BYTES).item()
    except (InputError, OSError):
        return None
    return value.decode(errors="replace") if isinstance(value, bytes) else value
