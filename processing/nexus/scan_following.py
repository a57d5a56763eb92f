"""Follow a scan that is still being measured."""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np

from processing.nexus.guard import OutsideRoots
from processing.nexus.scan_frames import Frames
from workflows import InputError

__all__ = ["POLL_S", "Follower"]

T = TypeVar("T")

POLL_S = 0.1
"""How often a file that grows is looked at."""


class Follower:
    """Waits for the frames that are still to come, each time up to ``wait_s`` without a new one."""

    def __init__(self, frames: Frames, wait_s: float) -> None:
        self._frames, self._wait_s = frames, wait_s
        self._gave_up = False
        self._failure: InputError | None = None

    @property
    def is_growing(self) -> bool:
        """Whether more frames may come: not all are there, the scan has no end, and we still wait."""
        frames = self._frames
        if frames.n_expected is not None and frames.n_frames >= frames.n_expected:
            return False
        if frames.is_finished and frames.problem is None:
            return False
        return not self._gave_up and (self._wait_s > 0 or frames.n_expected is not None)

    def wait_for_more(self, position: int) -> bool:
        """Wait for a frame; False where none comes any more."""
        deadline = time.monotonic() + self._wait_s
        while self._frames.n_frames <= position:
            if not self.is_growing:
                return False
            if time.monotonic() >= deadline:
                self._gave_up = True
                if self._failure is not None:
                    raise self._failure
                return False
            time.sleep(POLL_S)
            self._look_again()
        return True

    def _look_again(self) -> None:
        """Count the frames; a file that is just being changed is looked at later."""
        self._failure = None
        try:
            self._frames.refresh()
        except OutsideRoots:
            raise
        except InputError as error:
            self._failure = error

    def read(self, first: int, last: int) -> np.ndarray:
        """Read frames, again and again where the last of a scan that grows is half written."""
        return self._patiently(partial(self._frames.read, first, last))

    def counter(self, name: str, n_values: int) -> np.ndarray | None:
        """Read a counter, as soon as it has so many values; fewer where no more come."""
        deadline = time.monotonic() + self._wait_s
        while True:
            values = self._patiently(partial(self._frames.counter, name))
            is_enough = values is None or len(values) >= n_values
            if is_enough or self._frames.is_finished or time.monotonic() >= deadline:
                return values
            time.sleep(POLL_S)
            self._look_again()

    def _patiently(self, action: Callable[[], T]) -> T:
        deadline = time.monotonic() + self._wait_s
        while True:
            try:
                return action()
            except OutsideRoots:
                raise
            except InputError:
                if not self.is_growing or time.monotonic() >= deadline:
                    raise
            time.sleep(POLL_S)
            self._look_again()
