"""The task that integrates an image into a cake."""

from processing.techniques.xrpd.integration import integrate_image, integration_info
from processing.techniques.xrpd.integration_task import IntegrationTask
from processing.techniques.xrpd.tasks.integrate import ONE_IMAGE, RESULT, image_factor

__all__ = ["Integrate2D"]


class Integrate2D(
    IntegrationTask,
    input_names=["image"],
    optional_input_names=[*ONE_IMAGE, "n_azimuthal"],
    output_names=RESULT,
):
    """Integrate one detector image into a cake: intensity over radius and azimuth.

    Without other words 1000 radial bins of 2 theta in degrees and 360 azimuthal ones, by full/csr.

    Inputs
    ------
    image, frame, frame_band_index, monitor, reference, monitors, references
        As of IntegrateSinglePattern.
    n_points : int from 10 to 100000, default 1000
        Radial bins.
    n_azimuthal : int from 1 to 3600, default 360
        Azimuthal bins; in all at most ten million.
    azimuth_range : two floats, optional
        In degrees, from -180 to 180, from the second axis of the image (columns) towards the first.
    error_model : "poisson", optional

    Outputs
    -------
    radial : float64 (n_points,), centre of each bin in ``radial_units``
    azimuthal : float64 (n_azimuthal,), centre of each bin in degrees
    intensity : float32 (n_azimuthal, n_points)
        Mean corrected counts per pixel; 0 where a bin has no pixel.
    intensity_error : float32 (n_azimuthal, n_points), standard error; NaN without an error model
    radial_units, azimuthal_units : str, pyFAI's names
    info : mapping
        Everything that was used; ``engine`` says what computed: "reprise" or "pyFAI".
    """

    always_as_ewoks = False
    makes_cakes = True

    def run(self) -> None:
        """Check all inputs, integrate once, give all outputs."""
        image = self.read_image(self.inputs.image)
        rows, columns = image.data.shape
        request = self.request((rows, columns))
        factor = image_factor(self)
        result = integrate_image(request, image.data, factor)
        self.outputs.radial, self.outputs.azimuthal = result.radial, result.azimuthal
        self.outputs.radial_units, self.outputs.azimuthal_units = result.radial_unit, result.azimuthal_unit
        self.outputs.intensity, self.outputs.intensity_error = result.intensity, result.error
        self.outputs.info = integration_info(request, engine=result.engine, image=image, factor=factor)
