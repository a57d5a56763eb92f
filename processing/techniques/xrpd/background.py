"""Subtract what was measured without the sample: images or patterns."""

import numpy as np

from processing.techniques.xrpd.dead_pixels import says_nothing_in_both
from workflows import InputError

__all__ = ["checked_factor", "checked_monitor", "subtract_image", "subtract_pattern"]


def subtract_image(
    image: np.ndarray, monitor: float, background: np.ndarray, background_monitor: float
) -> np.ndarray:
    """Subtract a background image, scaled to the beam of the image.

    Returns
    -------
    float64 (rows, columns)
        image - background * monitor / background_monitor; NaN where one of the two has no value,
        which pyFAI ignores and which no difference can be mistaken for.

    Raises
    ------
    InputError
        The shapes differ, or a monitor is not a positive number.
    """
    if np.ndim(image) != 2 or image.shape != background.shape:  # noqa: PLR2004
        raise InputError(
            f"The background has shape {np.shape(background)}, but the image has {np.shape(image)}"
        )
    scale = checked_monitor("monitor", monitor) / checked_monitor("background_monitor", background_monitor)
    difference: np.ndarray = image - scale * background.astype(float)
    difference[says_nothing_in_both(image, background)] = np.nan
    return difference


def subtract_pattern(
    intensity: np.ndarray,
    sigma: np.ndarray | None,
    background: np.ndarray,
    background_sigma: np.ndarray | None,
    *,
    factor: float = 1.0,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Subtract ``factor`` times a pattern from one or several on the same axis.

    Parameters
    ----------
    intensity, sigma : array (..., bins)
    background, background_sigma : array (bins,)

    Returns
    -------
    array (..., bins), array (..., bins) or None
        The difference, and sqrt(sigma^2 + factor^2 background_sigma^2) where both are known.
    """
    difference = intensity.astype(float) - factor * background.astype(float)
    if sigma is None or background_sigma is None:
        return difference, None
    return difference, np.hypot(sigma.astype(float), factor * background_sigma.astype(float))


def checked_monitor(name: str, value: float) -> float:
    """Return the beam that an image was taken with; InputError unless it is a positive number."""
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"{name} must be greater than zero, not {value}")
    return float(value)


def checked_factor(value: float) -> float:
    """Return how many times a background is subtracted; InputError if it would be added."""
    if not (np.isfinite(value) and value >= 0):
        raise InputError(f"background_factor must be zero or more, not {value}")
    return float(value)
