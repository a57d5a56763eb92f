"""Save a geometry as a PONI file."""

import json
from pathlib import Path

from processing.nexus.tree import write_whole
from processing.techniques.xrpd.geometry import Geometry, read_geometry
from workflows import Task


class SavePyFaiPoniFile(
    Task,
    input_names=["output_filename", "energy", "geometry", "detector"],
    optional_input_names=["detector_config"],
    output_names=["filename"],
):
    """Save a geometry as a file that pyFAI and all programs around it read.

    Inputs
    ------
    output_filename : path
        Written whole or not at all; replaced if it exists; its folder must exist.
    energy : float, keV
    geometry : mapping
        ``dist``, ``poni1``, ``poni2`` in m; ``rot1``, ``rot2``, ``rot3`` in rad.
    detector : str
        pyFAI name of the detector model, or "Detector" for a plain grid of pixels.
    detector_config : mapping, optional
        ``pixel1``, ``pixel2`` (m), ``orientation`` (1 to 4).

    Outputs
    -------
    filename : str, path of the file

    Raises
    ------
    InputError
        The geometry is incomplete, not finite or not positive, the detector is unknown, or there is no
        such folder.
    OSError
        The disk is full (errno 28), or cannot be written.
    """

    def run(self) -> None:
        """Check the geometry and write it."""
        geometry = read_geometry(
            self.inputs.geometry,
            energy_kev=self.inputs.energy,
            detector=self.inputs.detector,
            detector_config=self.get_input_value("detector_config", None),
        )
        target = Path(str(self.inputs.output_filename))
        write_whole(target, poni_text(geometry).encode())
        self.outputs.filename = str(target)


def poni_text(geometry: Geometry) -> str:
    """Return the content of a PONI file, version 2.1 of pyFAI's format; floats to their last digit."""
    pixels = {"pixel1": geometry.pixel1, "pixel2": geometry.pixel2} if geometry.detector is None else {}
    lines = {
        "poni_version": "2.1",
        "Detector": geometry.detector or "Detector",
        "Detector_config": json.dumps({**pixels, "orientation": geometry.orientation}),
        "Distance": geometry.dist,
        "Poni1": geometry.poni1,
        "Poni2": geometry.poni2,
        "Rot1": geometry.rot1,
        "Rot2": geometry.rot2,
        "Rot3": geometry.rot3,
        "Wavelength": geometry.wavelength,
    }
    head = "# C-order: 1 is the slow axis (rows), 2 the fast one (columns); metres and radians\n"
    return head + "".join(f"{key}: {value}\n" for key, value in lines.items())
