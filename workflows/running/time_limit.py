"""A limit on the time of a whole run."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from workflows.cancellation import CancelToken
from workflows.errors import TimeLimitError, UnsupportedError, WorkflowError
from workflows.states import State
from workflows.values import shown

if TYPE_CHECKING:
    from types import TracebackType


_LONGEST_S = 1_000_000_000


class TimeLimit:
    """Cancels a run that takes too long; such a run has failed, whatever became of its nodes.

    Parameters
    ----------
    seconds
        None for no limit.
    cancel
        The caller's token, which is never cancelled here: the run gets ``token``.

    Raises
    ------
    UnsupportedError
        The limit is not a number above zero, or longer than thirty years.
    """

    def __init__(self, seconds: float | None, cancel: CancelToken) -> None:
        if seconds is not None and not (_is_number(seconds) and 0 < seconds <= _LONGEST_S):
            raise UnsupportedError(f"timeout is a number of seconds above 0, not {shown(seconds)}")
        self._seconds = seconds
        self._caller = cancel
        self._stack = ExitStack()
        self._expired = False
        self.token = cancel if seconds is None else CancelToken(parent=cancel)

    def __enter__(self) -> Self:
        if self._seconds is not None:
            self._stack.enter_context(self._caller.calling(self.token.cancel))
            timer = threading.Timer(self._seconds, self._expire)
            timer.daemon = True
            timer.start()
            self._stack.callback(timer.cancel)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def judge(self, state: State, error: WorkflowError | None) -> tuple[State, WorkflowError | None]:
        """Return how the run ended in view of its limit."""
        if not self._expired:
            return state, error
        late = TimeLimitError(f"the workflow took longer than its time limit of {self._seconds:g} s")
        late.__cause__ = error if state is State.FAILED else None
        return State.FAILED, late

    def _expire(self) -> None:
        self._expired = True
        self.token.cancel()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
