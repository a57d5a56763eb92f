"""A scan in many files: one or several frames in each, in the order of the numbers in their names."""

import os
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from processing.nexus.frame_files import FrameFile
from processing.nexus.guard import Roots
from processing.nexus.place import contained_path, is_inside
from processing.nexus.scan_layouts import natural_order
from workflows import InputError

__all__ = ["Part", "SeriesFrames", "is_pattern", "list_files"]

PLACEHOLDER = re.compile(r"\*|#+|%0?(\d*)d")


class Part(Protocol):
    """One file of a series."""

    n_frames: int
    n_expected: int | None
    shape: tuple[int, int]
    dtype: np.dtype
    problem: str | None

    def read(self, first: int, last: int) -> np.ndarray:
        """Read some of its frames."""


def is_pattern(source: str) -> bool:
    """Whether a name stands for many files: ``name_####.cbf``, ``name_%04d.cbf``, ``name_*.tif``."""
    return not os.path.lexists(source) and PLACEHOLDER.search(Path(source).name) is not None


def list_files(pattern: str, roots: Roots | None = None) -> list[Path]:
    """Return the files of a pattern in natural order.

    ``*`` is anything, ``####`` a number of four digits or more, ``%04d`` too.  Only the name may
    have them, not the folder.  In a folder outside the roots there are only the files that are inside.
    """
    path = Path(pattern)
    expression = _expression(path.name)
    try:
        found = [file for file in path.parent.iterdir() if expression.fullmatch(file.name)]
    except OSError:
        return []
    if not is_inside(path.parent, roots):
        found = [file for file in found if is_inside(file, roots)]
    return sorted(found, key=lambda file: natural_order(file.name))


class SeriesFrames:
    """The frames of many files of one format and shape.

    Where the first file has one frame, the others are taken to have one as well, without opening
    them; a file with more is refused when it is read.

    Parameters
    ----------
    files : paths, or the pattern that they are listed by again and again
    open_part : opens one file
    """

    chunk = 1

    def __init__(
        self, files: Sequence[Path] | str, open_part: Callable[[Path], Part], roots: Roots | None
    ) -> None:
        self._pattern = files if isinstance(files, str) else None
        self._files = [] if isinstance(files, str) else list(files)
        self._open_part, self._roots = open_part, roots
        shown = [str(path) for path in self._files]
        self.location: dict[str, Any] = {"pattern": files} if self._pattern else {"files": shown}
        self.url = self._pattern or (shown[0] if len(shown) == 1 else f"{shown[0]} ... {shown[-1]}")
        self._kept: tuple[Path, Part] | None = None
        self._ends: list[int] = []
        self.n_frames = 0
        self.n_expected: int | None = None
        self.problem: str | None = None
        self._first = self._described()
        self._has_one_each = isinstance(self._first, FrameFile) and self._first.n_frames == 1
        self.shape, self.dtype = self._first.shape, self._first.dtype
        self._count()

    @property
    def is_finished(self) -> bool:
        """Whether the files were listed by the user; nobody knows how many a pattern will have."""
        return self._pattern is None and self.problem is None

    def refresh(self) -> None:
        """List the files again, and open the last one anew: it may have been incomplete."""
        self._kept = None
        if self._pattern is not None:
            files = list_files(self._pattern, self._roots)
            if files[: len(self._files)] != self._files:
                raise InputError(f"The files {self.url} did not come in the order of their numbers")
            self._files = files
        self._count()

    def read(self, first: int, last: int) -> np.ndarray:
        """Read frames, file by file."""
        frames = np.empty((last - first, *self.shape), self.dtype)
        position = first
        while position < last:
            index = bisect_right(self._ends, position)
            start = self._ends[index - 1] if index else 0
            end = min(last, self._ends[index])
            part = self._part(index)
            frames[position - first : end - first] = part.read(position - start, end - start)
            position = end
        return frames

    def counter(self, name: str) -> None:
        """Return None: image files have no counters."""

    def counters(self) -> list[str]:
        """Return nothing: image files have no counters."""
        return []

    def metadata(self) -> dict[str, Any]:
        """Return the name of the series as its title."""
        return {"title": Path(self.url.partition(" ... ")[0]).name}

    def close(self) -> None:
        """Forget the file that was read last."""
        self._kept = None

    def _described(self) -> Part:
        """Open the first file, which says what all are like."""
        if self._pattern is not None:
            self._files = list_files(self._pattern, self._roots)
        if not self._files:
            raise InputError(f"There are no files {self.url}")
        for path in self._files:
            contained_path(path, self._roots)
        return self._open(self._files[0])

    def _count(self) -> None:
        """Count the frames of the files that are new, and again those of the last one."""
        self.problem = None
        del self._ends[max(0, len(self._ends) - 1) :]
        for index in range(len(self._ends), len(self._files)):
            try:
                n_frames = 1 if self._has_one_each else self._count_part(index)
            except InputError as error:
                self.problem = error.message
                break
            self._ends.append((self._ends[-1] if self._ends else 0) + n_frames)
        self.n_frames = self._ends[-1] if self._ends else 0
        is_whole = self._pattern is None and len(self._ends) == len(self._files)
        self.n_expected = self.n_frames if is_whole else None

    def _count_part(self, index: int) -> int:
        """Count the frames of a file; only the last one may have fewer than it is to have."""
        part = self._part(index)
        is_whole = part.problem is None and part.n_frames == (part.n_expected or part.n_frames)
        if not is_whole and index < len(self._files) - 1:
            why = part.problem or f"it has {part.n_frames} of {part.n_expected} frames"
            raise InputError(f"The file {self._files[index].name} of a series is not complete: {why}")
        self.problem = part.problem
        return part.n_frames

    def _part(self, index: int) -> Part:
        path = self._files[index]
        if self._kept is None or self._kept[0] != path:
            part = self._open(path)
            if part.shape != self.shape or not np.can_cast(part.dtype, self.dtype):
                raise InputError(
                    f"The image {path.name} is {part.shape} {part.dtype}, "
                    f"but the first of the series is {self.shape} {self.dtype}"
                )
            if self._first.n_frames == 1 and part.n_frames != 1:
                raise InputError(
                    f"{path.name} has {part.n_frames} frames, but the first of the series has one"
                )
            self._kept = (path, part)
        return self._kept[1]

    def _open(self, path: Path) -> Part:
        contained_path(path, self._roots)
        return self._open_part(path)


def _expression(name: str) -> re.Pattern[str]:
    parts, end = [], 0
    for found in PLACEHOLDER.finditer(name):
        parts.append(re.escape(name[end : found.start()]))
        end = found.end()
        width = len(found[0]) if found[0].startswith("#") else int(found[1] or 1)
        parts.append(".*" if found[0] == "*" else rf"\d{{{width},}}")
    return re.compile("(?![.])" + "".join((*parts, re.escape(name[end:]))))
