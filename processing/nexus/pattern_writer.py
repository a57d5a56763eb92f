"""Write integrated patterns: one, as many as a scan has frames, or a cake; NXazint1d and NXazint2d."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from processing.nexus.growing_patterns import FrameAxis, PatternWriter
from processing.nexus.pattern_layout import (
    ERRORS,
    ERRORS_ATTRIBUTES,
    SIGNAL,
    SIGNAL_ATTRIBUTES,
    Axis,
    put_data,
    put_entry,
)
from processing.nexus.streamed_file import streamed_file
from processing.nexus.tree import new_file, put_values
from workflows import InputError

__all__ = ["FrameAxis", "PatternWriter", "new_patterns", "write_cake", "write_pattern1d"]

CAKES = 3


def write_pattern1d(
    path: Path | str,
    *,
    radial: np.ndarray,
    intensity: np.ndarray,
    quantity: str,
    unit: str,
    errors: np.ndarray | None = None,
    info: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Path:
    """Write an integrated pattern; as NXazint1d where its axis is q or 2theta.

    Parameters
    ----------
    path : path
        Replaced if it exists; its folder must exist.
    radial : array (n,), in ``unit``
    intensity, errors : array (n,)
        In arbitrary units; errors that are not known (all NaN) are left out.
    quantity, unit : str
        "q", "2theta" or another name, and the unit as NeXus writes it ("deg", "1/nm").
    info : mapping, optional
        What the integration used, as `Integrate1D` gives it; all of it is stored.
    metadata : mapping, optional
        ``title``, ``sample``, ``instrument``, ``facility``.

    Raises
    ------
    InputError
        The folder does not exist, or the arrays do not fit.
    OSError
        The disk is full (errno 28) or cannot be written.
    """
    radial, intensity = np.asarray(radial), np.asarray(intensity)
    if radial.ndim != 1 or radial.shape != intensity.shape or radial.size == 0:
        raise InputError(
            f"radial {radial.shape} and intensity {intensity.shape} must be curves of one length"
        )
    axis = Axis.checked("radial", radial, quantity, unit)
    with new_file(Path(path)) as file:
        entry = put_entry(file, "NXazint1d", axis, info=info or {}, metadata=metadata or {})
        _put_signal(put_data(entry, axis), intensity[None], errors, "spectrum")
    return Path(path)


def write_cake(
    path: Path | str,
    *,
    radial: np.ndarray,
    azimuthal: np.ndarray,
    intensity: np.ndarray,
    sigma: np.ndarray | None = None,
    quantity: str,
    unit: str,
    info: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Path:
    """Write an image in polar coordinates; as NXazint2d where its axis is q or 2theta.

    Parameters
    ----------
    radial : array (n_radial,), in ``unit``
    azimuthal : array (n_azimuthal,), in degrees
    intensity, sigma : array (n_azimuthal, n_radial), or (n_frames, n_azimuthal, n_radial)
        In arbitrary units; errors that are not known (all NaN) are left out.  Stored with the
        frame as first dimension, as the definition wants it.
    path, quantity, unit, info, metadata
        As for `write_pattern1d`.

    Raises
    ------
    InputError, OSError
        As for `write_pattern1d`.
    """
    around = Axis.checked("azimuthal", azimuthal, "azimuthal bin center", "deg")
    along = Axis.checked("radial", radial, quantity, unit)
    shape = (around.values.size, along.values.size)
    values = np.asarray(intensity)
    values = values[None] if values.ndim == CAKES - 1 else values
    if values.ndim != CAKES or values.shape[1:] != shape:
        raise InputError(f"intensity {np.shape(intensity)} must be (azimuthal, radial), here {shape}")
    with new_file(Path(path)) as file:
        entry = put_entry(file, "NXazint2d", along, info=info or {}, metadata=metadata or {})
        _put_signal(put_data(entry, along, around), values, sigma, "image")
    return Path(path)


def _put_signal(data: h5py.Group, values: np.ndarray, errors: Any, interpretation: str) -> None:
    put_values(data, SIGNAL, values, **SIGNAL_ATTRIBUTES, interpretation=interpretation)
    if errors is None or not np.isfinite(errors).any():
        return
    errors = np.asarray(errors)
    if errors.size != values.size:
        raise InputError(f"The errors {errors.shape} do not fit the intensity {values.shape}")
    put_values(data, ERRORS, errors.reshape(values.shape), **ERRORS_ATTRIBUTES)


@contextmanager
def new_patterns(
    path: Path | str,
    *,
    radial: np.ndarray,
    quantity: str,
    unit: str,
    with_errors: bool,
    info: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    frame_axis: FrameAxis | None = None,
) -> Iterator[PatternWriter]:
    """Write the patterns of many frames as they come; as NXazint1d where their axis is q or 2theta.

    The file has its name when it is whole; after an error there is none.  Until then it can be
    read as it grows, at `PatternWriter.path`.  Memory does not grow with the frames.  The plot by
    default is ``waterfall``, frames against the radial axis; ``data`` has the same values as
    the definition wants them.  One frame is written as `write_pattern1d` writes it.

    Parameters
    ----------
    radial : array (bins,), in ``unit``
    with_errors : bool
        Whether standard errors come with the patterns.
    frame_axis : FrameAxis, optional
        Default: the frames are counted from 0.
    path, quantity, unit, info, metadata
        As for `write_pattern1d`.

    Raises
    ------
    InputError
        The folder does not exist, the arrays do not fit, or no pattern came.
    OSError
        The disk is full (errno 28) or cannot be written.
    """
    axis = Axis.checked("radial", radial, quantity, unit)
    with streamed_file(Path(path)) as streamed:
        writer = PatternWriter(
            streamed,
            axis,
            with_errors=with_errors,
            frame_axis=frame_axis or FrameAxis(),
            info=info or {},
            metadata=metadata or {},
        )
        yield writer
        writer.finish()
