"""What a reader process answers: a status as of HTTP, a type, and bytes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from h5grove.encoders import orjson_default, orjson_encode

__all__ = ["Refused", "Reply", "json_reply"]


@dataclass(frozen=True)
class Reply:
    """An answer; ``attachment`` is the ending of the file that it is to be saved as, or "" to show it."""

    content: bytes
    content_type: str = "application/json"
    status: int = 200
    attachment: str = ""


class Refused(Exception):
    """A question that gets no answer, with the status and the sentence that it gets instead."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def json_reply(content: Any, status: int = 200) -> Reply:
    """Encode as h5grove does: NaN and infinity are null, bytes are text, references are named."""
    try:
        encoded = orjson_encode(content, default=_default)
    except TypeError:  # numbers of the other byte order, texts that are no UTF-8
        encoded = orjson_encode(_plain(content), default=_default)
    return Reply(encoded, status=status)


def _default(value: object) -> object:
    if isinstance(value, bytes | np.bytes_):
        return value.decode(errors="replace")
    if isinstance(value, np.void) and not value.dtype.names:
        return value.tobytes().hex()
    return orjson_default(value)


def _plain(content: object) -> object:
    """Return the same in lists of what JSON knows, each text made fit for it."""
    if isinstance(content, dict):
        return {_plain(key): _plain(value) for key, value in content.items()}
    if isinstance(content, np.ndarray | np.void):
        return _plain(content.tolist())
    if isinstance(content, list | tuple):
        return [_plain(item) for item in content]
    if isinstance(content, str):
        return content.encode(errors="replace").decode()
    return content
