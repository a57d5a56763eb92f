"""The content digest of any value: equal content, equal digest, in any process.

SHA-256 is used because processors compute it faster than BLAKE2b and because
everybody can check the digest of a file with ``sha256sum``.

A value becomes a *part*: one byte for its type, the length, the bytes. Parts of
more than 64 bytes, and those of all containers, are replaced by their SHA-256. A
container is its own description (class, field names, shape) followed by the
parts of its elements; those of sets, and the pairs of dicts, are sorted, because
the order says nothing there. Equality is stricter than that of Python: ``1``,
``1.0`` and ``True`` differ, ``0.0`` and ``-0.0`` differ, NaN equals the same NaN.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.errors import describe_exception
from workflows.store.elements import element_of, scalar_part
from workflows.store.errors import NotStorable
from workflows.store.parts import digest_part, hex_digest, part, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.store.elements import Element

_FEW = 8


@dataclass(frozen=True)
class Content:
    """What is known of a value."""

    digest: str
    """SHA-256 as 64 hexadecimal digits."""
    texts: frozenset[str]
    """The texts, paths and bytes in it that are short enough to name a file."""


def content_digest(value: Any) -> str:
    """Return the digest of a value; of the files that it names only the names count.

    Examples
    --------
    >>> content_digest([[1], 2]) == content_digest([[1, 2]])
    False
    >>> content_digest({"a": 1, "b": 2}) == content_digest({"b": 2, "a": 1})
    True

    Raises
    ------
    NotStorable
        As ``read_content``.
    """
    return read_content(value).digest


def read_content(value: Any) -> Content:
    """Read a value to its end, however deep or large it is, without copying arrays.

    Raises
    ------
    NotStorable
        The value contains itself, or something of a type whose content is not
        known: functions, open files, subclasses of builtin types and so on.
    """
    reading = _Reading()
    try:
        root = reading.part_of(value)
    except NotStorable:
        raise
    except Exception as error:  # values have code of their own
        raise NotStorable(f"a value cannot be read: {describe_exception(error)}") from error
    return Content(hex_digest(root), frozenset(reading.texts))


class _Open:
    """A container that is being read."""

    def __init__(self, value: Any, element: Element) -> None:
        self.value = value
        self.children: Iterator[Any] = iter(element.children)
        self.is_leaf = True
        self.n_parts = 0
        self._group = element.group
        self._sorted: list[bytes] = []
        self._pending = b""
        self._hash = hashlib.sha256(element.head)

    def add(self, child: bytes) -> None:
        """Take the part of the next element."""
        self.n_parts += 1
        if not self._group:
            self._hash.update(child)
            return
        self._pending += child
        if self.n_parts % self._group == 0:
            self._sorted.append(self._pending)
            self._pending = b""

    def close(self) -> bytes:
        """Return the part of the container."""
        for group in sorted(self._sorted):
            self._hash.update(group)
        # The number of elements comes last: a changing container is then still told apart.
        self._hash.update(part(b"#", str(self.n_parts).encode()))
        return digest_part(self._hash)


class _Reading:
    """One walk through a value, with a stack of its own instead of recursion."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self._known: dict[int, tuple[Any, bytes]] = {}
        self._stack: list[_Open] = []
        self._open_ids: set[int] = set()

    def part_of(self, value: Any) -> bytes:
        """Return the part of a value."""
        result = self._part_or_open(value)
        while self._stack:
            opened = self._stack[-1]
            result = self._read_children(opened)
            if result is not None:
                self._stack.pop()
                self._close(opened, result)
                if self._stack:
                    self._stack[-1].add(result)
        return result or b""

    def _read_children(self, opened: _Open) -> bytes | None:
        """Read on; None when a container was met, which comes first."""
        for child in opened.children:
            found = self._part_or_open(child)
            if found is None:
                opened.is_leaf = False
                return None
            opened.add(found)
        return opened.close()

    def _part_or_open(self, value: Any) -> bytes | None:
        found = scalar_part(value, self.texts)
        if found is not None:
            return shortened(found)
        if id(value) in self._known:
            return self._known[id(value)][1]
        if id(value) in self._open_ids:
            raise NotStorable(f"a {type(value).__name__} contains itself")
        element = element_of(value, self.texts)
        if isinstance(element, bytes):
            self._known[id(value)] = (value, element)
            return element
        self._open_ids.add(id(value))
        self._stack.append(_Open(value, element))
        return None

    def _close(self, opened: _Open, result: bytes) -> None:
        self._open_ids.discard(id(opened.value))
        # What is met again is not read again, or [a, a] in [b, b] in ... would take for ever;
        # but small leaves are cheaper to read than to remember.
        if not opened.is_leaf or opened.n_parts > _FEW:
            self._known[id(opened.value)] = (opened.value, result)
