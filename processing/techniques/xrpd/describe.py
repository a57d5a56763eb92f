"""What the raw files of a powder dataset say about themselves, by ICAT's parameter names."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

from pyFAI.units import hc

from processing.nexus.frame_files import FABIO_FORMATS
from processing.nexus.guard import Roots, confined
from processing.nexus.images import read_image
from processing.techniques.xrpd.describe_scan import Value, describe_hdf5
from processing.techniques.xrpd.geometry_files import read_geometry_file

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
        ``XRPD_image_rows``, ``XRPD_image_columns``, ``XRPD_image_frames``,
        ``scan_description``, ``scanType``, ``scanNumber``, ``Sample_name`` and
        ``XRPD_geometry_*`` (m, rad).  Calibration files win over HDF5 files, and of these the
        first in the uppermost folder: below a scan's own file lie the frames that it links to.
    """
    readers = (
        ((".poni", ".xy", ".dat"), _from_geometry),
        ((".h5", ".nxs", ".hdf5"), describe_hdf5),
        (tuple(FABIO_FORMATS), _from_image),
    )
    found: dict[str, Value] = {}
    with nullcontext() if roots is None else confined(roots):
        for suffixes, reader in readers:
            for path in _of_kind(files, suffixes):
                with suppress(Exception):  # a dataset with a strange file is still a dataset
                    for name, value in reader(path):
                        found.setdefault(name, value)
    return _with_energy(found)


def _with_energy(found: dict[str, Value]) -> dict[str, Value]:
    """Add the photon energy (keV) where only the wavelength (A) is told: h c / wavelength."""
    wavelength = found.get("InstrumentMonochromator_wavelength")
    if isinstance(wavelength, float) and wavelength > 0:
        return {"InstrumentMonochromator_energy": hc / wavelength} | found
    return found


def _of_kind(files: Sequence[Path], suffixes: tuple[str, ...]) -> list[Path]:
    """Return the files with these endings in the uppermost folder that has some, by ending and name."""
    chosen = [Path(file) for file in files if Path(file).suffix.lower() in suffixes]
    top = min((len(path.parts) for path in chosen), default=0)
    upper = [path for path in chosen if len(path.parts) == top]
    return sorted(upper, key=lambda path: (suffixes.index(path.suffix.lower()), path.name))[:MAX_FILES]


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
