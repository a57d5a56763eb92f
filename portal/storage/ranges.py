"""Answers that can be had in part, as RFC 9110 has them (sections 13 and 14).

One range of bytes: ``first-last``, ``first-`` or the last ``-n``. Several ranges in one request, other
units and what cannot be read are answered with the whole, which the standard allows. ``If-Range`` takes
an ETag; a date never matches, so that it gets the whole too.
"""

import re
from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response

__all__ = ["ranged_response"]

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)


def ranged_response(
    request: HttpRequest, *, etag: str, size: int, body: Callable[[int, int], HttpResponseBase]
) -> HttpResponseBase:
    """Return all of something, the part of it that was asked for, or why not (304, 412, 416).

    Parameters
    ----------
    etag
        A strong validator, in its quotation marks.
    size
        Of the whole, in bytes.
    body
        Makes the answer from a first byte and a number of bytes; called only if bytes are to be sent.
    """
    response = get_conditional_response(request, etag=etag) or _answer(request, etag, size, body)
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    # Nothing on the way may keep it for others or compress it, which would change the places of bytes.
    response["Cache-Control"] = "private, no-transform"
    return cast("HttpResponseBase", response)


def _answer(
    request: HttpRequest, etag: str, size: int, body: Callable[[int, int], HttpResponseBase]
) -> HttpResponseBase:
    if request.method != "GET":
        # A range is defined for GET alone; HEAD tells of the whole.
        return HttpResponse(headers={"Content-Length": str(size)})
    wanted = _wanted(request, etag, size)
    if wanted is None:
        response = body(0, size)
        response["Content-Length"] = str(size)
        return response
    start, stop = wanted
    if start >= size:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = body(start, stop - start)
    response.status_code = 206
    response["Content-Length"] = str(stop - start)
    response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response


def _wanted(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """Return the first byte that is wanted and the one after the last; None for the whole."""
    match = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if not match or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = match.groups()
    if not first:
        return (max(size - int(last), 0), size) if last else None
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size
