"""Tasks that calibrate the geometry of a detector."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from processing.nexus.images import read_image
from processing.nexus.values import read_number
from processing.techniques.xrpd.calibrants import read_calibrant
from processing.techniques.xrpd.calibration import Calibration, Measured, calibrate
from processing.techniques.xrpd.geometry import Geometry, read_geometry
from processing.techniques.xrpd.ring_fit import PARAMETERS
from processing.techniques.xrpd.tasks.calculate_geometry import CalculateGeometry
from workflows import InputError, Task
from workflows.suggestions import did_you_mean

__all__ = ["CalculateGeometry", "CalibrateSingle"]

CAN_BE_FIXED = (*PARAMETERS, "energy")
NO_DETECTOR = "Detector"
"""pyFAI's name of a plain grid of pixels."""


class CalibrateSingle(
    Task,
    input_names=["image", "calibrant", "geometry", "energy"],
    optional_input_names=[
        "detector",
        "detector_config",
        "fixed",
        "max_rings",
        "robust",
        "ring_detector",
        "mask",
        "frame",
    ],
    output_names=[
        "geometry",
        "energy",
        "detector",
        "detector_config",
        "rings",
        "chi2",
        "residual_deg",
        "ring_residuals",
        "uncertainty",
        "orientations",
        "note",
        "info",
        "image",
        "mask",
        "calibrant",
    ],
):
    """Refine where the detector stands, and the energy, with one image of a calibrant.

    Inputs
    ------
    image : array (rows, columns), or path
        Counts; see `processing.nexus.images.read_image`.
    detector : str, optional
        pyFAI name of the detector model, or "Detector" for a plain grid of pixels; wins over the
        one in ``geometry``.
    calibrant : str
        pyFAI name, such as "LaB6", "CeO2" or "AgBh".
    geometry : mapping, or path of a .poni file
        Where to begin: ``dist``, ``poni1``, ``poni2`` in m, default the middle of the image; ``rot1``,
        ``rot2``, ``rot3`` in rad, default 0; also ``detector``, ``pixel1``, ``pixel2``, ``orientation``.
    energy : float
        Photon energy in keV.
    detector_config : mapping, optional
        ``pixel1``, ``pixel2`` (m), ``orientation`` (1 to 4).
    fixed : list of str, or str with commas, optional
        Of ``dist``, ``poni1``, ``poni2``, ``rot1``, ``rot2``, ``rot3``, ``energy``; all others are
        refined.  ``rot3`` turns the detector about the beam and stays as it is in any case.
    max_rings : int, or list of int, optional
        How many of the rings that cross the image are used, from inside; default all.  Of a
        list each number is a stage of its own.
    robust : bool, default True
        Search around the start first: the distance may be wrong by 8 % and the centre by 8 mm.
        Otherwise each ring has to be nearer to where it is expected than to its neighbours.
    ring_detector : str, optional
        Another detector model, of the same shape, whose mask is used as well.
    mask : array (rows, columns), or path, optional
        Pixels to ignore are not zero.
    frame : int, default 0
        Which image of a stack.

    Outputs
    -------
    geometry : mapping
        ``dist``, ``poni1``, ``poni2`` in m, ``rot1``, ``rot2``, ``rot3`` in rad.
    energy : float, keV
    detector : str, detector_config : mapping
        As they were given, with the orientation that was used.
    rings : mapping
        Name of a ring -> ``p0`` and ``p1``, rows and columns of its points in pixels.
    chi2 : float, sum of the squared residuals in rad^2
    residual_deg : float, their root mean square in degrees of 2 theta
    ring_residuals : list of mappings
        ``label``, ``two_theta_deg``, ``n_points``, ``residual_deg`` of each ring.
    uncertainty : mapping
        One standard deviation of what was refined (m, rad; ``energy`` in keV), from the scatter of
        the points; errors that all points share, such as that of the energy, are not in it.
    orientations : mapping
        pyFAI orientation, as text -> ``start_deg`` and ``fit_deg``: residual of the starting geometry, and
        of the refined one (infinite if none was found), if the image were stored that way round.
    note : str
        What they say, in words.
    info : mapping
        The most important of it, to be stored with a result.
    image, mask, calibrant
        As they were given, for the tasks that follow.

    Raises
    ------
    InputError
        The image, the detector, the starting geometry or the calibrant cannot be used; too few
        points on rings are found, as when there are none; the fit leaves the physical range or
        does not describe the rings; or they do not determine what is to be refined.
    """

    def run(self) -> None:
        """Check all inputs, calibrate, give all outputs."""
        image = read_image(self.inputs.image, frame=self.get_input_value("frame", None)).data
        start = self._start(image.shape)
        calibrant = read_calibrant(self.inputs.calibrant, wavelength_m=start.wavelength)
        found = calibrate(
            Measured(image, self._used(image, start), calibrant),
            start,
            free=self._free(),
            max_rings=_read_rings(self.get_input_value("max_rings", None)),
            with_search=self.get_input_value("robust", None) is not False,
            on_step=self._tell,
        )
        self._give(found)

    def _start(self, shape: tuple[int, ...]) -> Geometry:
        """Read the starting geometry; the middle of the image where no point of incidence is given."""
        given = self.inputs.geometry
        start = read_geometry(
            given,
            energy_kev=self.inputs.energy,
            detector=self.get_input_value("detector", None),
            detector_config=self.get_input_value("detector_config", None),
        )
        if not isinstance(given, Mapping):
            return start
        rows, columns = shape
        model = start.make_detector((rows, columns))
        middle = {"poni1": rows / 2 * model.pixel1, "poni2": columns / 2 * model.pixel2}
        missing: dict[str, Any] = {name: at for name, at in middle.items() if given.get(name) is None}
        return replace(start, **missing)

    def _tell(self, percent: float) -> None:
        self.check_cancelled()
        self.progress = percent

    def _free(self) -> frozenset[str]:
        fixed = self.get_input_value("fixed", None) or []
        if isinstance(fixed, str):
            fixed = [name.strip() for name in fixed.split(",") if name.strip()]
        for name in fixed:
            if name not in CAN_BE_FIXED:
                raise InputError(f"{name!r} cannot be fixed{did_you_mean(name, CAN_BE_FIXED)}")
        free = set(CAN_BE_FIXED) - set(fixed) - {"rot3"}
        if not free:
            raise InputError("Everything is fixed, so there is nothing to refine")
        return frozenset("wavelength" if name == "energy" else name for name in free)

    def _used(self, image: np.ndarray, start: Geometry) -> np.ndarray:
        """Which pixels count: neither masked by a detector or the user, nor dead, and finite."""
        masks = [start.make_detector(np.shape(image)).dynamic_mask(image)]
        if other := self.get_input_value("ring_detector", None):
            named = read_geometry({"dist": 1.0, "wavelength": 1e-10}, detector=other)
            masks.append(named.make_detector(np.shape(image)).dynamic_mask(image))
        if (source := self.get_input_value("mask", None)) is not None:
            masks.append(read_image(source).data)
            if masks[-1].shape != image.shape:
                raise InputError(f"The mask has shape {masks[-1].shape}, but the image has {image.shape}")
        is_used = np.isfinite(image)
        for mask in masks:
            is_used &= np.asarray(mask) == 0
        return is_used

    def _give(self, found: Calibration) -> None:
        geometry = found.geometry
        config = {"orientation": geometry.orientation}
        if geometry.detector is None:
            config |= {"pixel1": geometry.pixel1, "pixel2": geometry.pixel2}  # type: ignore[dict-item]
        uncertainty = dict(found.uncertainty)
        if (wavelength := uncertainty.pop("wavelength", None)) is not None:
            uncertainty["energy"] = geometry.energy_kev * wavelength / geometry.wavelength
        self.outputs.geometry = {name: getattr(geometry, name) for name in PARAMETERS}
        self.outputs.energy = geometry.energy_kev
        self.outputs.detector = geometry.detector or NO_DETECTOR
        self.outputs.detector_config = config
        self.outputs.rings = _points_by_ring(found)
        self.outputs.chi2 = found.chi2
        self.outputs.residual_deg = found.residual_deg
        self.outputs.ring_residuals = [asdict(ring) for ring in found.rings]
        self.outputs.uncertainty = uncertainty
        self.outputs.orientations = {
            str(one.orientation): {"start_deg": one.start_deg, "fit_deg": one.fit_deg}
            for one in found.orientations
        }
        self.outputs.note = found.note
        self.outputs.info = {
            "calibrant": str(self.inputs.calibrant),
            "calibration_residual_deg": found.residual_deg,
            "calibration_chi2": found.chi2,
            "calibration_note": found.note,
            "calibration_n_points": len(found.points),
            "calibration_n_rings": len(found.rings),
            "calibration_fixed": ", ".join(sorted(set(CAN_BE_FIXED) - set(uncertainty))),
            "calibration_uncertainty": uncertainty,
        }
        for name in ("image", "mask", "calibrant"):
            setattr(self.outputs, name, self.get_input_value(name, None))


def _read_rings(max_rings: object) -> tuple[int | None, ...]:
    """Read how many rings are used: one number or several; what is not positive means all."""
    numbers = max_rings if isinstance(max_rings, Sequence) and not isinstance(max_rings, str) else [max_rings]
    wanted: list[int | None] = []
    for number in numbers:
        value = 0.0 if number is None else read_number("max_rings", number)
        if value != int(value):
            raise InputError(f"max_rings must be whole numbers, not {number!r}")
        wanted.append(int(value) if value > 0 else None)
    return tuple(wanted) or (None,)


def _points_by_ring(found: Calibration) -> dict[str, dict[str, list[float]]]:
    rings = {}
    for number in np.unique(found.points.ring):
        label = found.labels[number] if number < len(found.labels) else f"ring{number}"
        points = found.points.kept(found.points.ring == number)
        rings[label] = {"p0": points.rows.tolist(), "p1": points.columns.tolist()}
    return rings
