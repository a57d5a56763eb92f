"""Progress that is told often, thinned to what somebody who looks on can follow."""

import time
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["ThinnedProgress"]


class ThinnedProgress:
    """Passes event lines on; of those that tell the progress of a step at most one in ``every_s`` seconds.

    A step that integrates thousands of frames tells its progress thousands of times, and each line
    becomes a row of the database.  The last one that was held back is passed on before the step's end.
    """

    def __init__(
        self,
        emit: Callable[[Mapping[str, Any]], object],
        *,
        every_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._emit = emit
        self._every_s = every_s
        self._clock = clock
        self._told_at: dict[str, float] = {}
        self._held: dict[str, Mapping[str, Any]] = {}

    def __call__(self, told: Mapping[str, Any]) -> None:
        """Pass a line of the kind ``step`` on, now, later or never."""
        step = told["step"]
        held = self._held.pop(step, None)
        if told["type"] == "progress":
            now = self._clock()
            if now - self._told_at.get(step, -self._every_s) < self._every_s:
                self._held[step] = told
                return
            self._told_at[step] = now
        elif held is not None:
            self._emit(held)
        self._emit(told)
