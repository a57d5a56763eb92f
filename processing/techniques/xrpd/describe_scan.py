"""What the HDF5 file of a scan, or of one image, says of itself, by ICAT's parameter names."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from processing.nexus.guard import H5Reader, Node, open_h5
from processing.nexus.images import children, find_image
from processing.nexus.scans import open_scan
from workflows import InputError

__all__ = ["Value", "describe_hdf5"]

Value = str | float | int

FACTORS = {
    **dict.fromkeys(("keV", "angstrom", "Angstrom", "A", "Å", "m", "s", "rad"), 1.0),
    "eV": 1e-3,
    "nm": 10.0,
    "mm": 1e-3,
    "um": 1e-6,
    "ms": 1e-3,
    "us": 1e-6,
    "deg": np.pi / 180,
}
"""Unit in a file -> factor to the unit of the parameter (keV, A, m, s, rad)."""

LIMA_EXPOSURE = "acq_parameters/acq_expo_time"
"""Where Lima writes the exposure of a frame, always in seconds and without saying so."""

_COMMAND = re.compile(r"([a-z][a-z0-9_]*)(\s+\S+)*\s+-?\d\S*(\s|$)")
_NUMBER = re.compile(r"(\d+)\.\d+")


def describe_hdf5(path: Path) -> Iterator[tuple[str, Value]]:
    """Yield what a file says of its first scan with images, or of its image where it has no scan.

    ``scan_description`` is the scan's title and ``scanType`` the command that it begins with, where
    the title is one, as BLISS writes it: ``loopscan 100 0.1``.
    """
    with open_h5(path) as file:
        yield from _beam(file)
    where = None
    with suppress(InputError), open_scan(path) as scan:
        yield from _frames(scan.shape, scan.n_frames)
        yield from _words(scan.metadata)
        where = scan.url.rpartition("::")[2]
    with open_h5(path) as file:
        if where is None:  # no scan, several detectors, or frames that are missing
            image = find_image(file, path.name)
            where, shape = image.path, image.found.shape
            yield from _frames(shape[-2:], int(np.prod(shape[:-2])))
        yield from _detector(file[where.rpartition("/")[0] or "/"])


def _frames(shape: tuple[int, ...], n_frames: int) -> Iterator[tuple[str, Value]]:
    yield "XRPD_image_rows", int(shape[0])
    yield "XRPD_image_columns", int(shape[1])
    yield "XRPD_image_frames", n_frames


def _words(metadata: dict[str, Any]) -> Iterator[tuple[str, Value]]:
    if title := str(metadata.get("title", "")).strip():
        yield "scan_description", title
        if command := _COMMAND.match(title):
            yield "scanType", command[1]
    if number := _NUMBER.fullmatch(str(metadata.get("scan", ""))):
        yield "scanNumber", int(number[1])
    if sample := str(metadata.get("sample", "")).strip():
        yield "Sample_name", sample


def _beam(file: H5Reader) -> Iterator[tuple[str, Value]]:
    """Energy and wavelength of the first instrument that knows them."""
    for entry in children(file["/"], "NXentry"):
        for instrument in children(entry, "NXinstrument"):
            for mono in children(instrument, "NXmonochromator"):
                for name in ("energy", "wavelength"):
                    if (value := _number(mono, name)) is not None:
                        yield f"InstrumentMonochromator_{name}", value
                return


def _detector(group: Node) -> Iterator[tuple[str, Value]]:
    names = {"count_time": "HTXRPD_exposureTime", "distance": "InstrumentDetector01_distance"}
    for name, parameter in names.items():
        if (value := _number(group, name)) is not None:
            yield parameter, value
    lima = group.get(LIMA_EXPOSURE)
    if lima is not None and lima.is_dataset and lima.found.shape == () and lima.found.dtype.kind in "iuf":
        yield "HTXRPD_exposureTime", float(lima.read())
    if (text := _text(group.get("description"))) is not None:
        yield "InstrumentDetector01_description", text
    if (geometry := group.get("pyfai_geometry")) is not None:
        for name in geometry.names():
            stored = _orientation(geometry) if name == "orientation" else _number(geometry, name)
            stored = _text(geometry.get(name)) if stored is None else stored
            if name != "wavelength" and stored is not None:
                yield f"XRPD_geometry_{name}", stored


def _orientation(geometry: Node) -> Value | None:
    """Read pyFAI's orientation, 1 to 4: a choice, so without unit."""
    node = geometry.get("orientation")
    return int(node.read()) if node is not None and node.is_dataset and node.found.shape == () else None


def _number(group: Node, name: str) -> float | None:
    """Read the first value of a dataset, in the unit of its parameter; None without a known unit."""
    node = group.get(name)
    if node is None or not node.is_dataset or not node.found.size or node.found.dtype.kind not in "iuf":
        return None
    factor = FACTORS.get(str(node.attribute("units", "")))
    return None if factor is None else float(node.read(*(0,) * node.found.ndim)) * factor


def _text(node: Node | None) -> str | None:
    if node is None or not node.is_dataset or node.found.shape != ():
        return None
    value = node.read()[()]
    return value.decode(errors="replace") if isinstance(value, bytes) else None
