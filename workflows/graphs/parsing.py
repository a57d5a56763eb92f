"""From text to values, in JSON or YAML; nothing that is read is ever executed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflows.graphs.limits import Limits

_YAML_DEPTH = 100  # libyaml builds nested values recursively in C, and crashes on a very deep text
_YAML_GROWTH = 100_000  # how many values more than bytes there may be when aliases are written out
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class Unreadable(GraphError):
    """The text is not in the format that it was taken for."""


def parse_json(content: bytes, limits: Limits) -> Any:
    """Read JSON.

    Raises
    ------
    Unreadable
        It is not JSON.
    GraphError
        It is too large or nested too deeply.
    """
    check_size(len(content), limits.n_bytes)
    try:
        return json.loads(content)
    except RecursionError:
        raise GraphError("the graph is nested too deeply") from None
    except ValueError as error:
        raise Unreadable(f"the graph is not valid JSON: {error}") from error


def parse_yaml(content: bytes, limits: Limits) -> Any:
    """Read YAML with its plain types only; a date stays the text that it is written as.

    Raises
    ------
    Unreadable
        It is not YAML, or has types of other languages.
    GraphError
        It is too large, nested too deeply, or grows too much by its aliases.
    UnsupportedError
        PyYAML is not installed.
    """
    yaml = import_yaml()
    check_size(len(content), limits.n_yaml_bytes)
    fast_loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(fast_loader):  # type: ignore[misc, valid-type]
        yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
            for first, resolvers in fast_loader.yaml_implicit_resolvers.items()
        }

    try:
        _check_growth(yaml.parse(content, Loader), _YAML_GROWTH + len(content))
        return yaml.load(content, Loader)
    except (yaml.YAMLError, ValueError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Unreadable(f"the graph is not valid YAML{place}") from error


def import_yaml() -> Any:
    """Import PyYAML, which is needed for YAML only."""
    try:
        import yaml  # noqa: PLC0415 -- optional
    except ImportError:
        raise UnsupportedError("YAML needs the package 'PyYAML': install it, or use JSON") from None
    return yaml


def check_size(n_bytes: int, limit: int) -> None:
    """Refuse a text that is too large."""
    if n_bytes > limit:
        raise GraphError(f"the graph is larger than {limit / 1e6:g} MB")


def _check_growth(events: Iterable[Any], limit: int) -> None:
    """Refuse values that are nested too deeply, or whose aliases stand for too much in total."""
    sizes: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    total = 0
    for event in events:
        kind = type(event).__name__
        if kind in ("SequenceStartEvent", "MappingStartEvent"):
            opened.append((event.anchor, total))
            if len(opened) > _YAML_DEPTH:
                raise GraphError("the graph is nested too deeply")
            total += 1
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            anchor, before = opened.pop()
            sizes[anchor or ""] = total - before
        elif kind == "ScalarEvent":
            sizes[event.anchor or ""] = 1
            total += 1
        elif kind == "AliasEvent":
            total += sizes.get(event.anchor, limit)  # unknown: it contains itself
        if total > limit:
            raise GraphError("the YAML aliases stand for too much, or for themselves: write it without")
