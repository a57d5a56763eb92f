"""Write NeXus files that are valid, open at their plot and say how they were made."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import time
from typing import Any

import h5py
import numpy as np

from processing.nexus.guard import Node, open_h5
from processing.nexus.tree import changed_file, new_file, put_group, put_values
from workflows import InputError

NOT_GIVEN = "not given"

REFERENCE = "G. Ashiotis et al., J. Appl. Cryst. (2015) 48, 510-519, doi:10.1107/S1600576715004306"
"""What pyFAI asks to be cited for azimuthal integration."""

DEFAULT_DEPTH = 8


def write_pattern1d(
    path: Path | str,
    *,
    radial: np.ndarray,
    intensity: np.ndarray,
    quantity: str,
    unit: str,
    errors: np.ndarray | None = None,
    info: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Path:
    """Write an integrated pattern; as NXazint1d where its axis is q or 2theta.

    Parameters
    ----------
    path : path
        Replaced if it exists; its folder must exist.
    radial : array (n,), in ``unit``
    intensity, errors : array (n,)
        In arbitrary units; errors that are not known (all NaN) are left out.
    quantity, unit : str
        "q", "2theta" or another name, and the unit as NeXus writes it ("deg", "1/nm").
    info : mapping, optional
        What the integration used, as `Integrate1D` gives it; all of it is stored.
    metadata : mapping, optional
        ``title``, ``sample``, ``instrument``, ``facility``.

    Raises
    ------
    InputError
        The folder does not exist, or the arrays do not fit.
    OSError
        The disk is full (errno 28) or cannot be written.
    """
    radial, intensity = np.asarray(radial), np.asarray(intensity)
    if radial.ndim != 1 or radial.shape != intensity.shape or radial.size == 0:
        raise InputError(
            f"radial {radial.shape} and intensity {intensity.shape} must be curves of one length"
        )
    info, metadata = info or {}, metadata or {}
    with new_file(Path(path)) as file:
        entry = put_group(file, "entry", "NXentry", default="data")
        file.attrs.update(NX_class="NXroot", default="entry")
        if quantity in ("q", "2theta"):
            put_values(entry, "definition", "NXazint1d")
        put_values(entry, "title", str(metadata.get("title") or "Powder pattern"))
        put_values(entry, "solid_angle_applied", bool(info.get("correct_solid_angle")))
        put_values(entry, "polarization_applied", info.get("polarization_factor") is not None)
        put_values(entry, "normalization_applied", value=True)
        put_values(entry, "monitor_applied", info.get("normalization_factor", 1.0) != 1.0)
        _put_instrument(entry, info, metadata)
        if sample := metadata.get("sample"):
            put_values(put_group(entry, "sample", "NXsample"), "name", str(sample))
        _put_reduction(entry, info)
        data = put_group(
            entry, "data", "NXdata", signal="I", axes=[".", "radial_axis"], interpretation="spectrum"
        )
        put_values(data, "radial_axis", radial, long_name=quantity, units=unit)
        common = {"units": "arbitrary units", "interpretation": "spectrum"}
        put_values(data, "I", intensity[None], long_name="intensity", **common)
        if errors is not None and np.isfinite(errors).any():
            errors = np.asarray(errors)[None]
            put_values(
                data, "I_errors", errors, long_name="estimated intensity error", units="arbitrary units"
            )
    return Path(path)


def append_process(path: Path | str, *, record: Mapping[str, Any], workflow_json: str) -> None:
    """Write into a NeXus file how it was made.

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
    with changed_file(Path(path)) as file:
        entry = _entry(file)
        name = next(n for n in _numbered("reprise") if n not in entry)
        process = put_group(entry, name, "NXprocess")
        put_values(process, "program", "reprise")
        put_values(process, "version", str(record["version"]))
        put_values(process, "date", _now())
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


def _put_instrument(entry: h5py.Group, info: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    instrument = put_group(entry, "instrument", "NXinstrument")
    put_values(instrument, "name", str(metadata.get("instrument") or NOT_GIVEN))
    source = put_group(instrument, "source", "NXsource")
    put_values(source, "name", str(metadata.get("facility") or NOT_GIVEN))
    put_values(source, "type", "Synchrotron X-ray Source")
    put_values(source, "probe", "x-ray")
    monochromator = put_group(instrument, "monochromator", "NXmonochromator")
    put_values(monochromator, "wavelength", float(info.get("wavelength_m", np.nan)) * 1e10, units="angstrom")
    put_values(monochromator, "energy", float(info.get("energy_kev", np.nan)), units="keV")
    geometry = info.get("geometry") or {}
    detector = put_group(instrument, "detector", "NXdetector")
    put_values(detector, "description", str(info.get("detector") or NOT_GIVEN))
    if "dist" in geometry:
        put_values(detector, "distance", float(geometry["dist"]), units="m")


def _put_reduction(entry: h5py.Group, info: Mapping[str, Any]) -> None:
    process = put_group(entry, "reduction", "NXprocess")
    put_values(process, "program", str(info.get("program") or NOT_GIVEN))
    put_values(process, "version", str(info.get("version") or NOT_GIVEN))
    put_values(process, "date", _now())
    put_values(process, "reference", REFERENCE)
    parameters = put_group(process, "input", "NXparameters")
    for name, value in _flat(info):
        put_values(parameters, name, value)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give nested parameters one name each; what HDF5 has no type for becomes text."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}_")
        elif name.endswith("_file") and value is not None:
            yield f"{prefix}{name}", Path(str(value)).name  # where it lies is nobody's business
        elif isinstance(value, bool | int | float | str):
            yield f"{prefix}{name}", value
        elif value is not None:
            yield f"{prefix}{name}", str(value)


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


def _own_version() -> str:
    try:
        return version("reprise")
    except PackageNotFoundError:
        return NOT_GIVEN


def _now() -> str:
    return datetime.fromtimestamp(round(time()), tz=UTC).isoformat()
