"""The geometry of a detector on a moving arm, from formulas."""

from typing import Any

from processing.techniques.xrpd.formulas import geometry_at
from processing.techniques.xrpd.geometry import Geometry
from workflows import Task

ANY_PIXEL_M = 1e-4
"""A geometry has pixels; those of a parametrisation are not known, and play no part."""


class CalculateGeometry(
    Task,
    registry_name="processing.techniques.xrpd.tasks.calibrate.CalculateGeometry",
    input_names=["parametrization", "parameters", "position"],
    output_names=["geometry", "energy"],
):
    """Calculate geometry and energy for a position of the detector on its arm.

    Inputs
    ------
    parametrization : mapping
        How pyFAI's ``ExtendedTransformation`` writes itself: ``param_names``, ``pos_names`` and the
        formulas ``dist_expr``, ``poni1_expr``, ... ``wavelength_expr`` (m, rad), see
        `processing.techniques.xrpd.formulas.geometry_at`.
    parameters : mapping
        A number for each of ``param_names``.
    position : float, or one for each of ``pos_names``
        In the unit that the formulas take.

    Outputs
    -------
    geometry : mapping
        ``dist``, ``poni1``, ``poni2`` in m, ``rot1``, ``rot2``, ``rot3`` in rad.
    energy : float, keV

    Raises
    ------
    InputError
        A formula is more than arithmetic of the named values, a parameter is missing or no
        number, or the result is not a geometry.
    """

    def run(self) -> None:
        """Check the formulas, evaluate them, check the result."""
        given = self.inputs
        found, wavelength = geometry_at(given.parametrization, given.parameters, given.position)
        place: dict[str, Any] = dict(found)
        checked = Geometry(**place, wavelength=wavelength, pixel1=ANY_PIXEL_M, pixel2=ANY_PIXEL_M)
        self.outputs.geometry = place
        self.outputs.energy = checked.energy_kev
