"""Tasks that integrate one image; the module has ewoksxrpd's names, those of other modules included."""

from typing import Any

import numpy as np

from processing.techniques.xrpd.integration import Result, integrate_image, integration_info
from processing.techniques.xrpd.integration_task import IntegrationTask
from processing.techniques.xrpd.monitors import read_factor
from processing.techniques.xrpd.tasks.integrate_list import Integrate1DList
from processing.techniques.xrpd.tasks.scans import IntegrateBlissScan, IntegrateBlissScanWithoutSaving
from workflows import InputError

__all__ = [
    "Integrate1D",
    "Integrate1DList",
    "IntegrateBlissScan",
    "IntegrateBlissScanWithoutSaving",
    "IntegrateSinglePattern",
    "MultiConfigIntegrate1D",
    "MultiConfigIntegrateSinglePattern",
]

ONE_IMAGE = ("monitor", "reference", "monitors", "references", "frame_band_index", "frame")
RESULT = (
    "radial",
    "azimuthal",
    "intensity",
    "intensity_error",
    "radial_units",
    "azimuthal_units",
    "info",
)


class IntegrateSinglePattern(
    IntegrationTask,
    input_names=["image"],
    optional_input_names=ONE_IMAGE,
    output_names=RESULT,
):
    """Integrate one detector image azimuthally into a powder pattern or, with ``nbpt_azim``, into a cake.

    Without other words 1024 bins of 2 theta in degrees, by pyFAI's bbox/histogram, as in ewoksxrpd.

    Inputs
    ------
    image : array (rows, columns) or (frames, rows, columns), or path
        Counts, any real dtype.  Path of a TIFF, EDF, CBF, SPE, NPY or HDF5 file, see
        `processing.nexus.images.read_image`.
    frame, frame_band_index : int, optional
        Which image of a stack; negative numbers count from the end.  Default: the one that the path
        names, else the last.
    monitor, reference : float, or URL of one, optional
        The intensity is divided by monitor / reference; default 1.
    monitors, references : lists of the same length, optional
        More of them.

    Outputs
    -------
    radial : float64 (n_radial,), centre of each bin in ``radial_units``
    azimuthal : float64 (n_azimuthal,) in degrees, or None for a pattern
    intensity : float32 (n_radial,) or (n_azimuthal, n_radial)
        Mean corrected counts per pixel, relative to a pixel at the point of normal incidence; 0 where a
        bin has no pixel.
    intensity_error : float32, as ``intensity``
        Standard error of the mean; NaN without an error model, and where the intensity is not positive.
    radial_units, azimuthal_units : str
        pyFAI's names; the latter None for a pattern.
    info : mapping, everything that was used
    """

    def run(self) -> None:
        """Check all inputs, integrate once, give all outputs."""
        image = self.read_image(self.inputs.image)
        request = self.request(_shape(image.data))
        factor = image_factor(self)
        result = integrate_image(request, image.data, factor)
        info = integration_info(request, engine=result.engine, image=image, factor=factor)
        self._give(result, info)

    def _give(self, result: Result, info: dict[str, Any]) -> None:
        self.outputs.radial, self.outputs.radial_units = result.radial, result.radial_unit
        self.outputs.azimuthal, self.outputs.azimuthal_units = result.azimuthal, result.azimuthal_unit
        self.outputs.intensity, self.outputs.intensity_error = result.intensity, self._error(result)
        self.outputs.info = info

    def _error(self, result: Result) -> np.ndarray:
        """Return the errors as ewoksxrpd gives them."""
        return positive_only(result)


class Integrate1D(IntegrateSinglePattern, output_names=["x", "y", "yerror", "xunits"]):
    """Integrate one detector image azimuthally into a powder pattern, with pyFAI.

    The same as IntegrateSinglePattern, but without ``integration_options`` the defaults are 1000 bins
    and the method full/csr.

    Outputs
    -------
    x, y, yerror, xunits
        Other names of ``radial``, ``intensity``, ``intensity_error`` and ``radial_units``.
    intensity_error : float32, as ``intensity``
        Standard error of the mean; NaN without an error model.
    """

    always_as_ewoks = False

    def _give(self, result: Result, info: dict[str, Any]) -> None:
        super()._give(result, info)
        self.outputs.x, self.outputs.xunits = self.outputs.radial, self.outputs.radial_units
        self.outputs.y, self.outputs.yerror = self.outputs.intensity, self.outputs.intensity_error

    def _error(self, result: Result) -> np.ndarray:
        return result.error


class MultiConfigIntegrateSinglePattern(
    IntegrationTask,
    input_names=["image", "configs"],
    optional_input_names=ONE_IMAGE,
    output_names=RESULT,
):
    """Integrate one detector image in several ways.

    Inputs
    ------
    image, frame, frame_band_index, monitor, reference, monitors, references
        As of IntegrateSinglePattern.
    configs : list of mappings
        Each holds options as ``integration_options`` does, which win over all inputs; ``dist``,
        ``poni1``, ... and ``detector`` too.  What is null in one of them is as if it were not given.

    Outputs
    -------
    radial, azimuthal, intensity, intensity_error, radial_units, azimuthal_units, info
        Lists of what IntegrateSinglePattern gives, one item for each configuration.
    """

    def run(self) -> None:
        """Check all configurations, then integrate with each."""
        configs = self.inputs.configs
        if not isinstance(configs, list | tuple) or not configs:
            raise InputError(f"configs must be a list of at least one mapping, not {configs!r}")
        image = self.read_image(self.inputs.image)
        factor = image_factor(self)
        requests = [self.request(_shape(image.data), config) for config in configs]
        results = []
        for number, request in enumerate(requests):
            self.check_cancelled()
            results.append(integrate_image(request, image.data, factor))
            self.progress = 100 * (number + 1) / len(requests)
        self.outputs.radial = [result.radial for result in results]
        self.outputs.radial_units = [result.radial_unit for result in results]
        self.outputs.azimuthal = [result.azimuthal for result in results]
        self.outputs.azimuthal_units = [result.azimuthal_unit for result in results]
        self.outputs.intensity = [result.intensity for result in results]
        self.outputs.intensity_error = [positive_only(result) for result in results]
        self.outputs.info = [
            integration_info(request, engine=result.engine, image=image, factor=factor)
            for request, result in zip(requests, results, strict=True)
        ]


class MultiConfigIntegrate1D(MultiConfigIntegrateSinglePattern, output_names=["x", "y", "yerror", "xunits"]):
    """Integrate one detector image in several ways.

    Outputs
    -------
    x, y, yerror, xunits
        Other names of ``radial``, ``intensity``, ``intensity_error`` and ``radial_units``.
    """

    def run(self) -> None:
        """Do the same, and give the results by their other names too."""
        super().run()
        self.outputs.x, self.outputs.xunits = self.outputs.radial, self.outputs.radial_units
        self.outputs.y, self.outputs.yerror = self.outputs.intensity, self.outputs.intensity_error


def image_factor(task: IntegrationTask) -> float:
    """Return by what a task's inputs divide the intensity."""
    names = ("monitor", "reference", "monitors", "references")
    return read_factor(**{name: task.option(name) for name in names})


def positive_only(result: Result) -> np.ndarray:
    """Return the errors; NaN where the intensity is not positive, as ewoksxrpd has it."""
    return np.where(result.intensity > 0, result.error, np.nan).astype(result.error.dtype)


def _shape(data: np.ndarray) -> tuple[int, int]:
    rows, columns = data.shape
    return rows, columns
