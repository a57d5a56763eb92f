"""Which values of a detector image say that a pixel counted nothing.

Detectors write -1 in the gaps between their modules and -2 in dead pixels, in the type of the image:
unsigned counts have the two largest numbers there (Pilatus, Eiger; pyFAI's ``Detector.dummy`` is
-2 +- 1.5 in the type of the image).  A signed image from which a dark image was subtracted has -1
and -2 as counts too, so one signed image alone does not tell; a second one of the same detector does.
"""

import numpy as np

__all__ = ["DEAD", "GAP", "says_nothing", "says_nothing_in_both"]

GAP, DEAD = -1, -2


def says_nothing(image: np.ndarray) -> np.ndarray:
    """Pixels that certainly have no value: not finite, or an unsigned type's two largest numbers."""
    if image.dtype.kind == "u":
        return image >= np.iinfo(image.dtype).max - 1
    return ~np.isfinite(image)


def says_nothing_in_both(image: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Pixels without a value in one of two images of a detector, or with -1, or -2, in both."""
    found: np.ndarray = says_nothing(image) | says_nothing(other)
    if image.dtype.kind in "if" and other.dtype.kind in "if":
        found |= (image == other) & ((image == GAP) | (image == DEAD))
    return found
