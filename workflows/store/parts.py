"""The bytes that a content digest is made of: a type, a length and the content."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hashlib import _Hash

_LONGEST = 64
_DIGEST_TAG = b"H"


def part(tag: bytes, content: bytes) -> bytes:
    """Join a tag of one byte and a content so that no two pairs give the same bytes."""
    return tag + len(content).to_bytes(8, "big") + content


def digest_part(hashed: _Hash) -> bytes:
    """Return the part that stands for what was hashed (SHA-256)."""
    return _DIGEST_TAG + hashed.digest()


def shortened(content: bytes) -> bytes:
    """Return a part itself, or its digest when it is long."""
    return content if len(content) <= _LONGEST else digest_part(hashlib.sha256(content))


def hex_digest(content: bytes) -> str:
    """Return the digest of a whole value from its part."""
    return content[1:].hex() if content[:1] == _DIGEST_TAG else hashlib.sha256(content).hexdigest()


def class_name(value: Any) -> str:
    """Return the dotted name of the class of a value."""
    return f"{type(value).__module__}.{type(value).__qualname__}"
