"""Reading a graph from whatever it is given as, into a document in its present spelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError
from workflows.graphs.limits import DEFAULT_LIMITS
from workflows.graphs.schema import KNOWN_VERSIONS, LATEST_VERSION, TASK_TYPES
from workflows.graphs.sources import Place, copy_document, read_source
from workflows.values import shown

if TYPE_CHECKING:
    from pathlib import Path

    from workflows.graphs.limits import Limits

_PLAIN_SERIALIZERS = (None, "json")
_OLD_SPELLINGS = {name: name for name in TASK_TYPES} | {"task": "generated"}


def read_document(
    source: object,
    *,
    representation: str | None = None,
    root_dir: str | Path | None = None,
    root_module: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, Any]:
    """Read a graph document in its present spelling, apart from the caller's.

    Parameters
    ----------
    source
        A dict, a networkx graph (or an ewokscore ``TaskGraph``), a text in JSON or
        YAML, the path of a file with or without its extension, or the dotted name
        of a file in a package (``package.folder.name``), which is not imported.
    representation
        One of ``workflows.graphs.sources.REPRESENTATIONS``; by default what the
        source looks like.
    root_dir, root_module
        The folder, or else the package, that a relative path starts from.

    Returns
    -------
    dict
        ``graph`` is a dict, ``nodes`` and ``links`` are lists of dicts; whether
        these are valid is not looked at.

    Raises
    ------
    GraphError
        The source cannot be read, is too large, may contain code (pickles), or
        has a schema version that is not known.
    """
    document = read_source(source, representation, Place(root_dir, root_module, limits))
    if not isinstance(document, dict):
        raise GraphError("a graph is an object with 'graph', 'nodes' and 'links'")
    _check_serializer(document)
    _renew_header(document)
    for part, limit in (("nodes", limits.n_nodes), ("links", limits.n_links)):
        _check_part(document, part, limit)
    for node in document["nodes"]:
        _renew_node(node)
    return document


def _check_serializer(document: dict[str, Any]) -> None:
    serialized = document.get("__ewoks_serialize__")
    if serialized is not None:
        serializer = serialized.get("serializer") if isinstance(serialized, dict) else serialized
        if serializer not in _PLAIN_SERIALIZERS:
            raise GraphError(
                f"the graph was saved with {shown(serializer)} ('__ewoks_serialize__'), which may contain "
                "pickles, and reading those executes code: save it again as plain JSON"
            )


def _renew_header(document: dict[str, Any]) -> None:
    """Lift the schema version to the latest: 1.0 lacks requirements, 1.1 lacks optional links."""
    graph = document.setdefault("graph", {})
    if not isinstance(graph, dict):
        raise GraphError("graph: must be an object with the attributes of the graph")
    version = graph.get("schema_version")
    if version is None:
        return
    if version not in KNOWN_VERSIONS:
        remedy = "nothing converts it" if version == "0.0" else "a newer program may know it"
        known = ", ".join(repr(known) for known in KNOWN_VERSIONS)
        raise GraphError(f"schema version {shown(version)} is not known (only {known}): {remedy}")
    graph["schema_version"] = LATEST_VERSION


def _check_part(document: dict[str, Any], part: str, limit: int) -> None:
    if document.get(part) is None:
        document[part] = []
    items = document[part]
    if not isinstance(items, list):
        raise GraphError(f"{part}: must be a list")
    if len(items) > limit:
        raise GraphError(f"the graph has {len(items)} {part}; at most {limit} are allowed")
    for position, item in enumerate(items):
        if type(item) is dict:
            continue
        if not isinstance(item, Mapping):
            raise GraphError(f"{part.removesuffix('s')} number {position + 1}: must be an object")
        items[position] = copy_document(dict(item))


def _renew_node(node: dict[str, Any]) -> None:
    """Write what older versions wrote otherwise, in place; what is written anew already wins."""
    if "task_type" not in node:
        spellings = [key for key in _OLD_SPELLINGS if key in node]
        if len(spellings) == 1:
            identifier = node.pop(spellings[0])
            node["task_type"] = _OLD_SPELLINGS[spellings[0]]
            if node["task_type"] != "ppfport":
                node["task_identifier"] = identifier
    if "inputs_complete" in node:
        node.setdefault("force_start_node", node.pop("inputs_complete"))
    if isinstance(node.get("inputs"), dict) and not node.get("default_inputs"):
        inputs = node.pop("inputs")
        node["default_inputs"] = [{"name": name, "value": value} for name, value in inputs.items()]
