"""Find the frames of a scan in an HDF5 file: BLISS, plain NeXus, or what the file plots by default.

A BLISS file holds scans ``1.1``, ``2.1``, ...; each has its detectors as NXdetector groups with
``data`` under ``instrument``, and the same data and the counters under ``measurement``.  A plain
NeXus file has NXentry/NXinstrument/NXdetector/data.
"""

import re
from dataclasses import dataclass
from itertools import islice

from processing.nexus.guard import H5Reader, MissingSource, Node
from processing.nexus.images import IMAGE_DIMENSIONS, MAX_NODES, children, find_image, is_image
from workflows import InputError

__all__ = ["Ambiguous", "Place", "entry_above", "find_frames", "natural_order"]

STACK_DIMENSIONS = 3


class Ambiguous(InputError):
    """Several scans or detectors could be meant."""


@dataclass(frozen=True)
class Place:
    """Where the frames are: paths of the scan (None outside of an NXentry) and of the dataset."""

    entry: str | None
    data: str
    detector: str | None


def find_frames(
    file: H5Reader, name: str, *, scan: str | int | None = None, detector: str | None = None
) -> Place:
    """Find the frames of one detector in one scan.

    Parameters
    ----------
    name : str
        What errors call the file.
    scan : str or int, optional
        Name of an NXentry; a number n is ``n.1`` or what ends with that number.  Default the first
        scan with images.
    detector : str, optional
        Name of an NXdetector, or of its data under ``measurement``.  Default the only one.

    Raises
    ------
    Ambiguous
        Several scans have that number, or the scan has several detectors.
    InputError
        There is no such scan or detector, or its images are out of reach.
    """
    entries = sorted(children(file["/"], "NXentry"), key=lambda entry: natural_order(entry.path))
    if scan is not None:
        entries = [_named_entry(entries, scan, name)]
    seen: dict[str, None] = {}
    for entry in entries:
        found = _detectors(entry)
        if detector is not None:
            if path := _named_detector(entry, detector, found):
                return Place(entry.path, path, detector)
            seen |= dict.fromkeys(found)
        elif found:
            return Place(entry.path, *_only_one(entry, found, name))
    if detector is not None:
        there = f"there are: {', '.join(seen)}" if seen else "there are no detectors with images"
        raise InputError(f"The file {name} has no detector {detector!r} with images; {there}")
    if scan is not None:
        raise InputError(f"Scan {scan} of {name} holds no images")
    data = find_image(file, name).path
    return Place(entry_above(file, data), data, None)


def entry_above(file: H5Reader, path: str) -> str | None:
    """Return the path of the NXentry that a dataset is in."""
    first = path.strip("/").partition("/")[0]
    group = file["/"].get(first)
    is_entry = group is not None and group.is_group and group.attribute("NX_class") == "NXentry"
    return f"/{first}" if is_entry else None


def natural_order(name: str) -> list[tuple[int, str]]:
    """Key that sorts names by the numbers in them: 2.1 before 10.1."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _named_entry(entries: list[Node], scan: str | int, name: str) -> Node:
    names = {entry.path.strip("/"): entry for entry in entries}
    wanted = str(scan).strip("/")
    for exact in (wanted, f"{wanted}.1"):
        if exact in names:
            return names[exact]
    if wanted.isdecimal():
        same = [key for key in names if re.fullmatch(rf"\D*0*{int(wanted)}", key)]
        same = same or [key for key in names if key.startswith(f"{wanted}.")]
        if len(same) == 1:
            return names[same[0]]
        if same:
            raise Ambiguous(f"Scan {scan} of {name} is one of {', '.join(same)}: name one")
    there = ", ".join(islice(names, 10)) or "none"
    raise InputError(f"The file {name} has no scan {scan}; there are: {there}")


def _detectors(entry: Node) -> dict[str, str]:
    """Name -> path of everything in a scan that holds frames, or would if it could be reached."""
    found = _nexus_detectors(entry)
    if not found:
        found = _measured_images(entry)
    return found or _plotted_images(entry)


def _nexus_detectors(entry: Node) -> dict[str, str]:
    stacks: dict[str, str] = {}
    single: dict[str, str] = {}
    for instrument in children(entry, "NXinstrument"):
        for detector in children(instrument, "NXdetector"):
            if "data" not in detector.names():
                continue
            path = f"{detector.path}/data"
            n_dimensions = _image_dimensions(detector, "data")
            if n_dimensions >= STACK_DIMENSIONS:
                stacks[detector.path.rpartition("/")[2]] = path
            elif n_dimensions == IMAGE_DIMENSIONS:  # an image, but a table of spectra looks the same
                single[detector.path.rpartition("/")[2]] = path
    return stacks or single


def _image_dimensions(group: Node, name: str) -> int:
    """Return how many dimensions images have; what is out of reach is taken for a stack."""
    try:
        node = group[name]
    except MissingSource as error:
        node = Node(group.reader, f"{group.path}/{name}", error.dataset)
    except InputError:
        return STACK_DIMENSIONS
    return node.found.ndim if is_image(node) else 0


def _measured_images(entry: Node) -> dict[str, str]:
    group = entry.get("measurement")
    if group is None:
        return {}
    names = islice(group.names(), MAX_NODES)
    return {
        name: f"{group.path}/{name}"
        for name in names
        if (node := group.get(name)) is not None and is_image(node) and node.found.ndim >= STACK_DIMENSIONS
    }


def _plotted_images(entry: Node) -> dict[str, str]:
    for data in children(entry, "NXdata"):
        signal = data.attribute("signal")
        if isinstance(signal, str) and is_image(data.get(signal)):
            return {data.path.rpartition("/")[2]: f"{data.path}/{signal}"}
    return {}


def _named_detector(entry: Node, detector: str, found: dict[str, str]) -> str | None:
    if detector in found:
        return found[detector]
    for parent, name in ((f"instrument/{detector}", "data"), ("measurement", detector)):
        group = entry.get(parent)
        if group is not None and name in group.names():
            return f"{group.path}/{name}"
    return None


def _only_one(entry: Node, found: dict[str, str], name: str) -> tuple[str, str]:
    """Return path and name of the one detector, or of the one that the scan plots by default."""
    if len(found) > 1:
        plotted = next(iter(_plotted_images(entry).values()), None)
        same = [key for key, path in found.items() if plotted and _is_same(entry, path, plotted)]
        if len(same) != 1:
            raise Ambiguous(
                f"Scan {entry.path.strip('/')} of {name} has several detectors with images: "
                f"name one of {', '.join(found)}"
            )
        found = {same[0]: found[same[0]]}
    detector, path = next(iter(found.items()))
    return path, detector


def _is_same(entry: Node, one: str, other: str) -> bool:
    first, second = entry.get(one), entry.get(other)
    return first is not None and second is not None and bool(first.found == second.found)
