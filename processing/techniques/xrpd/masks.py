"""Find the pixels of a detector that do not count in proportion to the beam."""

import numpy as np
from scipy.ndimage import distance_transform_edt, maximum_filter

from processing.techniques.xrpd.dead_pixels import says_nothing
from workflows import InputError

__all__ = ["DEFAULT_MARGIN", "detect_mask", "widened"]

DEFAULT_MARGIN = 0.1
"""As a fraction of the ratio of the monitors."""

GAUSSIAN_REACH = 4
"""Standard deviations at which scipy's Gaussian ends."""


def detect_mask(
    image1: np.ndarray,
    monitor1: float,
    image2: np.ndarray,
    monitor2: float,
    *,
    margin: float = DEFAULT_MARGIN,
    smooth: float = 0,
) -> np.ndarray:
    """Compare two images of the same scattering in beams of different strength.

    A pixel is good where the ratio of its counts is the ratio of the monitors, within ``margin``
    times that ratio.  The brighter image is the numerator, whichever comes first.

    Parameters
    ----------
    image1, image2 : array (rows, columns)
    monitor1, monitor2 : float, the beam of each, in the same unit
    margin : float between 0 and 1
    smooth : float, pixels
        Half of the width at half maximum of a Gaussian that the mask is smoothed with, after it
        was grown by twice as much: masks what is near to a bad pixel too.

    Returns
    -------
    bool (rows, columns), True where a pixel is to be ignored

    Raises
    ------
    InputError
        The shapes differ, a monitor is not positive, the monitors differ by so little that a dead
        pixel would pass, a parameter is out of range, or no pixel is left.
    """
    if np.ndim(image1) != 2 or np.shape(image1) != np.shape(image2):  # noqa: PLR2004
        raise InputError(f"The images have the shapes {np.shape(image1)} and {np.shape(image2)}")
    if not 0 < margin < 1:
        raise InputError(f"monitor_ratio_margin must be between 0 and 1, not {margin}")
    if not 0 <= smooth <= max(image1.shape):
        raise InputError(f"smooth must be from 0 to {max(image1.shape)} pixels, not {smooth}")
    ratio = _monitor_ratio(monitor1, monitor2, margin)
    bright, weak = (image1, image2) if monitor1 >= monitor2 else (image2, image1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.divide(bright, weak, dtype=float)
        bad: np.ndarray = ~(np.abs(found - ratio) <= ratio * margin)
    bad |= says_nothing(bright) | says_nothing(weak)
    bad = widened(bad, smooth)
    if bad.all():
        raise InputError(
            f"No pixel is left: the images do not scale as their monitors ({monitor1} and {monitor2})"
        )
    return bad


def widened(mask: np.ndarray, hwhm: float) -> np.ndarray:
    """Mask what a Gaussian that is laid over the grown mask reaches.

    Grown by a disc of radius 2 ``hwhm``, rounded to pixels, and then by the square that a Gaussian of
    half width ``hwhm`` at half maximum covers, cut at 4 standard deviations: the pixels that are not
    zero after ``gaussian_filter(binary_dilation(mask, disc))`` of scipy, without computing their values.
    """
    if not hwhm or not mask.any():
        return mask
    grown = distance_transform_edt(~mask) <= round(2 * hwhm)
    sigma = hwhm / np.sqrt(2 * np.log(2))
    reach = int(GAUSSIAN_REACH * sigma + 0.5)
    found: np.ndarray = maximum_filter(grown, size=2 * reach + 1, mode="constant", cval=0)
    return found


def _monitor_ratio(monitor1: float, monitor2: float, margin: float) -> float:
    """Return the larger monitor over the smaller one."""
    weak, strong = sorted((monitor1, monitor2))
    if not (weak > 0 and np.isfinite(strong)):
        raise InputError(f"The monitors must be greater than zero, not {monitor1} and {monitor2}")
    ratio = strong / weak
    if ratio - 1 <= ratio * margin:
        raise InputError(
            f"The monitors {monitor1} and {monitor2} differ by less than monitor_ratio_margin ({margin}): "
            "a pixel that always counts the same would pass; take images of a strong and a weak beam"
        )
    return float(ratio)
