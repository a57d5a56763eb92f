"""A task that finds bad pixels."""

import numpy as np

from processing.nexus.images import read_image
from processing.nexus.values import read_number, read_value
from processing.techniques.xrpd.masks import DEFAULT_MARGIN, detect_mask
from workflows import Task

__all__ = ["MaskDetection"]


class MaskDetection(
    Task,
    input_names=["image1", "monitor1", "image2", "monitor2"],
    optional_input_names=["smooth", "monitor_ratio_margin", "retry_timeout", "retry_period"],
    output_names=["mask"],
):
    """Mask the pixels that do not count in proportion to the beam, from two images.

    The two images are of the same scattering in a strong and a weak beam, in any order.

    Inputs
    ------
    image1, image2 : array (rows, columns), or path
        See `processing.nexus.images.read_image`.
    monitor1, monitor2 : float, or ``file::/path`` of a number in an HDF5 file
        The beam of each, in the same unit.
    smooth : float, default 0
        Pixels around a bad one that are masked too, see `processing.techniques.xrpd.masks.widened`.
    monitor_ratio_margin : float between 0 and 1, default 0.1
        How far from the ratio of the monitors the ratio of the counts may be, as a fraction of it.
    retry_timeout, retry_period : accepted and not needed

    Outputs
    -------
    mask : int8 (rows, columns), 1 where a pixel is to be ignored

    Raises
    ------
    InputError
        The shapes differ, a monitor is not positive, the monitors differ by less than the margin, a
        parameter is out of range, or no pixel is left.
    """

    def run(self) -> None:
        """Read both, compare."""
        mask = detect_mask(
            read_image(self.inputs.image1).data,
            read_value("monitor1", self.inputs.monitor1),
            read_image(self.inputs.image2).data,
            read_value("monitor2", self.inputs.monitor2),
            margin=read_number(
                "monitor_ratio_margin", self.get_input_value("monitor_ratio_margin", DEFAULT_MARGIN)
            ),
            smooth=read_number("smooth", self.get_input_value("smooth", None) or 0),
        )
        self.outputs.mask = mask.astype(np.int8)
