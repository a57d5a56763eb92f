"""Lists page by key, without a count: page 1000 costs what page 1 does."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from portal.catalogue.errors import InvalidInput

__all__ = ["KeyPagination"]

_PAGE_SIZE = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


class KeyPagination(CursorPagination):
    """``?page_size=`` (50, at most 200), then follow ``next``.

    A view names its order in ``ordering``: never null and unique, the newest first by default.
    """

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    page_size_query_description = "How many to return, at most 200 (default 50)."
    cursor_query_description = "Where to go on; take the whole address from `next` instead."

    def get_page_size(self, request: Request) -> int:
        """Return how many rows were asked for, within the bounds."""
        asked = request.query_params.get("page_size", str(self.page_size))
        if not _PAGE_SIZE.fullmatch(asked):
            text = "must be a whole number from 1 on"
            raise InvalidInput(f"The page_size {text}.", fields={"page_size": text})
        return min(int(asked), self.max_page_size)

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:  # noqa: ARG002
        """Return the view's own order."""
        return getattr(view, "ordering", ("-id",))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return how the API's description speaks of a page."""
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "description": "Address of the page that follows; null: this is the last."},
                "previous": {**link, "description": "Address of the page before; null: this is the first."},
                "results": {**schema, "description": "The rows of this page."},
            },
        }

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """Return one page.

        Raises
        ------
        InvalidInput
            The cursor is not one of ours.
        """
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValueError, ValidationError) as error:
            if self.cursor_query_param not in request.query_params:
                raise
            text = "not one that `next` or `previous` gave"
            raise InvalidInput(f"The cursor is {text}.", fields={"cursor": text}) from error
