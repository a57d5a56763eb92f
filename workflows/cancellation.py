"""Asking a run, or a task, to stop."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workflows.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


logger = logging.getLogger(__name__)


class CancelToken:
    """A request to stop, which can be made once and is never withdrawn.

    It takes no lock, so it may be used from a signal handler and from any
    thread. A token with a ``parent`` is also cancelled when its parent is.
    """

    def __init__(self, parent: CancelToken | None = None) -> None:
        self._parent = parent
        self._requested = False
        self._callbacks: dict[object, Callable[[], None]] = {}

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop."""
        return self._requested or (self._parent is not None and self._parent.cancelled)

    def cancel(self) -> None:
        """Ask to stop; asking again does nothing."""
        self._requested = True
        for key in list(self._callbacks):
            self._call(key)

    def check(self) -> None:
        """Stop here if that was asked for.

        Raises
        ------
        Cancelled
            Somebody asked to stop.
        """
        if self.cancelled:
            raise Cancelled

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Call ``callback``, at most once, if this token itself is cancelled within the block."""
        key = object()
        self._callbacks[key] = callback
        if self._requested:
            self._call(key)
        try:
            yield
        finally:
            self._callbacks.pop(key, None)

    def _call(self, key: object) -> None:
        callback = self._callbacks.pop(key, None)
        if callback is not None:
            try:
                callback()
            except Exception:
                logger.exception("A task failed to cancel")
