"""Converting a graph from one representation to another."""

from __future__ import annotations

from functools import partial
from importlib.metadata import distributions
from typing import TYPE_CHECKING, Any

from workflows.errors import GraphError
from workflows.graphs.graph import Graph
from workflows.graphs.limits import DEFAULT_LIMITS
from workflows.graphs.reading import read_document
from workflows.graphs.stored_inputs import store_inputs
from workflows.graphs.subgraphs import flatten_document, has_graph_nodes
from workflows.graphs.writing import write_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workflows.graphs.limits import Limits


def convert_graph(
    source: object,
    destination: str | Path | None = None,
    *,
    inputs: Sequence[Mapping[str, Any]] = (),
    representation: str | None = None,
    source_representation: str | None = None,
    root_dir: str | Path | None = None,
    root_module: str | None = None,
    flatten: bool = False,
    with_requirements: bool = False,
    indent: int | None = 2,
    limits: Limits = DEFAULT_LIMITS,
) -> Any:
    """Write a graph in another form; nothing that is in its document is lost.

    Parameters
    ----------
    source, source_representation, root_dir, root_module
        As ``read_document`` takes them; also a ``Graph``.
    destination, representation, indent
        As ``write_document`` takes them, which also says what is returned.
    inputs
        Values to store as default inputs, each ``{"name", "value"}`` with the
        ``id``, ``label`` or ``task_identifier`` of its nodes, or ``"all": True``, or
        else for the start nodes.
    flatten
        Put the nodes of sub-graphs in the place of the graph nodes, so that the
        result refers to no other file.
    with_requirements
        Note the installed packages as ``requirements``, unless the graph has some.

    Raises
    ------
    GraphError
        The source cannot be read, inputs have no node to go to, or a value cannot
        be written in this form.
    """
    if isinstance(source, Graph):
        source = source.to_dict()
    places: dict[str, Any] = {"root_dir": root_dir, "root_module": root_module, "limits": limits}
    document = read_document(source, representation=source_representation, **places)
    if flatten:
        flat = flatten_document(document, read=partial(read_document, **places), limits=limits)
        document = document | {"graph": flat.graph, "nodes": flat.nodes, "links": flat.links}
    if inputs:
        if has_graph_nodes(document):
            raise GraphError("inputs can be stored in a graph without sub-graphs: also ask to 'flatten' it")
        document = document | {"nodes": store_inputs(document, inputs)}
    if with_requirements and not document["graph"].get("requirements"):
        document = document | {"graph": document["graph"] | {"requirements": installed_packages()}}
    return write_document(document, destination, representation=representation, indent=indent)


def installed_packages() -> list[str]:
    """List the installed packages as pip requirements, sorted."""
    found = {each.metadata["Name"]: each.version for each in distributions()}
    return sorted((f"{name}=={version}" for name, version in found.items() if name), key=str.lower)
