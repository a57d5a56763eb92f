"""The HDF5 layout of the writers of ewoksxrpd, for those who have programs that read it.

An NXprocess with ``program``, ``version``, ``date``, a ``configuration`` as JSON and an NXdata
``integrated``, whose axes have the two halves of pyFAI's unit names: ``2th`` in ``deg``.  Links
under ``measurement`` lead to the signal, ``default`` attributes to the plot.  It declares no
application definition.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np

from processing.nexus.ewoks_places import EwoksPlace, need_group
from processing.nexus.ewoks_process import DATA, MEASUREMENT, SIGNAL, address, placed, process_path
from processing.nexus.growing_columns import Columns
from processing.nexus.pattern_layout import Axis
from processing.nexus.streamed_file import StreamedFile
from processing.nexus.tree import put_group, put_values
from workflows import InputError

__all__ = ["EwoksPatternWriter", "EwoksPlace", "ewoks_axis", "new_ewoks_patterns", "write_ewoks_result"]

ERRORS, POINTS = "intensity_errors", "points"
CAKE = 2


def ewoks_axis(name: str, values: Any, pyfai_unit: str) -> Axis:
    """Make an axis that is called by the halves of pyFAI's unit name, such as "q_nm^-1"; or InputError."""
    quantity, _, unit = str(pyfai_unit).partition("_")
    if not quantity or not unit:
        raise InputError(f"{pyfai_unit!r} is not a unit as pyFAI names it, such as '2th_deg'")
    return Axis.checked(name, values, quantity, unit)


