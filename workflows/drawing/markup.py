"""Text of strangers as text of an XML document."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from workflows.drawing.words import shortened

_LONGEST_TITLE = 2000
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def title(text: str) -> str:
    """Return a title element: what is shown under the pointer."""
    return f"<title>{escape(_clean(shortened(text, _LONGEST_TITLE)))}</title>"


def short(text: str, length: int) -> str:
    """Return a text of one line, cut where it is too long."""
    return escape(_clean(shortened(" ".join(text.split()), length)))


def quoted(text: str) -> str:
    """Return the value of an attribute, with its quotes."""
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    """Replace what XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
