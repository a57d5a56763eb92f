"""What the templates of the catalogue need."""

import re

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_LITERAL = re.compile("``([^`]+)``|`([^`]+)`")


@register.filter
def literals(text: str) -> SafeString:
    """Show what stands between backticks, as docstrings have it, as code; everything is escaped before."""
    escaped = conditional_escape(text)
    return mark_safe(_LITERAL.sub(lambda found: f"<code>{found[1] or found[2]}</code>", escaped))  # noqa: S308
