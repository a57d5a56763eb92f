"""Tasks that subtract a background image, or integrate with one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from processing.nexus.images import read_image
from processing.nexus.values import read_number, read_value
from processing.techniques.xrpd.background import (
    checked_factor,
    checked_monitor,
    subtract_image,
    subtract_pattern,
)
from processing.techniques.xrpd.tasks.integrate import Integrate1D
from workflows import InputError, Task

__all__ = ["IntegrateWithBackground", "SubtractBackground"]


class SubtractBackground(
    Task,
    input_names=["image", "monitor", "background", "background_monitor"],
    optional_input_names=["retry_timeout", "retry_period"],
    output_names=["image", "monitor"],
):
    """Subtract a background image, scaled to the beam of the image.

    For a pattern with errors use `IntegrateWithBackground`: a difference of images has none, and
    pyFAI takes its values near -2 for dead pixels of a Pilatus.

    Inputs
    ------
    image, background : array (rows, columns), or path
        See `processing.nexus.images.read_image`.
    monitor, background_monitor : float, or ``file::/path`` of a number in an HDF5 file
        The beam of each, in the same unit.
    retry_timeout, retry_period : accepted and not needed

    Outputs
    -------
    image : float64 (rows, columns)
        image - background * monitor / background_monitor; NaN where one of them has no value.
    monitor : float

    Raises
    ------
    InputError
        The shapes differ, or a monitor is not a positive number.
    """

    def run(self) -> None:
        """Read both, subtract."""
        monitor = read_value("monitor", self.inputs.monitor)
        self.outputs.image = subtract_image(
            read_image(self.inputs.image).data,
            monitor,
            read_image(self.inputs.background).data,
            read_value("background_monitor", self.inputs.background_monitor),
        )
        self.outputs.monitor = monitor


class IntegrateWithBackground(
    Integrate1D,
    input_names=["background"],
    optional_input_names=["background_monitor", "background_factor", "background_frame"],
):
    """Integrate an image and a background image alike, and subtract the patterns with their errors.

    All inputs and outputs of `Integrate1D`; ``monitor`` is the beam of the image here.

    Inputs
    ------
    background : array (rows, columns), or path
        Measured without the sample; of the same detector in the same place.
    background_monitor : float, optional
        The beam of the background, in the unit of ``monitor``; both are given, or none.
    background_factor : float from 0, default 1
        How many times the background is subtracted, once it is scaled to the beam of the image.
    background_frame : int, default 0
        Which image of a stack.

    Outputs
    -------
    y : I - f B monitor / background_monitor, in counts of the image (divided by 1 / ``reference``)
    yerror : sqrt(sigma_I^2 + (f monitor / background_monitor)^2 sigma_B^2)
        NaN without an error model.

    Raises
    ------
    InputError
        As for `Integrate1D`; the background is the image itself, only one monitor is given, a monitor is
        not positive, or the factor is negative.
    """

    def run(self) -> None:
        """Check what concerns both, integrate twice, subtract."""
        given = {name: value for name, value in self.get_named_input_values().items() if value is not None}
        background_image, frame = given.pop("background"), given.pop("background_frame", None)
        factor = checked_factor(read_number("background_factor", given.pop("background_factor", 1)))
        _check_other(given["image"], given.get("frame"), background_image, frame)
        scale = _beam_ratio(given.pop("monitor", None), given.pop("background_monitor", None))
        sample = _integrated(given).outputs
        self.progress = 50
        self.check_cancelled()
        try:
            background = _integrated(given | {"image": background_image, "frame": frame}).outputs
        except InputError as error:
            raise InputError(f"The background: {error.message}") from None
        y, yerror = subtract_pattern(
            sample.y, sample.yerror, background.y, background.yerror, factor=factor * scale
        )
        self.outputs.x = self.outputs.radial = sample.x
        self.outputs.y = self.outputs.intensity = y
        self.outputs.yerror = self.outputs.intensity_error = yerror
        self.outputs.xunits = self.outputs.radial_units = sample.xunits
        self.outputs.azimuthal = self.outputs.azimuthal_units = None
        self.outputs.info = _info(sample.info, background.info, factor, factor * scale)


def _integrated(inputs: Mapping[Any, Any]) -> Integrate1D:
    task = Integrate1D(inputs=inputs)
    task.run()
    return task


def _check_other(image: object, frame: object, background: object, background_frame: object) -> None:
    """Refuse an image as its own background: a form may well offer the same file twice."""
    if isinstance(background, str | Path) and (str(image), frame) == (str(background), background_frame):
        raise InputError("The background is the image itself: choose one taken without the sample")


def _beam_ratio(monitor: object, background_monitor: object) -> float:
    """Return the beam of the image over that of the background; 1 where neither is known."""
    if monitor is None and background_monitor is None:
        return 1.0
    if monitor is None or background_monitor is None:
        raise InputError("monitor and background_monitor belong together: give both, or none")
    beams = {
        name: checked_monitor(name, read_value(name, value))
        for name, value in (("monitor", monitor), ("background_monitor", background_monitor))
    }
    return beams["monitor"] / beams["background_monitor"]


def _info(
    sample: Mapping[str, Any], background: Mapping[str, Any], factor: float, scale: float
) -> dict[str, Any]:
    """Return what was used for the image, and for the background where it differs."""
    return {
        **sample,
        "background_file": background["image_file"],
        "background_h5path": background["image_h5path"],
        "background_factor": factor,
        "background_scale": scale,
    }
