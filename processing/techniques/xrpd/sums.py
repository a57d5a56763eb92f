"""Add the frames of a scan, in whole numbers and without losing which pixels are dead."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from processing.nexus.guard import open_h5
from processing.nexus.scans import Scan
from processing.nexus.values import read_number
from processing.techniques.xrpd.dead_pixels import DEAD, GAP
from workflows import InputError

__all__ = ["FrameSum", "PartSum", "counter_of", "is_background", "read_whole", "scan_numbers", "sum_parts"]

BLOCK = 8
"""Frames in memory at a time."""

_LARGEST = np.iinfo(np.int64).max
_WIDEST_SAFE = 4
"""Bytes of an integer of which no scan is long enough to overflow 8."""


class FrameSum:
    """The sum of frames of one shape.

    Whole numbers are added as int64, others as float64.  A pixel stays what it is where it has no
    value: -1 (a gap) or -2 (dead) in all frames, or in any frame one of the two largest numbers of
    an unsigned type, which become -1 and -2 (the same in 8 bytes with a sign); NaN stays NaN.

    Attributes
    ----------
    n_frames : int
    monitor : float or None
        What the frames' beam adds up to, kept by who adds them.
    """

    def __init__(self, shape: tuple[int, int], dtype: np.dtype) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        self.n_frames = 0
        self.monitor: float | None = None
        self._total = np.zeros(shape[0] * shape[1], float if self.dtype.kind == "f" else np.int64)
        self._marked = np.empty(0, np.intp)
        self._marks = np.empty(0, self._total.dtype)

    def add(self, frames: np.ndarray) -> None:
        """Add frames (n, rows, columns).

        Raises
        ------
        InputError
            They have another shape or type, or the sum of a pixel does not fit 8 bytes.
        """
        if frames.shape[1:] != self.shape or frames.dtype != self.dtype:
            raise InputError(
                f"Frames {frames.shape[1:]} of {frames.dtype} cannot be added to {self.shape} of {self.dtype}"
            )
        for frame in frames:
            counts = frame.ravel()
            self._note_marks(counts)
            if self.dtype.itemsize > _WIDEST_SAFE:
                counts = self._with_room(counts)
            np.add(self._total, counts, out=self._total, casting="unsafe")
            self.n_frames += 1

    @property
    def image(self) -> np.ndarray:
        """The sum so far: int64 or float64 (rows, columns)."""
        image = self._total.copy()
        image[self._marked] = self._marks
        return image.reshape(self.shape)

    def _note_marks(self, counts: np.ndarray) -> None:
        if self.dtype.kind == "u":
            largest = np.iinfo(self.dtype).max
            found = np.flatnonzero(counts >= largest - 1)
            if np.array_equal(found, self._marked):  # gaps are the same in all frames
                return
            marks = np.where(counts[found] == largest, GAP, DEAD)
            known = ~np.isin(found, self._marked)
            self._marked = np.concatenate([self._marked, found[known]])
            self._marks = np.concatenate([self._marks, marks[known].astype(np.int64)])
        elif self.n_frames == 0:
            self._marked = np.flatnonzero((counts == GAP) | (counts == DEAD))
            self._marks = counts[self._marked].astype(self._total.dtype)
        else:
            still = counts[self._marked] == self._marks
            self._marked, self._marks = self._marked[still], self._marks[still]

    def _with_room(self, counts: np.ndarray) -> np.ndarray:
        """Return 8-byte counts as the sum takes them; of unsigned ones 0 where a pixel has no value."""
        if self.dtype.kind == "f":
            return counts
        if self.dtype.kind == "u":
            counts = counts.copy()
            counts[self._marked] = 0
        if (
            counts.max(initial=0) > _LARGEST
            or (counts.astype(np.int64) > _LARGEST - self._total.clip(0)).any()
        ):
            raise InputError("The sum of the frames is larger than 2^63 - 1 in a pixel")
        return counts.astype(np.int64)


class PartSum(NamedTuple):
    """The sum of the frames ``first`` to ``last`` (included)."""

    first: int
    last: int
    sum: FrameSum


def sum_parts(
    scan: Scan,
    *,
    first: int,
    last: int,
    size: int | None = None,
    monitor: np.ndarray | None = None,
    whole: FrameSum | None = None,
    on_block: Callable[[int], None],
) -> Iterator[PartSum]:
    """Add the frames ``first`` to ``last`` (not included) of a scan, a block in memory at a time.

    Parameters
    ----------
    size : int, optional
        Frames of a part; default all.
    monitor : array (n_frames,), optional
    whole : FrameSum, optional
        Gets every frame too.
    on_block : function
        Called after each block with the number of frames done.

    Raises
    ------
    InputError
        A frame is not there or damaged, or the sum does not fit.
    """
    part, begun = FrameSum(scan.shape, scan.dtype), first
    for position, frames in scan.blocks(BLOCK, first, last):
        if whole is not None:
            whole.add(frames)
        done = 0
        while done < len(frames):
            room = len(frames) if size is None else size - part.n_frames
            part.add(frames[done : done + room])
            done = min(done + room, len(frames))
            end = position + done
            if part.n_frames == size or end == last:
                part.monitor = None if monitor is None else float(monitor[begun:end].sum())
                if whole is not None and part.monitor is not None:
                    whole.monitor = (whole.monitor or 0.0) + part.monitor
                yield PartSum(begun, end - 1, part)
                part, begun = FrameSum(scan.shape, scan.dtype), end
        on_block(position + len(frames) - first)


def counter_of(scan: Scan, name: str | None) -> np.ndarray | None:
    """Read the monitor of a scan: array (n_frames,); None without a name.

    Raises
    ------
    InputError
        The scan has no such counter, or it has fewer values than there are frames, or one that is no number.
    """
    if not name:
        return None
    values = scan.counter(name)
    if values is None:
        known = ", ".join(scan.counters()) or "none"
        raise InputError(f"The scan {scan.url} has no counter {name}; it has {known}")
    if not np.isfinite(values).all():
        raise InputError(f"The counter {name} of {scan.url} has values that are no numbers")
    return values


def is_background(number: int, step: int) -> bool:
    """Whether a frame is left out: none (``step`` -1), the first (0), the first of each step + 1."""
    return step >= 0 and (number == 0 if step == 0 else number % (step + 1) == 0)


def read_whole(name: str, value: object) -> int:
    """Check that an option is a whole number."""
    number = read_number(name, value)
    if number != int(number):
        raise InputError(f"{name} must be a whole number, not {value!r}")
    return int(number)


def scan_numbers(source: Path, start: object, end: object) -> list[int]:
    """Return the numbers of the scans <n>.1 of a file from ``start`` to ``end`` (included; default the last).

    Raises
    ------
    InputError
        There are none, or one that was named by its range is not there.
    """
    with open_h5(source) as file:
        found = sorted(int(name[:-2]) for name in file["/"].names() if re.fullmatch(r"\d+\.1", name))
    low = read_whole("start_scan", start)
    high = max(found, default=0) if end is None else read_whole("end_scan", end)
    wanted = [number for number in found if low <= number <= high]
    if not wanted or (end is not None and set(range(low, high + 1)) - set(wanted)):
        known = f"{found[0]} to {found[-1]}" if found else "none"
        raise InputError(f"{source.name} has not all of the scans {low} to {high}: it has {known}")
    return wanted
