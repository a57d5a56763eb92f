"""Reading a graph from a dict, a text or a file; nothing that is read is ever executed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workflows.errors import GraphError
from workflows.graphs.schema import KNOWN_VERSIONS, LATEST_VERSION, TASK_TYPES
from workflows.values import own_copy

MAX_NODES = 10_000
MAX_LINKS = 50_000
MAX_BYTES = 20_000_000

_PLAIN_SERIALIZERS = (None, "json")
_OLD_SPELLINGS = {name: name for name in TASK_TYPES} | {"task": "generated"}


def read_document(source: Mapping[str, Any] | str | Path) -> dict[str, Any]:
    """Read a graph document in its present spelling, apart from the caller's.

    Raises
    ------
    GraphError
        The source cannot be read, is too large, may contain code (pickles), or
        has a schema version that is not known.
    """
    document = own_copy(dict(source)) if isinstance(source, Mapping) else _parsed(_text(source))
    if not isinstance(document, dict):
        raise GraphError("a graph is an object with 'graph', 'nodes' and 'links'")
    _check_header(document)
    for part, limit in (("nodes", MAX_NODES), ("links", MAX_LINKS)):
        if document.get(part) is None:
            document[part] = []
        if not isinstance(document[part], list):
            raise GraphError(f"{part!r} must be a list")
        if len(document[part]) > limit:
            raise GraphError(f"the graph has {len(document[part])} {part}; at most {limit} are allowed")
    _renew_spelling(document)
    return document


def _text(source: object) -> bytes:
    if isinstance(source, str) and source.lstrip().startswith(("{", "[")):
        content = source.encode(errors="surrogatepass")
    elif isinstance(source, str | Path):
        content = _file_content(Path(source))
    else:
        raise GraphError(f"a graph is given as a dict, a JSON text or a file, not as {type(source).__name__}")
    if len(content) > MAX_BYTES:
        raise GraphError(f"the graph is larger than {MAX_BYTES // 1_000_000} MB")
    return content


def _file_content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise GraphError(f"there is no workflow file {str(path)!r}")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise GraphError(f"cannot read the workflow file: {error}") from error


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except RecursionError:
        raise GraphError("the graph is nested too deeply") from None
    except ValueError as error:
        raise GraphError(f"the graph is not valid JSON: {error}") from error


def _check_header(document: dict[str, Any]) -> None:
    serialized = document.get("__ewoks_serialize__")
    if serialized is not None:
        serializer = serialized.get("serializer") if isinstance(serialized, dict) else serialized
        if serializer not in _PLAIN_SERIALIZERS:
            raise GraphError(
                f"the graph was saved with {serializer!r} ('__ewoks_serialize__'), which may contain "
                "pickles, and reading those executes code: save it again as plain JSON"
            )
    graph = document.setdefault("graph", {})
    version = graph.get("schema_version", LATEST_VERSION) if isinstance(graph, dict) else LATEST_VERSION
    if version not in KNOWN_VERSIONS:
        raise GraphError(f"schema version {version!r} is not known (only {', '.join(KNOWN_VERSIONS)})")


def _renew_spelling(document: dict[str, Any]) -> None:
    """Write ``"class": "a.b.C"`` as ``task_type`` and ``task_identifier``, in place."""
    nodes = document["nodes"]
    for node in nodes if isinstance(nodes, list) else ():
        if not isinstance(node, dict) or "task_type" in node or "task_identifier" in node:
            continue
        key = next((key for key in _OLD_SPELLINGS if key in node), None)
        if key is not None:
            node["task_type"] = _OLD_SPELLINGS[key]
            identifier = node.pop(key)
            if key != "ppfport":
                node["task_identifier"] = identifier
