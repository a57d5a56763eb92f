"""Tasks that draw how good a calibration or an integration is."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from processing.nexus.images import read_image
from processing.techniques.xrpd.calibrants import read_calibrant, ring_labels
from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.options import UNITS
from processing.techniques.xrpd.pictures import draw_calibration, draw_pattern
from processing.techniques.xrpd.ring_fit import expected_angles, model_of, two_theta_of
from processing.techniques.xrpd.ring_points import RingPoints
from processing.techniques.xrpd.tasks.drawing import Diagnose
from workflows import InputError

X_LABELS = {
    "2th_deg": "2θ (degrees)",
    "2th_rad": "2θ (rad)",
    "q_nm^-1": "q (nm⁻¹)",
    "q_A^-1": "q (Å⁻¹)",
    "r_mm": "Radius (mm)",
    "d*2_A^-2": "1/d² (Å⁻²)",
}
COLOUR_SCALES = ("symlog", "log", "linear")
CURVE_SCALES = ("squareroot", "log", "linear")


class DiagnoseCalibrateSingleResults(
    Diagnose,
    input_names=["image", "detector", "calibrant", "geometry", "energy"],
    optional_input_names=["detector_config", "scaling", "rings", "mask", "frame"],
):
    """Draw the rings of a calibrant over its image, and how far each ring is from where it should be.

    Inputs
    ------
    image : array (rows, columns), or path
    detector, detector_config, geometry, energy
        As `CalibrateSingle` takes and gives them (m, rad, keV).
    calibrant : str
        pyFAI name.
    rings : mapping, optional
        As `CalibrateSingle` gives it; with it, points and residuals are drawn too.
    scaling : "symlog", "log" (both logarithmic here) or "linear"
    mask : array (rows, columns), or path, optional
        Pixels that are not zero are shown as masked, besides those of the detector.
    frame : int, default 0
    filename, figsize, dpi, fontsize, show, pause
        As of `Diagnose`.

    Outputs
    -------
    saved : bool, whether a picture was written

    Raises
    ------
    InputError
        An input cannot be used, a ring has a name that the calibrant does not have, or there
        is no folder for the file.
    OSError
        The disk is full (errno 28), or cannot be written.
    """

    def run(self) -> None:
        """Check all inputs, draw once, write once."""
        image = read_image(self.inputs.image, frame=self.get_input_value("frame", None)).data
        rows, columns = image.shape
        geometry = read_geometry(
            self.inputs.geometry,
            energy_kev=self.inputs.energy,
            detector=self.inputs.detector,
            detector_config=self.get_input_value("detector_config", None),
        )
        model = model_of(geometry, (rows, columns))
        calibrant = read_calibrant(self.inputs.calibrant, wavelength_m=geometry.wavelength)
        expected = np.degrees(expected_angles(calibrant, geometry.wavelength))
        scaling, style = self._scaling(COLOUR_SCALES), self._style()
        points = self._points(ring_labels(calibrant)[: expected.size])
        if not self.get_input_value("filename", None):
            self.outputs.saved = False
            return
        angles = {
            label: np.degrees(two_theta_of(found, geometry, (rows, columns)))
            for label, found in points.items()
        }
        picture = draw_calibration(
            image,
            self._used(image, model.detector.dynamic_mask(image)),
            two_theta_deg=np.degrees(model.center_array((rows, columns), unit="2th_rad", scale=False)),
            rings={
                label: (float(expected[found.ring[0]]), found.rows, found.columns)
                for label, found in points.items()
            },
            expected_deg=expected.tolist(),
            found_deg=angles,
            style=style,
            is_log=scaling != "linear",
        )
        self._save(picture)

    def _used(self, image: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        is_used = np.isfinite(image) & (True if own is None else np.asarray(own) == 0)
        if (source := self.get_input_value("mask", None)) is not None:
            mask = read_image(source).data
            if mask.shape != image.shape:
                raise InputError(f"The mask has shape {mask.shape}, but the image has {image.shape}")
            is_used &= mask == 0
        return is_used

    def _points(self, labels: list[str]) -> dict[str, RingPoints]:
        rings = self.get_input_value("rings", None) or {}
        if not isinstance(rings, Mapping):
            raise InputError("rings must be a mapping of names to points")
        points = {}
        for label, found in rings.items():
            if label not in labels:
                raise InputError(f"The calibrant has no ring {label!r} at this energy")
            try:
                places = [np.asarray(found[name], float) for name in ("p0", "p1")]
            except (TypeError, ValueError, KeyError):
                raise InputError(f"The ring {label!r} needs p0 and p1, lists of pixels") from None
            if places[0].ndim != 1 or places[0].shape != places[1].shape:
                raise InputError(f"The ring {label!r} needs as many p0 as p1")
            if places[0].size:
                points[label] = RingPoints(places[0], places[1], np.full(places[0].size, labels.index(label)))
        return points


class DiagnoseIntegrate1D(
    Diagnose,
    input_names=["x", "y", "xunits"],
    optional_input_names=["calibrant", "energy", "yerror", "scaling"],
):
    """Draw a pattern, with the lines that a calibrant should have.

    Inputs
    ------
    x, y : array (n,)
        Centre of each bin in ``xunits``, and its intensity.
    xunits : str
        One of `processing.techniques.xrpd.options.UNITS`.
    yerror : array (n,), optional
        Standard error of y, drawn as a band.
    calibrant : str, optional
        pyFAI name; it needs ``energy`` (keV).
    scaling : "squareroot" (default), "log" or "linear"
    filename, figsize, dpi, fontsize, show, pause
        As of `Diagnose`.

    Outputs
    -------
    saved : bool, whether a picture was written

    Raises
    ------
    InputError
        The arrays do not fit, the unit or the calibrant is unknown, a calibrant comes without an
        energy, or there is no folder for the file.
    OSError
        The disk is full (errno 28), or cannot be written.
    """

    def run(self) -> None:
        """Check all inputs, draw once, write once."""
        x, y = (np.asarray(self.get_input_value(name, None), float) for name in ("x", "y"))
        given = self.get_input_value("yerror", None)
        yerror = None if given is None else np.asarray(given, float)
        if (
            x.ndim != 1
            or x.size == 0
            or x.shape != y.shape
            or (yerror is not None and yerror.shape != x.shape)
        ):
            raise InputError(f"x {x.shape}, y {y.shape} and yerror must be curves of one length")
        unit = str(self.inputs.xunits)
        if unit not in UNITS:
            raise InputError(f"The unit {unit!r} is not one of {', '.join(UNITS)}")
        lines = {label: place for label, place in self._lines(unit).items() if x.min() <= place <= x.max()}
        style, scaling = self._style(), self._scaling(CURVE_SCALES)
        if not self.get_input_value("filename", None):
            self.outputs.saved = False
            return
        picture = draw_pattern(
            x, y, yerror=yerror, x_label=X_LABELS[unit], lines=lines, style=style, scaling=scaling
        )
        self._save(picture)

    def _lines(self, unit: str) -> dict[str, float]:
        """Return the place of each line of the calibrant, in a unit; none for radii."""
        name: Any = self.get_input_value("calibrant", None)
        if not name:
            return {}
        energy = self.get_input_value("energy", None)
        if energy is None:
            raise InputError("A calibrant needs the energy (keV), too")
        wavelength = read_geometry(
            {"dist": 1.0, "pixel1": 1e-4, "pixel2": 1e-4}, energy_kev=energy
        ).wavelength
        calibrant = read_calibrant(name, wavelength_m=wavelength)
        if unit == "r_mm":
            return {}
        angles = expected_angles(calibrant, wavelength)
        d = np.array(calibrant.dspacing[: angles.size], float)
        places = {
            "2th_deg": np.degrees(angles),
            "2th_rad": angles,
            "q_nm^-1": 20 * np.pi / d,
            "q_A^-1": 2 * np.pi / d,
            "d*2_A^-2": 1 / d**2,
        }[unit]
        return dict(zip(ring_labels(calibrant), places.tolist(), strict=False))
