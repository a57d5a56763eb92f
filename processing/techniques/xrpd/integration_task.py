"""What all tasks that integrate have in common: their inputs, by ewoksxrpd's names and by ours."""

from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Any, ClassVar

import numpy as np

from processing.nexus.images import Image
from processing.nexus.values import read_number
from processing.techniques.xrpd.geometry_files import read_geometry_file
from processing.techniques.xrpd.options import DEFAULT_METHOD, DEFAULT_POINTS, DEFAULT_SECTORS
from processing.techniques.xrpd.request import SECOND_IMAGES, Request, read_frame, read_request
from processing.techniques.xrpd.second_images import Shape
from processing.techniques.xrpd.worker_method import WORKER_METHOD
from processing.techniques.xrpd.worker_options import WORKER_POINTS, read_worker_options, switched_off
from workflows import InputError, Task

OPTIONS = (
    "n_points",
    "unit",
    "method",
    "radial_range",
    "azimuth_range",
    "polarization_factor",
    "correct_solid_angle",
    "error_model",
)
"""Integration options that are inputs too."""

INPUTS = (*OPTIONS, "n_azimuthal", *SECOND_IMAGES, "darkflatmethod")

LOOK_S = 0.2
"""How often a file that does not come is looked for."""


class IntegrationTask(
    Task,
    input_names=["geometry"],
    optional_input_names=[
        "detector",
        "energy",
        "detector_config",
        "mask",
        "flatfield",
        "darkcurrent",
        "darkflatmethod",
        "integration_options",
        "fixed_integration_options",
        "maximum_persistent_workers",
        "demo",
        "retry_timeout",
        "retry_period",
        "lima_url_template",
        "lima_url_template_args",
        "prioritize_non_native_h5items",
        *OPTIONS,
    ],
    register=False,
):
    """Inputs of every task that integrates.

    Inputs
    ------
    geometry : mapping, or path
        ``dist``, ``poni1``, ``poni2`` in m; ``rot1``, ``rot2``, ``rot3`` in rad; and, unless given
        otherwise, ``wavelength``, ``pixel1``, ``pixel2`` in m, ``detector``, ``orientation``.  Or a
        ``.poni`` file, or a pattern written by pyFAI.  See
        `processing.techniques.xrpd.geometry.read_geometry`.
    detector : str, optional
        pyFAI name of the detector model, wins over the one in ``geometry``.  A named
        detector brings its mask of gaps and its values for dead pixels.
    energy : float, optional
        Photon energy in keV, wins over the wavelength in ``geometry``.
    detector_config : mapping, optional
        ``pixel1``, ``pixel2`` (m), ``orientation`` (1 to 4), ``max_shape`` (rows, columns).
    mask, darkcurrent, flatfield : array (rows, columns), or path, optional
        Pixels to ignore are not zero in the mask, which adds to the detector's own.  The dark current
        is subtracted, the flat field divided by; of a list of paths the mean.
    darkflatmethod : "counts", optional
        The flat field was counted with the dark current in it: flat - dark, at least 1, is taken.
    n_points : int from 10 to 100000
    unit : str, default "2th_deg"
        One of `processing.techniques.xrpd.options.UNITS`.
    method : str or tuple
        Pixel splitting and algorithm, see `processing.techniques.xrpd.options.read_method`.
    radial_range, azimuth_range : two floats, optional
        In ``unit``, and in degrees.
    polarization_factor : float from -1 to 1, optional
        1 is horizontal (synchrotrons: about 0.95 to 0.99); without it nothing is corrected.
    correct_solid_angle : bool, default True
    error_model : "poisson" or "azimuthal", optional
    integration_options, fixed_integration_options : mapping, optional
        The same and more by the names of pyFAI's worker (``nbpt_rad``, ``nbpt_azim``, ``val_dummy``,
        ``radial_range_min``, ``integrator_name``, ...); the latter win over the former, and the inputs
        above over both.  Every option is honoured or refused, see
        `processing.techniques.xrpd.worker_options.read_worker_options`.
    demo : bool, default False
        Cut the last row and column off each image, as ewoksxrpd does for its simulated detector.
    retry_timeout, retry_period : float, optional
        How many s to wait for a file that is not there or not complete, and how often to look.
    maximum_persistent_workers, lima_url_template, lima_url_template_args, prioritize_non_native_h5items
        Taken so that workflows of ewoksxrpd run, where they mean nothing for numbers or for single images:
        integrators are kept here by other rules.

    Raises
    ------
    InputError
        A file is missing or damaged; the image is not two-dimensional or does not fit the
        detector; a mask, dark or flat has another shape; the geometry is incomplete, not
        finite or not possible; a name is unknown or a number out of its range.
    """

    always_as_ewoks: ClassVar[bool] = True
    """Whether the defaults are those of ewoksxrpd even without ``integration_options``."""

    makes_cakes: ClassVar[bool] = False
    """Whether the result always has an azimuthal axis."""

    def option(self, name: str, default: Any = None) -> Any:
        """Value of an input; the default also where null was given, as empty forms do."""
        value = self.get_input_value(name, None)
        return default if value is None else value

    def read_image(self, source: Any) -> Image:
        """Read an image, waiting for its file if that is asked for."""
        patience = self._seconds("retry_timeout", 0.0)
        end = monotonic() + patience
        while True:
            try:
                return read_frame(
                    source,
                    frame=self.option("frame"),
                    band=self.option("frame_band_index"),
                    demo=bool(self.option("demo")),
                )
            except InputError:
                if isinstance(source, np.ndarray) or monotonic() >= end:
                    raise
            self.check_cancelled()
            sleep(min(self._seconds("retry_period", LOOK_S), max(end - monotonic(), 0)))

    def request(self, shape: Shape, config: Mapping[str, Any] | None = None) -> Request:
        """Read all inputs for images of a shape; ``config`` are options that win over all others."""
        self._check_hints()
        given = (self.option("integration_options"), self.option("fixed_integration_options"))
        options, own = read_worker_options(*given, config), read_worker_options(config, name="configs")
        inputs = {name: self.option(name) for name in INPUTS if self._has(name)}
        theirs = {*own, *switched_off(config or {})}
        values = self._defaults() | options | {name: inputs[name] for name in inputs if name not in theirs}
        values |= self._place(options.get("geometry", {}))
        return read_request(values | _moved(values, own.get("geometry", {})), shape)

    def _has(self, name: str) -> bool:
        return name in self.interface.input_names and self.option(name) is not None

    def _defaults(self) -> dict[str, Any]:
        cake = {"n_azimuthal": DEFAULT_SECTORS, "is_cake": True} if self.makes_cakes else {}
        if self.always_as_ewoks or self._has("integration_options"):
            return cake | {"n_points": WORKER_POINTS, "method": WORKER_METHOD}
        return cake | {"n_points": DEFAULT_POINTS, "method": DEFAULT_METHOD}

    def _place(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Where the detector stands; what the inputs do not say comes from the options."""
        source = self.inputs.geometry
        energy, detector, config = (self.option(name) for name in ("energy", "detector", "detector_config"))
        if not isinstance(source, Mapping):
            return {"geometry": source, "energy": energy, "detector": detector, "detector_config": config}
        if energy is None and source.get("wavelength") is None:
            energy = stored.get("energy")
        fields = {name: value for name, value in stored.items() if name not in ("energy", "detector_config")}
        return {
            "geometry": fields | {name: value for name, value in source.items() if value is not None},
            "energy": energy,
            "detector": detector,
            "detector_config": stored.get("detector_config") if config is None else config,
        }

    def _check_hints(self) -> None:
        """Refuse what is no number, although nothing follows from it."""
        workers = self.option("maximum_persistent_workers", 1)
        if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
            raise InputError(f"maximum_persistent_workers must be a whole number, not {workers!r}")

    def _seconds(self, name: str, default: float) -> float:
        seconds = read_number(name, self.option(name, default))
        if seconds < 0:
            raise InputError(f"{name} must be a time in s, not {seconds:g}")
        return seconds


def _moved(values: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Put the geometry of one configuration over that of the inputs."""
    if not fields:
        return {}
    source = values["geometry"]
    place = dict(source) if isinstance(source, Mapping) else read_geometry_file(Path(source))
    changed = {name: value for name, value in fields.items() if name not in ("energy", "detector_config")}
    moved: dict[str, Any] = {"geometry": place | changed}
    if "energy" in fields or "wavelength" in fields:
        moved["energy"] = fields.get("energy")
    for name in ("detector", "detector_config"):
        if name in fields:
            moved[name] = fields[name]
    return moved
