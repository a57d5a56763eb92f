"""What the raw files of a powder dataset say about themselves, by ICAT's parameter names."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

import numpy as np
from pyFAI.units import hc

from processing.nexus.frame_files import FABIO_FORMATS
from processing.nexus.guard import H5Reader, Node, Roots, confined, open_h5
from processing.nexus.images import children, find_image, read_image
from processing.techniques.xrpd.geometry_files import read_geometry_file

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

MAX_FILES = 20
"""How many files of each kind are opened."""


def describe(files: Sequence[Path], roots: Roots | None = None) -> dict[str, Value]:
    """Read the parameters of a powder dataset from its files; never raises on odd files.

    Parameters
    ----------
    files : paths
        Of the dataset: HDF5 and image files, ``.poni`` and pattern files beside them.
    roots : paths, optional
        Reading stays inside these files or folders; default those of the process.

    Returns
    -------
    dict
        What could be read of ``InstrumentMonochromator_energy`` (keV),
        ``InstrumentMonochromator_wavelength`` (A), ``InstrumentDetector01_description``,
        ``InstrumentDetector01_distance`` (m), ``HTXRPD_exposureTime`` (s),
        ``XRPD_image_rows``, ``XRPD_image_columns``, ``XRPD_image_frames`` and
        ``XRPD_geometry_*`` (m, rad).  Calibration files win over HDF5 files.
    """
    readers = (
        ((".poni", ".xy", ".dat"), _from_geometry),
        ((".h5", ".nxs", ".hdf5"), _from_hdf5),
        (tuple(FABIO_FORMATS), _from_image),
    )
    found: dict[str, Value] = {}
    with nullcontext() if roots is None else confined(roots):
        for suffixes, reader in readers:
            for path in _of_kind(files, suffixes):
                with suppress(Exception):  # a dataset with a strange file is still a dataset
                    found = dict(reader(path)) | found
    return _with_energy(found)


def _with_energy(found: dict[str, Value]) -> dict[str, Value]:
    """Add the photon energy (keV) where only the wavelength (A) is told: h c / wavelength."""
    wavelength = found.get("InstrumentMonochromator_wavelength")
    if isinstance(wavelength, float) and wavelength > 0:
        return {"InstrumentMonochromator_energy": hc / wavelength} | found
    return found


def _of_kind(files: Sequence[Path], suffixes: tuple[str, ...]) -> list[Path]:
    chosen = [Path(file) for file in files if Path(file).suffix.lower() in suffixes]
    return sorted(chosen, key=lambda path: (suffixes.index(path.suffix.lower()), path.name))[:MAX_FILES]


def _from_geometry(path: Path) -> Iterator[tuple[str, Value]]:
    for name, value in read_geometry_file(path).items():
        if name == "wavelength":
            yield "InstrumentMonochromator_wavelength", float(str(value)) * 1e10
        elif name != "max_shape":
            yield f"XRPD_geometry_{name}", value if isinstance(value, int | float) else str(value)


def _from_image(path: Path) -> Iterator[tuple[str, Value]]:
    image = read_image(path)
    yield "XRPD_image_rows", image.data.shape[0]
    yield "XRPD_image_columns", image.data.shape[1]
    yield "XRPD_image_frames", image.n_frames


def _from_hdf5(path: Path) -> Iterator[tuple[str, Value]]:
    with open_h5(path) as file:
        yield from _beam(file)
        image = find_image(file, path.name)
        shape = image.found.shape
        yield "XRPD_image_rows", int(shape[-2])
        yield "XRPD_image_columns", int(shape[-1])
        yield "XRPD_image_frames", int(np.prod(shape[:-2]))
        yield from _detector(file[image.path.rpartition("/")[0] or "/"])


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
