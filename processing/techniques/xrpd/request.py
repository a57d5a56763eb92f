"""What an integration is asked to do, read and checked before anything is computed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from processing.nexus.images import Image, read_image, split_url
from processing.nexus.values import read_number
from processing.techniques.xrpd.geometry import Geometry, read_geometry
from processing.techniques.xrpd.options import (
    Binning,
    Binning2D,
    Method,
    read_binning,
    read_binning2d,
    read_method,
)
from processing.techniques.xrpd.second_images import Shape, file_name, read_dark_and_flat, read_mask
from processing.techniques.xrpd.worker_options import ERROR_MODELS
from workflows import InputError

SECOND_IMAGES = ("mask", "darkcurrent", "flatfield")
LAST = -1
STACK = 3
DEMO_EDGE = 1
"""Rows and columns that ewoksxrpd's demo detector has too many."""


@dataclass(frozen=True)
class Request:
    """A checked request for images of one shape.

    ``corrections`` are keywords of pyFAI's ``integrate1d`` that change the values of pixels;
    ``factor`` divides every intensity, besides the monitors of each image; ``integrator`` is pyFAI's name
    of another way than the average ("sigma_clip_ng", "medfilt1d_ng"), with its ``extra`` options;
    ``files`` tells where mask, dark and flat come from.
    """

    geometry: Geometry
    shape: Shape
    binning: Binning | Binning2D
    method: Method
    mask: np.ndarray | None = None
    corrections: Mapping[str, Any] = field(default_factory=dict)
    factor: float = 1.0
    integrator: str = "integrate"
    extra: Mapping[str, Any] = field(default_factory=dict)
    chi_at_zero: bool = False
    files: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def is_cake(self) -> bool:
        """Whether the result has an azimuthal axis."""
        return isinstance(self.binning, Binning2D)


def read_frame(
    source: Any, *, frame: int | None = None, band: int | None = None, demo: bool = False
) -> Image:
    """Read one image; of a stack the frame that is asked for, else the one its URL names, else the last.

    ``band`` is another name of ``frame``; ``demo`` cuts the last row and column off, as ewoksxrpd does for
    a simulated detector that is one pixel too large.
    """
    chosen = band if frame is None else frame
    if chosen is None and not (isinstance(source, str) and split_url(source)[2] is not None):
        chosen = LAST
    image = read_image(source, frame=chosen)
    if not demo:
        return image
    return Image(image.data[:-DEMO_EDGE, :-DEMO_EDGE], image.path, image.h5path, image.n_frames)


def read_request(values: Mapping[str, Any], shape: Shape) -> Request:
    """Check what is asked for against the shape of the images.

    Parameters
    ----------
    values : mapping
        ``geometry`` (a mapping or a file), ``energy`` (keV), ``detector``, ``detector_config``, ``mask``,
        ``darkcurrent``, ``flatfield``, and all that `worker_options.read_worker_options` gives. ``method``
        and ``n_points`` are needed; ``is_cake`` asks for an azimuthal axis even of one bin.
    shape : (rows, columns)

    Raises
    ------
    InputError
        Something is missing, does not fit the image or each other, or is out of its range.
    """
    geometry = read_geometry(
        values["geometry"],
        energy_kev=values.get("energy"),
        detector=values.get("detector"),
        detector_config=values.get("detector_config"),
    )
    if "shape" in values and tuple(values["shape"]) not in (shape, shape[::-1]):
        raise InputError(f"The options are for images of {tuple(values['shape'])}, but the image has {shape}")
    geometry.make_detector(shape)  # refuses a geometry of another detector before a mask is blamed
    dark, flat = read_dark_and_flat(
        values.get("darkcurrent"), values.get("flatfield"), shape, method=values.get("darkflatmethod")
    )
    binning = _binning(values)
    request = Request(
        geometry=geometry,
        shape=shape,
        binning=binning,
        method=_method(values, binning),
        mask=read_mask(values.get("mask"), shape),
        corrections=_corrections(values) | {"dark": dark, "flat": flat},
        factor=_factor(values.get("normalization_factor")),
        integrator=values.get("integrator", "integrate"),
        extra=values.get("extra_options") or {},
        chi_at_zero=bool(values.get("chi_at_zero")),
        files={name: file_name(values.get(name)) for name in SECOND_IMAGES},
    )
    _check_integrator(request)
    return request


def _binning(values: Mapping[str, Any]) -> Binning | Binning2D:
    ranges = {name: values.get(name) for name in ("radial_range", "azimuth_range")}
    unit = values.get("unit", "2th_deg")
    sectors = values.get("n_azimuthal", 1)
    if sectors == 1 and not values.get("is_cake"):
        return read_binning(values["n_points"], unit, **ranges)
    return read_binning2d(values["n_points"], sectors, unit, **ranges)


def _method(values: Mapping[str, Any], binning: Binning | Binning2D) -> Method:
    method, dimension = values["method"], 2 if isinstance(binning, Binning2D) else 1
    return method if isinstance(method, Method) else read_method(method, dimension=dimension)


def _corrections(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords of pyFAI's ``integrate1d`` that change the values of pixels."""
    polarization = values.get("polarization_factor")
    if polarization is not None and not -1 <= read_number("polarization_factor", polarization) <= 1:
        raise InputError(f"polarization_factor must be from -1 to 1, not {polarization}")
    error_model = values.get("error_model")
    if error_model not in (None, *ERROR_MODELS):
        raise InputError(f"The error_model {error_model!r} is not one of {', '.join(ERROR_MODELS)}")
    corrections = {
        "polarization_factor": None if polarization is None else float(polarization),
        "correctSolidAngle": bool(values.get("correct_solid_angle", True)),
        "error_model": error_model,
    }
    dummies = {name: read_number(name, values[name]) for name in ("dummy", "delta_dummy") if name in values}
    if "dummy" not in dummies and dummies:
        raise InputError("delta_dummy needs val_dummy, the value of pixels to ignore: give both or none")
    return corrections | dummies


def _factor(value: Any) -> float:
    factor = read_number("normalization_factor", 1.0 if value is None else value)
    if factor <= 0:
        raise InputError(f"normalization_factor must be positive, not {factor:g}")
    return factor


def _check_integrator(request: Request) -> None:
    """Refuse what pyFAI's other integrators cannot do."""
    if request.integrator == "integrate":
        return
    if request.is_cake:
        raise InputError(f"{request.integrator} makes patterns, no cakes: make nbpt_azim 1")
    if request.integrator == "sigma_clip_ng" and request.method.split != "no":
        raise InputError(
            f"Sigma clipping counts whole pixels: choose the method no/csr, not {request.method}"
        )
