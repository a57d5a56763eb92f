"""Workflow files: JSON, YAML, or binary files of others that a workflow is stored in."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from workflows.errors import GraphError, describe_exception
from workflows.graphs.parsing import Unreadable, check_size, parse_json, parse_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from workflows.graphs.limits import Limits

READER_GROUP: Final = "reprise.workflow_readers"
"""Entry points that are functions ``(path: Path) -> bytes | None``: the workflow text in a binary file."""

YAML_EXTENSIONS: Final = (".yaml", ".yml")

_SNIFFED_BYTES = 4096


def read_file(path: Path, limits: Limits) -> Any:
    """Read a graph from a file, by its extension or else by what it holds.

    Raises
    ------
    GraphError
        It holds no graph, or is too large.
    OSError
        It cannot be opened.
    """
    extension = path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(_SNIFFED_BYTES)
        is_binary = b"\0" in start and extension not in (".json", *YAML_EXTENSIONS)
        content = _embedded(path) if is_binary else start + file.read(limits.n_bytes + 1 - len(start))
    check_size(len(content), limits.n_bytes)
    if extension in YAML_EXTENSIONS:
        return parse_yaml(content, limits)
    try:
        return parse_json(content, limits)
    except Unreadable:
        if extension == ".json":
            raise
    document = parse_yaml(content, limits)
    if not isinstance(document, dict):  # nearly any text is YAML
        raise GraphError(f"the file {str(path)!r} holds no graph in JSON or YAML")
    return document


def _embedded(path: Path) -> bytes:
    for entry_point in entry_points(group=READER_GROUP):
        try:
            content = entry_point.load()(path)
        except Exception as error:
            reason = describe_exception(error)
            raise GraphError(f"cannot read the workflow in {str(path)!r}: {reason}") from error
        if content is not None:
            return bytes(content)
    raise GraphError(f"no workflow was found in the binary file {str(path)!r}")
