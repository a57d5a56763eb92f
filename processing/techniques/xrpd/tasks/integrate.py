"""Tasks that integrate images."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyFAI
from pyFAI.containers import Integrate1dResult

from processing.nexus.images import Image, read_image
from processing.techniques.xrpd.geometry import Geometry, read_geometry
from processing.techniques.xrpd.integrator import KeptIntegrator, kept_integrator
from processing.techniques.xrpd.options import (
    DEFAULT_METHOD,
    DEFAULT_POINTS,
    read_binning,
    read_method,
    read_number,
)
from workflows import InputError, Task

ERROR_MODELS = ("poisson", "azimuthal")

OPTIONS = {
    "npt": "n_points",
    "nbpt_rad": "n_points",
    "unit": "unit",
    "method": "method",
    "polarization_factor": "polarization_factor",
    "error_model": "error_model",
    "correctSolidAngle": "correct_solid_angle",
    "radial_range": "radial_range",
    "azimuth_range": "azimuth_range",
}
"""Keys accepted in ``integration_options`` (pyFAI's and ewoks' names) -> input of the task."""


class Integrate1D(
    Task,
    input_names=["image", "geometry"],
    optional_input_names=[
        "detector",
        "detector_config",
        "energy",
        "mask",
        "darkcurrent",
        "flatfield",
        "monitor",
        "reference",
        "frame",
        "integration_options",
        "n_points",
        "unit",
        "method",
        "radial_range",
        "azimuth_range",
        "polarization_factor",
        "correct_solid_angle",
        "error_model",
    ],
    output_names=[
        "x",
        "y",
        "yerror",
        "xunits",
        "radial",
        "radial_units",
        "intensity",
        "intensity_error",
        "azimuthal",
        "azimuthal_units",
        "info",
    ],
):
    """Integrate one detector image azimuthally into a powder pattern, with pyFAI.

    Inputs
    ------
    image : array (rows, columns), or path
        Counts, any real dtype.  Path of a TIFF, EDF, CBF, SPE, NPY or HDF5 file, see
        `processing.nexus.images.read_image`.
    geometry : mapping, or path
        ``dist``, ``poni1``, ``poni2``, ``pixel1``, ``pixel2``, ``wavelength`` in m; ``rot1``,
        ``rot2``, ``rot3`` in rad; ``detector``, ``orientation``.  Or a ``.poni`` file, or a
        pattern written by pyFAI.  See `processing.techniques.xrpd.geometry.read_geometry`.
    detector : str, optional
        pyFAI name of the detector model, wins over the one in ``geometry``.  A named
        detector brings its mask of gaps and its values for dead pixels.
    detector_config : mapping, optional
        ``pixel1``, ``pixel2`` (m), ``orientation`` (1 to 4).
    energy : float, optional
        Photon energy in keV, wins over the wavelength in ``geometry``.
    mask, darkcurrent, flatfield : array (rows, columns), or path, optional
        Pixels to ignore are not zero in the mask.  The dark current is subtracted, the flat
        field divided by.
    monitor, reference : float, optional
        The intensity is divided by monitor / reference; default 1.
    frame : int, default 0
        Which image of a stack.
    n_points : int from 10 to 100000, default 1000
    unit : str, default "2th_deg"
        One of `processing.techniques.xrpd.options.UNITS`.
    method : str or tuple, default "full/csr"
        Pixel splitting and algorithm, see `processing.techniques.xrpd.options.read_method`.
    radial_range, azimuth_range : two floats, optional
        In ``unit``, and in degrees.
    polarization_factor : float from -1 to 1, optional
        1 is horizontal (synchrotrons: about 0.95 to 0.99); without it nothing is corrected.
    correct_solid_angle : bool, default True
    error_model : "poisson" or "azimuthal", optional
    integration_options : mapping, optional
        The same by pyFAI's names (`OPTIONS`); the inputs above win.

    Outputs
    -------
    x, radial : float64 (n_points,), centre of each bin in ``unit``
    y, intensity : float32 (n_points,), mean corrected counts per pixel, relative to a pixel
        at the point of normal incidence; 0 where a bin has no pixel
    yerror, intensity_error : float32 (n_points,), standard error of the mean; NaN without
        an error model
    xunits, radial_units : str, the ``unit``
    azimuthal, azimuthal_units : None
    info : mapping, everything that was used

    Raises
    ------
    InputError
        A file is missing or damaged; the image is not two-dimensional or does not fit the
        detector; a mask, dark or flat has another shape; the geometry is incomplete, not
        finite or not positive; a name is unknown or a number out of its range.
    """

    def run(self) -> None:
        """Check all inputs, integrate once, give all outputs."""
        image = read_image(self.inputs.image, frame=self._option("frame"))
        geometry = read_geometry(
            self.inputs.geometry,
            energy_kev=self._option("energy"),
            detector=self._option("detector"),
            detector_config=self._option("detector_config"),
        )
        mask = self._second_image("mask", image)
        integrator = self._integrator(geometry, image, mask)
        corrections = self._corrections(image)
        result = integrator.integrate(image.data, **corrections)
        self._give(result, self._info(integrator, image, corrections))

    def _option(self, name: str, default: Any = None) -> Any:
        """Value of an input; the default also where null was given, as empty forms do."""
        value = self.get_input_value(name, None)
        if value is None:
            value = self._named_options().get(name)
        return default if value is None else value

    def _named_options(self) -> dict[str, Any]:
        options = self.get_input_value("integration_options", None) or {}
        if not isinstance(options, Mapping):
            raise InputError(f"integration_options must be a mapping, not {options!r}")
        if unknown := set(options) - set(OPTIONS):
            raise InputError(f"The integration option {min(map(str, unknown))!r} is not accepted here")
        return {OPTIONS[name]: value for name, value in options.items()}

    def _integrator(self, geometry: Geometry, image: Image, mask: np.ndarray | None) -> KeptIntegrator:
        binning = read_binning(
            self._option("n_points", DEFAULT_POINTS),
            self._option("unit", "2th_deg"),
            self._option("radial_range"),
            self._option("azimuth_range"),
        )
        method = read_method(self._option("method", tuple(DEFAULT_METHOD)))
        rows, columns = image.data.shape
        return kept_integrator(geometry, (rows, columns), mask=mask, method=method, binning=binning)

    def _second_image(self, name: str, image: Image) -> np.ndarray | None:
        """Read an image that belongs to the first, of the same shape."""
        source = self._option(name)
        if source is None:
            return None
        data = read_image(source).data
        if data.shape != image.data.shape:
            raise InputError(f"The {name} has shape {data.shape}, but the image has {image.data.shape}")
        return data

    def _corrections(self, image: Image) -> dict[str, Any]:
        """Keywords of pyFAI's ``integrate1d`` that change the values of pixels."""
        polarization = self._option("polarization_factor")
        if polarization is not None and not -1 <= read_number("polarization_factor", polarization) <= 1:
            raise InputError(f"polarization_factor must be from -1 to 1, not {polarization}")
        error_model = self._option("error_model")
        if error_model not in (None, *ERROR_MODELS):
            raise InputError(f"The error_model {error_model!r} is not one of {', '.join(ERROR_MODELS)}")
        monitor, reference = (read_number(name, self._option(name, 1.0)) for name in ("monitor", "reference"))
        if monitor <= 0 or reference <= 0:
            raise InputError(f"monitor and reference must be positive, not {monitor} and {reference}")
        return {
            "polarization_factor": None if polarization is None else float(polarization),
            "correctSolidAngle": bool(self._option("correct_solid_angle", default=True)),
            "error_model": error_model,
            "normalization_factor": monitor / reference,
            "dark": self._second_image("darkcurrent", image),
            "flat": self._second_image("flatfield", image),
        }

    def _info(
        self, integrator: KeptIntegrator, image: Image, corrections: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Everything that decided about the numbers, for the record."""
        geometry = integrator.geometry
        detector = integrator.integrator.detector
        masked = integrator.mask if integrator.mask is not None else integrator.integrator.mask
        return {
            "program": "pyFAI",
            "version": pyFAI.version,
            "method": str(integrator.method),
            "n_points": integrator.binning.n_points,
            "unit": integrator.binning.unit,
            "radial_range": integrator.binning.radial_range,
            "azimuth_range": integrator.binning.azimuth_range,
            "geometry": geometry.as_dict(),
            "wavelength_m": geometry.wavelength,
            "energy_kev": geometry.energy_kev,
            "detector": detector.name,
            "pixel1_m": detector.pixel1,
            "pixel2_m": detector.pixel2,
            "image_file": None if image.path is None else str(image.path),
            "image_h5path": image.h5path,
            "image_shape": list(image.data.shape),
            "n_frames": image.n_frames,
            "n_masked_pixels": 0 if masked is None else int(np.count_nonzero(masked)),
            "mask_file": self._file_name("mask"),
            "darkcurrent_file": self._file_name("darkcurrent"),
            "flatfield_file": self._file_name("flatfield"),
            "polarization_factor": corrections["polarization_factor"],
            "correct_solid_angle": corrections["correctSolidAngle"],
            "normalization_factor": corrections["normalization_factor"],
            "error_model": corrections["error_model"],
        }

    def _file_name(self, name: str) -> str | None:
        source = self._option(name)
        return "an array" if isinstance(source, np.ndarray) else source and str(source)

    def _give(self, result: Integrate1dResult, info: Mapping[str, Any]) -> None:
        error = np.full_like(result.intensity, np.nan) if result.sigma is None else result.sigma
        self.outputs.x = self.outputs.radial = result.radial
        self.outputs.y = self.outputs.intensity = result.intensity
        self.outputs.yerror = self.outputs.intensity_error = error
        self.outputs.xunits = self.outputs.radial_units = result.unit.name
        self.outputs.azimuthal = self.outputs.azimuthal_units = None
        self.outputs.info = info
