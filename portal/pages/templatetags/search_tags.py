"""Addresses of the first page: the present one with some of it changed."""

from collections.abc import Mapping

from django import template
from django.template.context import RequestContext

register = template.Library()


@register.simple_tag(takes_context=True)
def address_with(context: RequestContext, changes: Mapping[str, str | None]) -> str:
    """Return the query string with other values (None takes one away), back on the first page."""
    asked = context["request"].GET.copy()
    for name in ("after", "kind", *changes):
        asked.pop(name, None)
    asked.update({name: value for name, value in changes.items() if value is not None})
    return f"?{asked.urlencode()}"
