"""What a scan is read from: a file, a path in it, many files, or an array."""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from processing.nexus.frame_files import FrameFile
from processing.nexus.guard import Roots, is_hdf5, open_h5
from processing.nexus.images import split_url
from processing.nexus.scan_frames import ArrayFrames, Frames, H5Frames
from processing.nexus.scan_layouts import Place, entry_above, find_frames
from processing.nexus.scan_series import Part, SeriesFrames, is_pattern

__all__ = ["Source", "frames_at", "locate"]

Source = str | Path | Sequence[str | Path] | np.ndarray


def locate(
    source: Source, roots: Roots | None, detector: str | None, scan: str | int | None
) -> dict[str, Any]:
    """Return the location of a source: the file and path, or the files, without its frames."""
    if isinstance(source, np.ndarray):
        return {"array": source}
    if not isinstance(source, str | Path):
        paths = [str(_absolute(path)) for path in source]
        if len(paths) != 1:
            return {"files": paths, "detector": detector, "scan": scan}
        source = paths[0]
    if is_pattern(str(source)):
        return {"pattern": str(_absolute(source)), "detector": detector, "scan": scan}
    path, h5path, _ = split_url(str(source))
    path = _absolute(path)
    if not is_hdf5(path, roots):
        return {"files": [str(path)]}
    with open_h5(path, roots) as file:
        if h5path is not None:
            place = Place(entry_above(file, h5path), h5path, None)
        else:
            place = find_frames(file, path.name, scan=scan, detector=detector)
    return {"file": str(path), "entry": place.entry, "data": place.data, "detector": place.detector}


def frames_at(location: Mapping[str, Any], roots: Roots | None) -> Frames:
    """Open the frames at a location."""
    if "array" in location:
        return ArrayFrames(location["array"])
    if "file" in location:
        place = Place(location["entry"], location["data"], location.get("detector"))
        return H5Frames(Path(location["file"]), place, roots)
    opened = partial(_open_part, roots=roots, detector=location.get("detector"), scan=location.get("scan"))
    files = location.get("pattern") or [Path(path) for path in location["files"]]
    series = SeriesFrames(files, opened, roots)
    series.location.update(detector=location.get("detector"), scan=location.get("scan"))
    return series


def _open_part(path: Path, *, roots: Roots | None, detector: str | None, scan: str | int | None) -> Part:
    if not is_hdf5(path, roots):
        return FrameFile(path, roots)
    location = locate(path, roots, detector, scan)
    return H5Frames(path, Place(location["entry"], location["data"], None), roots)


def _absolute(path: str | Path) -> Path:
    """Name the file from the root, as other processes need it; its links are followed when it is opened."""
    return Path(os.path.abspath(path))  # noqa: PTH100 -- resolve() would follow the links
