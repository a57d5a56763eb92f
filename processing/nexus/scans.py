"""Read the frames of a scan one block at a time, also while the scan is still being measured."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from processing.nexus.guard import OutsideRoots, Roots
from processing.nexus.node import MAX_READ_BYTES
from processing.nexus.scan_following import POLL_S, Follower
from processing.nexus.scan_frames import Frames
from processing.nexus.scan_layouts import Ambiguous
from processing.nexus.scan_sources import Source, frames_at, locate
from workflows import InputError

__all__ = ["Ambiguous", "Scan", "Source", "open_scan"]


def open_scan(
    source: Source,
    *,
    roots: Roots | None = None,
    detector: str | None = None,
    scan: str | int | None = None,
    wait_s: float = 0,
) -> "Scan":
    """Open the frames of one detector in one scan; use it in a ``with`` statement.

    Parameters
    ----------
    source : path, paths or array
        An HDF5 file (also as ``file::/path/in/file``); a TIFF, EDF, CBF, SPE or NPY file of one or
        several frames; a list of files, or a pattern of their names: ``name_####.cbf``,
        ``name_%04d.cbf``, ``name_*.tif``, then in the order of the numbers; or an array
        (rows, columns) or (frames, rows, columns).
    roots : paths, optional
        As for `contained_path`.
    detector : str, optional
        Name of an NXdetector or of its data under ``measurement``; default the only one.
    scan : str or int, optional
        "1.1" or 1; default the first with images.
    wait_s : float
        How long to wait without a new frame before the scan is taken to be over, in seconds; also
        for the file, the scan and the first frame to appear.

    Raises
    ------
    Ambiguous
        Several scans or detectors could be meant; the message names them.
    InputError
        There is no such file, scan or detector, or none of its frames is there yet; a file is
        damaged, truncated or missing, or outside the roots.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return _open_once(source, roots=roots, detector=detector, scan=scan, wait_s=wait_s)
        except (OutsideRoots, Ambiguous):
            raise
        except InputError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(POLL_S)


class Scan:
    """The frames of a scan, of which one block at a time is in memory.

    Not to be shared by threads or processes: each reopens it from its ``location``.

    Attributes
    ----------
    location : mapping
        Small JSON values (for an array, the array), from which `reopen` gives the same frames.
    url : str
        Where the frames are, for people and for `read_image`.
    """

    def __init__(self, frames: Frames, *, wait_s: float = 0) -> None:
        self._frames, self._follower = frames, Follower(frames, wait_s)
        self.location: dict[str, Any] = frames.location
        self.url = frames.url

    @staticmethod
    def reopen(location: Mapping[str, Any], roots: Roots | None = None, *, wait_s: float = 0) -> "Scan":
        """Open the same frames again, in any process; raises as `open_scan`."""
        return Scan(frames_at(location, roots), wait_s=wait_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._frames.close()

    @property
    def n_frames(self) -> int:
        """How many frames are known to be there."""
        return self._frames.n_frames

    @property
    def n_expected(self) -> int | None:
        """How many frames there will be, as far as the file knows; fewer came of an aborted scan."""
        return self._frames.n_expected

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a frame."""
        return self._frames.shape

    @property
    def dtype(self) -> np.dtype:
        """Type of the values, in the byte order of the machine."""
        return self._frames.dtype

    @property
    def is_growing(self) -> bool:
        """Whether more frames may come: not all are there, the scan has no end, and we still wait."""
        return self._follower.is_growing

    def read(self, first: int, last: int) -> np.ndarray:
        """Read frames ``first`` to ``last`` (not included).

        Returns
        -------
        array (last - first, rows, columns)

        Raises
        ------
        InputError
            They are not there, or damaged.
        """
        if last > self.n_frames:
            self._frames.refresh()
        if not 0 <= first <= last <= self.n_frames:
            why = f": {self._frames.problem}" if self._frames.problem else ""
            raise InputError(
                f"There are no frames {first} to {last - 1} in {self.url}: it has {self.n_frames}{why}"
            )
        return self._frames.read(first, last)

    def blocks(
        self, size: int = 8, first: int = 0, last: int | None = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the frames in order, as (number of the first one, array (n, rows, columns)).

        Frames that are stored together are read together, once, so a block may be smaller or
        larger than ``size``, and no larger than 512 MB.  A scan that grows is followed: what is
        there comes at once, and the end is when all expected frames came, when the scan says so,
        or after ``wait_s`` without a new one.

        Raises
        ------
        InputError
            A frame is damaged, or missing although later ones were written; or the scan ends
            before ``last``.
        """
        position = first
        while last is None or position < last:
            if position >= self.n_frames and not self._follower.wait_for_more(position):
                break
            end = self.end_of_block(position, size, last)
            yield position, self._follower.read(position, end)
            position = end
        if self._frames.problem is not None and (last is None or position < last):
            raise InputError(self._frames.problem)
        if last is not None and position < last:
            raise InputError(
                f"The scan {self.url} ended after {self.n_frames} frames, before frame {last - 1}"
            )

    def counter(self, name: str) -> np.ndarray | None:
        """Read one number a frame: a counter, monitor or motor of the same scan.

        A counter that is ahead of the images is cut to their number; one that is behind is waited
        for while the scan grows.

        Parameters
        ----------
        name : str
            As in `counters`, or a path from the scan: ``instrument/monitor/data``.

        Returns
        -------
        array (n_frames,), or None where there is no such counter

        Raises
        ------
        InputError
            It has fewer values than there are frames.
        """
        n_frames = self.n_frames
        values = self._follower.counter(name, n_frames)
        if values is not None and len(values) < n_frames:
            raise InputError(f"The counter {name} has {len(values)} values for {n_frames} frames")
        return None if values is None else values[:n_frames]

    def counters(self) -> list[str]:
        """Names of the counters with a value for each frame."""
        return self._frames.counters()

    @property
    def metadata(self) -> dict[str, Any]:
        """What the scan says of itself.

        ``title``, ``start_time``, ``end_time``, ``sample``, ``instrument``, ``scan``, ``detector``
        (texts) and ``positioners`` (name -> number), as far as they are there.
        """
        return self._frames.metadata()

    def end_of_block(self, position: int, size: int = 8, last: int | None = None) -> int:
        """Say where a block that begins at ``position`` ends, so that what is stored together stays so."""
        chunk = self._frames.chunk
        frame_bytes = self.shape[0] * self.shape[1] * self.dtype.itemsize
        n = max(chunk, min(size, MAX_READ_BYTES // frame_bytes), 1)
        end = position + n
        if end - end % chunk > position:
            end -= end % chunk
        return min(end, self.n_frames, self.n_frames if last is None else last)


def _open_once(
    source: Source, *, roots: Roots | None, detector: str | None, scan: str | int | None, wait_s: float
) -> Scan:
    location = locate(source, roots, detector, scan)
    opened = Scan(frames_at(location, roots), wait_s=wait_s)
    problem = opened._frames.problem
    if opened.n_frames and not (problem and wait_s <= 0):
        return opened
    opened.close()
    raise InputError(problem or f"The scan {opened.url} has no frames yet")
