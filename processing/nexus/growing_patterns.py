"""The values of patterns that come frame by frame, and their axes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from processing.nexus.growing_columns import Columns
from processing.nexus.pattern_layout import (
    ERRORS,
    ERRORS_ATTRIBUTES,
    SIGNAL,
    SIGNAL_ATTRIBUTES,
    Axis,
    put_data,
    put_entry,
    put_parameters,
)
from processing.nexus.streamed_file import StreamedFile
from processing.nexus.tree import put_group
from workflows import InputError

__all__ = ["FrameAxis", "PatternWriter"]

MAX_POINTS = 1 << 20
"""More points on an axis with uneven steps are too many for silx."""

WATERFALL, MONITOR = "waterfall", "monitor"
PROCESS = "reduction"
"""Where the waterfall is: the definition takes every NXdata of the entry for one of its own."""


@dataclass(frozen=True)
class FrameAxis:
    """What tells the frames of a scan apart: a motor, a counter, the elapsed time.

    ``values`` has one number a frame, at least as many as there will be patterns; None: they come
    with the patterns, or else the frames are counted from 0.  ``unit`` as NeXus writes it, empty
    for plain numbers.  Values that no program can plot against (in no order, or in uneven steps
    and very many) are stored all the same, and the frames are counted in the plot.
    """

    name: str = "frame"
    values: Sequence[float] | np.ndarray | None = None
    unit: str = ""

    @property
    def dataset_name(self) -> str:
        """A name as NeXus allows it, and none that the layout uses."""
        name = re.sub(r"\W", "_", self.name, flags=re.ASCII) or "frame"
        return f"frame_{name}" if name[0].isdigit() or name in {SIGNAL, ERRORS, "radial_axis"} else name


class PatternWriter:
    """Takes patterns in the order of their frames; made by `processing.nexus.pattern_writer.new_patterns`.

    Attributes
    ----------
    path : path
        Where the file is until it is whole; from the first pattern on it can be read.
    """

    def __init__(
        self,
        streamed: StreamedFile,
        radial: Axis,
        *,
        with_errors: bool,
        frame_axis: FrameAxis,
        info: Mapping[str, Any],
        metadata: Mapping[str, Any],
    ) -> None:
        self.path = streamed.path
        self._streamed, self._radial, self._frame_axis = streamed, radial, frame_axis
        self._with_errors, self._info, self._metadata = with_errors, info, metadata
        self._noted: dict[str, Any] = {}
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
        frame_values: Sequence[float] | np.ndarray | None = None,
        factors: Sequence[float] | np.ndarray | None = None,
    ) -> None:
        """Add the patterns of the next frames.

        Parameters
        ----------
        intensity, sigma : array (n, bins)
            Stored as float32; ``sigma`` with ``with_errors`` only.
        frame_values : n numbers, optional
            Where the frame axis has no values of its own.
        factors : n numbers, optional
            What each pattern was divided by, as by a monitor; for all patterns or for none.

        Raises
        ------
        InputError
            The arrays do not fit each other or those before.
        OSError
            The disk is full (errno 28) or cannot be written.
        """
        given = {SIGNAL: intensity, ERRORS: sigma, MONITOR: factors}
        columns = {name: np.asarray(values) for name, values in given.items() if values is not None}
        n = len(columns[SIGNAL])
        self._check(columns, n)
        columns["frame"] = self._places(n, frame_values)
        if n == 0:
            return
        if not self._columns:
            self._begin(with_factors=factors is not None)
        self._columns.append(columns)

    def note(self, **info: Any) -> None:
        """Store more parameters than were known at the beginning, when the file is finished."""
        self._noted.update(info)

    def finish(self) -> None:
        """Complete the file, once all patterns came."""
        if not self.n_frames:
            raise InputError("There is no pattern to write: no frame came")
        places = self._columns.datasets["frame"][()]
        self._streamed.take_room(0)
        self._streamed.end_reading()
        entry = self._streamed.file["entry"]
        put_parameters(entry, self._noted)
        if self.n_frames == 1:
            entry.attrs["default"] = "data"
            entry["data"][SIGNAL].attrs["interpretation"] = "spectrum"
        if not _can_be_axis(places, self.n_frames * self._radial.values.size):
            entry[PROCESS][WATERFALL].attrs["axes"] = [".", "radial_axis"]

    def _places(self, n: int, given: Sequence[float] | np.ndarray | None) -> np.ndarray:
        known, name, last = self._frame_axis.values, self._frame_axis.name, self.n_frames + n
        if known is not None:
            if len(known) < last:
                raise InputError(f"The axis {name} has {len(known)} values for {last} frames")
            return np.asarray(known[self.n_frames : last], dtype=float)
        if given is not None and len(given) != n:
            raise InputError(f"The axis {name} got {len(given)} values for {n} frames")
        return np.asarray(range(self.n_frames, last) if given is None else given, dtype=float)

    def _check(self, columns: Mapping[str, np.ndarray], n: int) -> None:
        bins = self._radial.values.size
        expected = {SIGNAL: (n, bins), ERRORS: (n, bins)}
        for name, values in columns.items():
            if values.shape != expected.get(name, (n,)):
                raise InputError(
                    f"The {name} of shape {values.shape} does not fit {n} patterns of {bins} bins"
                )
        if self._with_errors != (ERRORS in columns):
            raise InputError("The errors came with some patterns only, or against what was said")
        if self._columns and (MONITOR in columns) != (MONITOR in self._columns):
            raise InputError("The factors came with some patterns only")

    def _begin(self, *, with_factors: bool) -> None:
        """Lay out the file, now that it is known what comes with each pattern."""
        file, axis = self._streamed.file, self._frame_axis
        entry = put_entry(
            file,
            "NXazint1d",
            self._radial,
            info=self._info,
            metadata=self._metadata,
            monitor_applied=with_factors,
        )
        data = put_data(entry, self._radial)
        columns, row = self._columns, self._radial.values.shape
        columns.add(SIGNAL, data, SIGNAL, row, **SIGNAL_ATTRIBUTES)
        if self._with_errors:
            columns.add(ERRORS, data, ERRORS, row, **ERRORS_ATTRIBUTES)
        if with_factors:
            columns.add(MONITOR, put_group(entry, MONITOR, "NXmonitor"), "data", units="dimensionless")
        units: dict[str, Any] = {"units": axis.unit} if axis.unit else {}
        axes = [axis.dataset_name, "radial_axis"]
        plot = put_group(entry[PROCESS], WATERFALL, "NXdata", signal=SIGNAL, axes=axes)
        columns.add("frame", plot, axis.dataset_name, (), long_name=axis.name, **units)
        for name in data:
            plot[name] = data[name]
        entry[PROCESS].attrs["default"] = WATERFALL
        entry.attrs["default"] = PROCESS
        self._streamed.let_read()


def _can_be_axis(places: np.ndarray, n_points: int) -> bool:
    """Whether programs can plot against it: it only rises or only falls, evenly in a large plot.

    Values on an axis with uneven steps are no image for silx, but points one by one.
    """
    steps = np.diff(places)
    if not np.isfinite(places).all() or not (np.all(steps > 0) or np.all(steps < 0)):
        return False
    return n_points <= MAX_POINTS or bool(np.isclose(steps, steps[:1]).all())
