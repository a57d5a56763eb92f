"""Ctrl-C: once stops a run at the next occasion, twice ends the program."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workflows.cli.status import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.cancellation import CancelToken

_STDERR = 2
_NOTICE = b"\nreprise: stopping as soon as the running tasks allow; Ctrl-C again ends at once\n"


@contextmanager
def stopping_on_interrupt(token: CancelToken) -> Iterator[None]:
    """Within the block, let Ctrl-C cancel a run; the second one ends the process at once.

    Whatever was kept by then is whole: results and events are written before a run goes on.
    """

    def interrupted(*_: object) -> None:
        if token.cancelled:
            os._exit(INTERRUPTED)
        token.cancel()
        os.write(_STDERR, _NOTICE)

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals
        return
    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
