"""Files that are either not there or whole, whenever the process or the machine stops."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UNFINISHED = ".part"
"""How the names of files end that are still being written, or never will be finished."""


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let ``write`` fill a file aside, bring it to disk, and only then give it its name.

    The name itself may be lost when the machine stops, as if nothing had been written.

    Raises
    ------
    OSError
        The disk is full or may not be written to; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}{UNFINISHED}")
    try:
        with aside.open("xb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise
