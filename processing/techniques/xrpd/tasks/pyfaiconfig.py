"""The task that reads how to integrate from files of pyFAI."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from processing.nexus.guard import contained_path
from processing.techniques.xrpd.geometry import read_energy, read_geometry
from processing.techniques.xrpd.geometry_files import DETECTOR_SETTINGS, read_geometry_file
from processing.techniques.xrpd.worker_method import read_worker_method
from processing.techniques.xrpd.worker_options import NO_ERROR_MODEL
from workflows import InputError, Task

__all__ = ["PyFaiConfig"]

POSITION = ("dist", "poni1", "poni2", "rot1", "rot2", "rot3")
MAX_JSON_BYTES = 1 << 24
SIGMA_CLIP = "sigma_clip_ng"
OLD_SIGMA_CLIPS = ("sigma_clip", "_sigma_clip_legacy")

_log = logging.getLogger(__name__)


class PyFaiConfig(
    Task,
    optional_input_names=[
        "energy",
        "geometry",
        "detector",
        "detector_config",
        "mask",
        "flatfield",
        "darkcurrent",
        "integration_options",
        "filenames",
        "filename",
        "calibrant",
        "darkflatmethod",
        "show_merge_warnings",
    ],
    output_names=[
        "energy",
        "geometry",
        "detector",
        "detector_config",
        "mask",
        "flatfield",
        "darkcurrent",
        "integration_options",
        "calibrant",
    ],
):
    """Read a geometry and integration options from pyFAI's files and from the inputs.

    What is given several times is taken from the inputs first, then from ``integration_options``, then
    from the last of ``filenames``, at last from ``filename``.

    Inputs
    ------
    filename, filenames : path, list of paths, optional
        ``.poni`` files, or JSON documents of pyFAI (``.json``).
    energy : float, optional
        In keV.
    geometry : mapping, optional
        ``dist``, ``poni1``, ``poni2`` in m; ``rot1``, ``rot2``, ``rot3`` in rad.
    detector : str, optional
        pyFAI name of the detector model.
    detector_config : mapping, optional
        ``pixel1``, ``pixel2`` (m), ``orientation`` (1 to 4), ``max_shape`` (rows, columns).
    mask, flatfield, darkcurrent : array, or path, optional
    integration_options : mapping, optional
        By the names of pyFAI's worker.
    calibrant : str, optional
    darkflatmethod : str, optional
        Becomes an integration option.
    show_merge_warnings : bool, default False
        Warn in the log of each value that a later file or option overrides.

    Outputs
    -------
    energy : float in keV, or None
    geometry : mapping, with what is known of ``dist``, ``poni1``, ``poni2``, ``rot1``, ``rot2``, ``rot3``
    detector, detector_config : as given or found, or None
    mask, flatfield, darkcurrent, calibrant : as given, or None
    integration_options : mapping, all the rest

    Raises
    ------
    InputError
        A file is missing or no document of pyFAI; a number of the geometry is not finite or not
        possible; the method is unknown, or one that sigma clipping cannot use.
    """

    def run(self) -> None:
        """Merge all sources and take the geometry out of them."""
        merged = self._merged()
        energy = self._given("energy", merged.pop("energy", None))
        wavelength = merged.pop("wavelength", None)
        if energy is not None:
            energy = read_energy(energy)
        elif wavelength is not None:
            energy = read_energy(wavelength=wavelength)
        detector = self._given("detector", merged.pop("detector", None))
        settings = self._given("detector_config", merged.pop("detector_config", None))
        found = {name: merged.pop(name) for name in POSITION if name in merged}
        geometry = self._given("geometry", found)
        _check(geometry, energy, detector, settings)
        merged.pop("poni_version", None)
        _name_error_model(merged)
        _name_integrator(merged)
        if (method := self._given("darkflatmethod")) is not None:
            merged["darkflatmethod"] = method
        self.outputs.energy, self.outputs.geometry = energy, geometry
        self.outputs.detector, self.outputs.detector_config = detector, settings
        for name in ("mask", "flatfield", "darkcurrent", "calibrant"):
            setattr(self.outputs, name, self._given(name))
        self.outputs.integration_options = merged

    def _given(self, name: str, default: Any = None) -> Any:
        value = self.get_input_value(name, None)
        return default if value is None else value

    def _merged(self) -> dict[str, Any]:
        """Merge files and options, the strongest last."""
        names = self._given("filenames", [])
        if isinstance(names, str | Path):
            raise InputError(f"filenames must be a list of files, not {names!r}: give one as filename")
        sources = [(str(name), _flat(_read(name))) for name in (self._given("filename"), *names) if name]
        options = self._given("integration_options", {})
        if not isinstance(options, Mapping):
            raise InputError(f"integration_options must be a mapping, not {options!r}")
        merged: dict[str, Any] = {}
        for source, values in [*sources, ("integration_options", _flat(options))]:
            if self._given("show_merge_warnings"):
                for name in sorted(merged.keys() & values.keys()):
                    _log.warning("%s %r becomes %r, from %s", name, merged[name], values[name], source)
            merged |= values
        return merged


def _flat(options: Mapping[str, Any]) -> dict[str, Any]:
    """Put the geometry beside the other options, as older documents have it."""
    poni = options.get("poni")
    if not isinstance(poni, Mapping):
        return dict(options)
    return {name: value for name, value in options.items() if name != "poni"} | dict(poni)


def _read(name: str | Path) -> dict[str, Any]:
    """Read a file by the names of pyFAI's worker."""
    path = Path(name)
    if path.suffix.lower() == ".json":
        return _read_json(path)
    fields = dict(read_geometry_file(path))
    settings = {key: fields.pop(key) for key in DETECTOR_SETTINGS if key in fields}
    return {"detector": "Detector"} | fields | {"detector_config": settings}


