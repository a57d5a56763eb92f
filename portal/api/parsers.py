"""Reading request bodies: JSON as of RFC 8259, and nothing that later code or the database would choke on."""

import json
import math
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

__all__ = ["BodyTooLarge", "BoundedJSONParser"]

MAX_BYTES = min(1 << 20, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
MAX_DEPTH = 32


class BodyTooLarge(APIException):
    """The request's body has more bytes than any honest request needs."""

    status_code = 413
    default_code = "too_large"
    default_detail = f"The body may have at most {MAX_BYTES} bytes."


class BoundedJSONParser(JSONParser):
    """JSON with bounds on bytes, nesting, numbers (finite doubles) and texts (no NUL, no half characters).

    Python's own reader answers a body of many brackets with a RecursionError, and PostgreSQL keeps
    neither NUL nor an unpaired surrogate.
    """

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the parsed body."""
        del media_type, parser_context
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise BodyTooLarge
        try:
            content = json.loads(
                body.decode("utf-8"), parse_int=_integer, parse_float=_finite, parse_constant=_finite
            )
        except RecursionError:
            raise ParseError(f"The JSON is nested deeper than {MAX_DEPTH} levels.") from None
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}") from None
        _check_depth_and_texts(content)
        return content


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is not finite or does not fit a double")
    return number


def _integer(text: str) -> int:
    _finite(text)
    return int(text)


def _check_depth_and_texts(content: object) -> None:
    """Refuse what is too deep or has a text that cannot be stored; without recursion of its own."""
    left = [(content, 1)]
    while left:
        value, depth = left.pop()
        if depth > MAX_DEPTH:
            raise ParseError(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict):
            left += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list):
            left += [(part, depth + 1) for part in value]


def _check_text(text: str) -> None:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ParseError("A text has a NUL or half of a surrogate pair, which cannot be stored.")
