"""On which line of a workflow file a node or a link stands."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workflows.graphs.files import YAML_EXTENSIONS
from workflows.graphs.ids import raw_key
from workflows.graphs.limits import DEFAULT_LIMITS
from workflows.graphs.packages import find_resource
from workflows.graphs.parsing import import_yaml, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

Items = list[tuple[int, Any]]
"""The nodes or the links, each with its line from 1."""

_PARTS: Final = ("nodes", "links")
_SPACE = " \t\r\n"
_LONGEST = 500


@dataclass(frozen=True)
class Locations:
    """The lines of a file by how sentences about it begin."""

    name: str
    lines: dict[str, int] = field(default_factory=dict)
    line: int | None = None
    """Where reading stopped, if it did."""

    def place(self, sentence: str) -> str:
        """Return ``file:line`` for what a sentence is about; the file alone where no line is known."""
        line = self.line
        for end in range(min(len(sentence), _LONGEST), 0, -1):
            if sentence[:end] in self.lines:
                line = self.lines[sentence[:end]]
                break
        return self.name if line is None else f"{self.name}:{line}"


def find_locations(workflow: str, folder: str | None, error: BaseException | None) -> Locations:
    """Look where the parts of a workflow stand; ``error`` is why its file could not be read.

    A workflow that is no file in JSON or YAML has no lines.
    """
    path = _path_of(workflow, folder)
    if path is None:
        return Locations(
            workflow if "\n" not in workflow and not workflow.lstrip().startswith("{") else "text"
        )
    mark = getattr(error, "problem_mark", None)
    line = getattr(error, "lineno", None) if mark is None else mark.line + 1
    if line is not None:
        return Locations(str(path), line=line)
    try:
        content = path.read_bytes()
        is_yaml = path.suffix.lower() in YAML_EXTENSIONS
        parts = _yaml_parts(content) if is_yaml else _json_parts(content.decode())
        return Locations(str(path), dict(_sentences(parts)))
    except Exception:  # noqa: BLE001 -- what is wrong with the file is told by who reads it in earnest
        return Locations(str(path))


def _path_of(workflow: str, folder: str | None) -> Path | None:
    """Find the file that a name stands for, as far as its name tells."""
    try:
        path = Path(folder, workflow) if folder else Path(workflow)
        return path if path.is_file() else find_resource(workflow)
    except (OSError, ValueError):
        return None


def _sentences(parts: dict[str, Items]) -> Iterator[tuple[str, int]]:
    """Pair the beginnings of sentences about nodes and links with their lines."""
    for number, (line, node) in enumerate(parts.get("nodes", ()), 1):
        yield f"node number {number}", line
        node_id = raw_key(node.get("id")) if isinstance(node, dict) else None
        if node_id is not None:
            yield f"node {node_id!r}", line
            yield f"node ({node_id!r}, ", line  # a node inside of this graph
            yield f"two nodes have the id {node_id!r}", line
    for number, (line, link) in enumerate(parts.get("links", ()), 1):
        yield f"link number {number}", line
        if isinstance(link, dict):
            for key in (raw_key, lambda written: written):
                yield f"link from {key(link.get('source'))!r} to {key(link.get('target'))!r}", line


def _json_parts(text: str) -> dict[str, Items]:
    """Read the outermost object of a JSON text value by value, with the lines of its nodes and links."""
    decoder = json.JSONDecoder()
    parts: dict[str, Items] = {}
    position = _next(text, _next(text, 0, "{"))
    while text[position] == '"':
        name, position = decoder.raw_decode(text, position)
        position = _next(text, position, ":")
        if name in _PARTS and text[position] == "[":
            parts[name], position = _json_items(decoder, text, position)
        else:
            _, position = decoder.raw_decode(text, position)
        position = _next(text, position, ",")
    return parts


def _json_items(decoder: json.JSONDecoder, text: str, position: int) -> tuple[Items, int]:
    items: Items = []
    line, counted = 1, 0
    position = _next(text, position, "[")
    while text[position] != "]":
        line, counted = line + text.count("\n", counted, position), position
        item, position = decoder.raw_decode(text, position)
        items.append((line, item))
        position = _next(text, position, ",")
    return items, position + 1


def _next(text: str, position: int, passed: str = "") -> int:
    """Return where the next thing begins, after white space and one ``passed`` character if it is there."""
    while text[position] in _SPACE:
        position += 1
    return _next(text, position + 1) if passed and text[position] == passed else position


def _yaml_parts(content: bytes) -> dict[str, Items]:
    document = parse_yaml(content, DEFAULT_LIMITS)  # refuses what would grow without end
    yaml = import_yaml()
    root = yaml.compose(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {
        key.value: [
            (item.start_mark.line + 1, read)
            for item, read in zip(value.value, document[key.value], strict=True)
        ]
        for key, value in root.value
        if key.value in _PARTS and isinstance(value, yaml.SequenceNode)
    }