def write_ewoks_result(
    place: EwoksPlace,
    *,
    axes: Sequence[Axis],
    intensity: np.ndarray,
    errors: np.ndarray | None = None,
    info: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> str:
    """Write a pattern, a cake, or several of them.

    Parameters
    ----------
    axes : Axis, as of `ewoks_axis`
        (radial,) or (azimuthal, radial).
    intensity, errors : array ([n_frames,] [n_azimuthal,] n_radial)
    info : mapping, optional
        Becomes the ``configuration``; ``program`` and ``version`` are told apart.
    metadata : mapping, optional
        Nested values for the group of the place, see `put_metadata`.

    Returns
    -------
    str
        Address of the NXdata.

    Raises
    ------
    InputError
        The arrays do not fit, the address is none, or the process is there already.
    OSError
        The disk is full (errno 28) or cannot be written; what is there stays as it is.
    """
    intensity = np.asarray(intensity)
    shape = tuple(axis.values.size for axis in axes)
    n_dims = len(axes)
    if intensity.shape[-n_dims:] != shape or intensity.ndim not in (n_dims, n_dims + 1):
        raise InputError(f"intensity {intensity.shape} does not fit axes of {shape}")
    if errors is not None and np.shape(errors) != intensity.shape:
        raise InputError(f"The errors {np.shape(errors)} do not fit the intensity {intensity.shape}")
    with placed(place, info or {}, metadata or {}) as streamed:
        streamed.take_room(3 * intensity.nbytes)
        data = _put_data(streamed.file[process_path(place)], axes, with_frames=intensity.ndim > n_dims)
        put_values(data, SIGNAL, intensity, interpretation=_interpretation(axes))
        if errors is not None:
            put_values(data, ERRORS, np.asarray(errors))
    return address(place)


@contextmanager
def new_ewoks_patterns(
    place: EwoksPlace,
    *,
    axes: Sequence[Axis],
    with_errors: bool,
    info: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Iterator["EwoksPatternWriter"]:
    """Write the patterns, or cakes, of many frames as they come; memory does not grow with them.

    Arguments and errors are those of `write_ewoks_result`.  A new file can be read as it grows,
    at `EwoksPatternWriter.path`.
    """
    with placed(place, info or {}, metadata or {}) as streamed:
        writer = EwoksPatternWriter(streamed, place, axes=axes, with_errors=with_errors)
        yield writer
        writer.finish()


class EwoksPatternWriter:
    """Takes patterns, or cakes, in the order of their frames.

    Attributes
    ----------
    path : path
        Where the file is until it is whole.
    url : str
        Address of the NXdata, once the file is whole.
    """

    def __init__(
        self, streamed: StreamedFile, place: EwoksPlace, *, axes: Sequence[Axis], with_errors: bool
    ) -> None:
        self.path, self.url = streamed.path, address(place)
        self._streamed, self._process, self._axes = streamed, process_path(place), axes
        self._with_errors = with_errors
        self._columns = Columns(streamed)

    @property
    def n_frames(self) -> int:
        """How many patterns came."""
        return self._columns.n_rows

    def append(
        self,
        intensity: np.ndarray,
        sigma: np.ndarray | None = None,
        *,
        counters: Mapping[str, Sequence[float] | np.ndarray] | None = None,
    ) -> None:
        """Add the patterns of the next frames.

        Parameters
        ----------
        intensity, sigma : array (n, n_radial) or (n, n_azimuthal, n_radial)
            Stored as float32; ``sigma`` with ``with_errors`` only.
        counters : mapping of name to n numbers, optional
            Go to ``measurement``; the same with every call.

        Raises
        ------
        InputError
            The arrays do not fit each other or those before.
        OSError
            The disk is full (errno 28) or cannot be written.
        """
        columns = {SIGNAL: np.asarray(intensity)}
        if sigma is not None:
            columns[ERRORS] = np.asarray(sigma)
        columns.update({name: np.asarray(values) for name, values in (counters or {}).items()})
        self._check(columns)
        if len(columns[SIGNAL]) == 0:
            return
        if not self._columns:
            self._begin(counters or {})
        self._columns.append(columns)

    def finish(self) -> None:
        """Complete the NXdata, once all patterns came."""
        if not self.n_frames:
            raise InputError("There is no pattern to write: no frame came")
        self._streamed.end_reading()
        data = self._streamed.file[f"{self._process}/{DATA}"]
        put_values(data, POINTS, np.arange(self.n_frames))
        data.attrs["axes"] = [POINTS, *(axis.quantity for axis in self._axes)]

    def _check(self, columns: Mapping[str, np.ndarray]) -> None:
        n, row = len(columns[SIGNAL]), tuple(axis.values.size for axis in self._axes)
        for name, values in columns.items():
            if values.shape != ((n, *row) if name in (SIGNAL, ERRORS) else (n,)):
                raise InputError(f"The {name} of shape {values.shape} does not fit {n} patterns of {row}")
        if self._with_errors != (ERRORS in columns):
            raise InputError("The errors came with some patterns only, or against what was said")
        if self._columns and set(columns) != set(self._columns.datasets):
            raise InputError("The counters came with some patterns only")

    def _begin(self, counters: Mapping[str, Any]) -> None:
        process, row = self._streamed.file[self._process], tuple(axis.values.size for axis in self._axes)
        data = _put_data(process, self._axes, with_frames=True)
        self._columns.add(SIGNAL, data, SIGNAL, row, interpretation=_interpretation(self._axes))
        if self._with_errors:
            self._columns.add(ERRORS, data, ERRORS, row)
        measurement = need_group(self._streamed.file, f"{process.parent.name}/{MEASUREMENT}")
        for name in counters:
            if name in measurement:
                del measurement[name]
            self._columns.add(name, measurement, name)
        self._streamed.let_read()


def _put_data(process: h5py.Group, axes: Sequence[Axis], *, with_frames: bool) -> h5py.Group:
    names = [*(["."] if with_frames else []), *(axis.quantity for axis in axes)]
    data = put_group(process, DATA, "NXdata", signal=SIGNAL, axes=names)
    for axis in axes:
        put_values(data, axis.quantity, axis.values, units=axis.unit)
    return data


def _interpretation(axes: Sequence[Axis]) -> str:
    return "image" if len(axes) == CAKE else "spectrum"