def _read_json(path: Path) -> dict[str, Any]:
    with contained_path(path).open(errors="replace") as file:
        text = file.read(MAX_JSON_BYTES + 1)
    try:
        read = json.loads(text) if len(text) <= MAX_JSON_BYTES else None
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise InputError(f"The file {path.name} is no JSON document of pyFAI: it must hold one object")
    return read


def _check(geometry: Any, energy: float | None, detector: Any, settings: Any) -> None:
    """Refuse what cannot be, as far as it is known; a calibration completes the rest."""
    if not isinstance(geometry, Mapping):
        raise InputError(f"geometry must be a mapping, not {geometry!r}")
    place = {"dist": 1.0, "pixel1": 1e-4, "pixel2": 1e-4} | (
        {} if settings is None else {key: settings[key] for key in DETECTOR_SETTINGS if key in settings}
    )
    if detector and str(detector).lower() != "detector" and not settings:
        place = {"dist": 1.0}
    known = {name: value for name, value in geometry.items() if value is not None}
    read_geometry(place | known, energy_kev=energy or 10.0, detector=detector, detector_config=settings)


def _name_error_model(options: dict[str, Any]) -> None:
    poisson, azimuthal = options.pop("do_poisson", None), options.pop("do_azimuthal_error", None)
    model = options.pop("error_model", None)
    if model in NO_ERROR_MODEL:
        model = "azimuthal" if azimuthal else "poisson" if poisson else None
    if model:
        options["error_model"] = model


def _name_integrator(options: dict[str, Any]) -> None:
    """Give sigma clipping its name of today, and refuse it a method that splits pixels."""
    name, method = options.get("integrator_name"), options.get("method")
    chosen = read_worker_method(method) if method else None
    if name in OLD_SIGMA_CLIPS:
        _log.warning("%r is done as %r", name, SIGMA_CLIP)
        options["integrator_name"] = SIGMA_CLIP
    if options.get("integrator_name") == SIGMA_CLIP and chosen is not None and chosen.split != "no":
        raise InputError(f"Sigma clipping counts whole pixels: choose the method no/csr, not {chosen}")
