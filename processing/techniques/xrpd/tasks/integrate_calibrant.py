"""Integrate the image of a calibrant with the geometry that it gave."""

from collections.abc import Mapping

from processing.techniques.xrpd.tasks.integrate import Integrate1D
from workflows import InputError


class IntegrateCalibrant(Integrate1D, optional_input_names=["calibration"]):
    """Integrate as `Integrate1D` does, and note with the result how good the geometry is.

    Inputs
    ------
    calibration : mapping, optional
        ``info`` of `CalibrateSingle`.
    others
        As of `Integrate1D`.

    Outputs
    -------
    info : mapping
        That of `Integrate1D`, with ``calibration`` added.
    others
        As of `Integrate1D`.

    Raises
    ------
    InputError
        As `Integrate1D`, or ``calibration`` is no mapping.
    """

    def run(self) -> None:
        """Integrate, then add to the record."""
        calibration = self.get_input_value("calibration", None) or {}
        if not isinstance(calibration, Mapping):
            raise InputError(f"calibration must be a mapping, not {calibration!r}")
        super().run()
        self.outputs.info = {**self.outputs.info, **calibration}
