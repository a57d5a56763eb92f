"""A task that subtracts a stored pattern from stored patterns."""

from typing import Any

import numpy as np

from processing.nexus.ewoks_layout import EwoksPlace, new_ewoks_patterns, write_ewoks_result
from processing.nexus.images import split_url
from processing.nexus.pattern_layout import Axis
from processing.nexus.pattern_reader import StoredPatterns, open_patterns
from processing.nexus.values import read_number
from processing.techniques.xrpd.background import checked_factor, subtract_pattern
from workflows import InputError, Task

__all__ = ["SubtractBackgroundPattern"]

BLOCK = 64
"""Patterns in memory at a time."""

AXIS_TOLERANCE = 1e-3
"""Parts of a bin by which two axes may differ: rounding, as of float32."""


class SubtractBackgroundPattern(
    Task,
    input_names=["nxdata_url", "background_nxdata_url", "output_nxprocess_url"],
    optional_input_names=[
        "enabled",
        "background_factor",
        "external_nxprocess_url",
        "retry_timeout",
        "retry_period",
    ],
    output_names=["nxdata_url"],
):
    """Subtract a stored pattern from one or many stored patterns, with their errors.

    Patterns on different axes are refused, as ewoksxrpd refuses other units and lengths, and are not
    interpolated: that would smear errors over neighbouring bins, and the images can be integrated alike.

    Inputs
    ------
    nxdata_url, background_nxdata_url : str
        ``file::/path`` (or ``silx://file?path=/path``) of an NXdata: the patterns, and the background, of
        which the first pattern counts.
    output_nxprocess_url : str
        Where the new NXprocess is to be, as ``file::/entry/name``; its NXdata ``integrated`` has the
        difference.
    enabled : bool, default True
        False: nothing is done, and ``nxdata_url`` is given on.
    background_factor : float from 0, default 1
        How many times the background is subtracted.
    external_nxprocess_url : str, optional
        Where to write it instead; ``output_nxprocess_url`` becomes a link to there.
    retry_timeout, retry_period : accepted and not needed

    Outputs
    -------
    nxdata_url : str
        Of the difference: intensity - f background, and where both have errors
        sqrt(sigma^2 + f^2 background_sigma^2).

    Raises
    ------
    InputError
        A location holds no patterns, or cakes; the axes differ in unit, length or values; the factor is
        negative; or the output is there already.
    """

    def run(self) -> None:
        """Check the axes, then subtract block by block."""
        if not self._option("enabled", default=True):
            self.outputs.nxdata_url = self.inputs.nxdata_url
            return
        factor = checked_factor(read_number("background_factor", self._option("background_factor", 1)))
        place = _place(self.inputs.output_nxprocess_url, self._option("external_nxprocess_url"))
        with open_patterns(str(self.inputs.background_nxdata_url)) as background:
            subtracted = _Subtracted(background, factor)
        with open_patterns(str(self.inputs.nxdata_url)) as patterns:
            subtracted.check(patterns)
            self.outputs.nxdata_url = self._written(patterns, subtracted, place)

    def _option(self, name: str, default: Any = None) -> Any:
        value = self.get_input_value(name, default)
        return default if value is None else value

    def _written(self, patterns: StoredPatterns, subtracted: "_Subtracted", place: EwoksPlace) -> str:
        axes = [Axis.checked("radial", patterns.radial, patterns.name, patterns.unit)]
        info = {
            "program": "reprise",
            "nxdata_url": str(self.inputs.nxdata_url),
            "background_nxdata_url": str(self.inputs.background_nxdata_url),
            "background_factor": subtracted.factor,
        }
        if patterns.is_single:
            intensity, errors = subtracted.of(*patterns.read(0, 1))
            kept = None if errors is None else errors[0]
            return write_ewoks_result(place, axes=axes, intensity=intensity[0], errors=kept, info=info)
        has_errors = patterns.has_sigma and subtracted.sigma is not None
        with new_ewoks_patterns(place, axes=axes, with_errors=has_errors, info=info) as writer:
            for first in range(0, patterns.n_patterns, BLOCK):
                self.check_cancelled()
                last = min(first + BLOCK, patterns.n_patterns)
                writer.append(*subtracted.of(*patterns.read(first, last)))
                self.progress = 100 * last / patterns.n_patterns
        return writer.url


class _Subtracted:
    """A background that is subtracted from patterns on its own axis."""

    def __init__(self, background: StoredPatterns, factor: float) -> None:
        self.factor, self._axis, self._unit = factor, background.radial, background.unit
        intensity, sigma = background.read(0, 1)
        self._intensity = intensity[0]
        self.sigma = None if sigma is None else sigma[0]

    def check(self, patterns: StoredPatterns) -> None:
        """Refuse patterns on another axis."""
        if patterns.unit != self._unit:
            raise InputError(
                f"The background is in {self._unit!r}, but the patterns are in {patterns.unit!r}"
            )
        if patterns.radial.size != self._axis.size:
            raise InputError(
                f"The background has {self._axis.size} bins, but the patterns have {patterns.radial.size}"
            )
        steps = np.abs(np.diff(patterns.radial.astype(float)))
        apart = np.abs(patterns.radial.astype(float) - self._axis).max()
        if apart > AXIS_TOLERANCE * steps.min(initial=np.inf):
            raise InputError(
                f"The axes of background and patterns differ by up to {apart:g} {self._unit}: "
                "integrate both with the same range and number of points"
            )

    def of(self, intensity: np.ndarray, sigma: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
        """Subtract from patterns (n, bins)."""
        return subtract_pattern(intensity, sigma, self._intensity, self.sigma, factor=self.factor)


def _place(url: object, external_url: object) -> EwoksPlace:
    """Split the address of an NXprocess into its group and its name."""
    group, name = _split(url)
    if external_url is None:
        return EwoksPlace(group, process_name=name)
    external, its_name = _split(external_url)
    if its_name != name:
        raise InputError(f"output_nxprocess_url and external_nxprocess_url end in {name} and {its_name}")
    return EwoksPlace(group, external_url=external, process_name=name)


def _split(url: object) -> tuple[str, str]:
    path, h5path, _ = split_url(str(url))
    parent, _, name = (h5path or "").rpartition("/")
    if not parent or not name:
        raise InputError(f"{url} does not name an NXprocess in an entry, as file.h5::/entry/name does")
    return f"{path}::{parent}", name
