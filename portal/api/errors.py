"""Errors as JSON: always ``{"code", "message"}``, and ``fields`` where single values were refused.

``code`` is for programs and stays; ``message`` is for people. The only module that knows which
number of HTTP an error becomes.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from portal.api.parsers import BodyTooLarge
from portal.catalogue.errors import Busy, InvalidInput, NotAllowed, NotFound, PortalError

__all__ = ["handle"]

log = logging.getLogger(__name__)

_STATUS = {NotFound.code: 404, NotAllowed.code: 403, InvalidInput.code: 400, Busy.code: 503}


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """Return the answer to an error that a view let through."""
    known = _known(error)
    if isinstance(known, PortalError):
        status = _STATUS.get(known.code, 400)
        content = _answer(status, known.code, known.message, getattr(known, "fields", {}))
        if isinstance(known, Busy):
            content["Retry-After"] = str(known.RETRY_AFTER_S)
        return content
    answer = exception_handler(known, dict(context))
    if answer is None or not isinstance(known, exceptions.APIException):
        return _unexpected(error)
    # Its headers stay: how to log in, when to try again.
    answer.data = {"code": _code(known), "message": str(known.detail)}
    return answer


def _known(error: Exception) -> Exception:
    """Return the error of ours, or of the REST framework, that says the same."""
    if isinstance(error, exceptions.ValidationError):
        fields = dict(_sentences(error.detail))
        told = "; ".join(f"{name}: {text}" if name else text for name, text in fields.items())
        return InvalidInput(f"The request cannot be used. {told}", fields=fields)
    if isinstance(error, Http404 | exceptions.NotFound):
        return NotFound("There is no such thing, or you may not know of it.")
    if isinstance(error, PermissionDenied | exceptions.PermissionDenied):
        return NotAllowed(str(error))
    if isinstance(error, RequestDataTooBig):
        return BodyTooLarge()
    if isinstance(error, SuspiciousOperation | MultiPartParserError):
        return exceptions.ParseError("The request cannot be read.")
    return error


def _sentences(detail: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield dotted names of fields with what is wrong with them."""
    if isinstance(detail, Mapping):
        for name, part in detail.items():
            yield from _sentences(part, path if name == "non_field_errors" else (*path, str(name)))
    elif isinstance(detail, list) and all(isinstance(part, str) for part in detail):
        yield ".".join(path), " ".join(detail)
    elif isinstance(detail, list):
        for index, part in enumerate(detail):
            yield from _sentences(part, (*path, str(index)))
    else:
        yield ".".join(path), str(detail)


def _code(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else str(error.default_code)


def _answer(status: int, code: str, message: str, fields: Mapping[str, str]) -> Response:
    content: dict[str, object] = {"code": code, "message": message}
    if fields:
        content["fields"] = dict(fields)
    return Response(content, status=status)


def _unexpected(error: Exception) -> Response:
    """Log the trace under a number and answer with the number alone."""
    number = uuid4()
    log.error("Unexpected error %s", number, exc_info=error)
    return _answer(500, "internal", f"This is a fault of the portal; tell its staff the number {number}.", {})
