"""ewokscore, which defines the format: documents mean the same here and there."""

import importlib
import inspect
import pkgutil
import warnings
from copy import deepcopy

import pytest

from workflows.graphs.error_handlers import default_error_links
from workflows.graphs.reading import read_document
from workflows.graphs.subgraphs import flatten_document

pytest.importorskip("ewokscore", reason="ewokscore is not installed (make test-peers)")
pytest.importorskip("ewoksppf", reason="ewoksppf is not installed (make test-peers)")

ARGUMENTS = {
    "inputs": {"limit": 10},
    "startvalue": 1,
    "withsubmodel_startvalue": True,
    "withlastnode_startvalue": True,
    "on_error": True,
    "name": "named",
}


def example_documents():
    """Return the test graphs of ewokscore and ewoksppf by name."""
    from ewokscore.tests import test_default_error_handlers
    from ewokscore.tests.examples.graphs import get_graph, graph_names

    found = {name: get_graph(name)[0] for name in graph_names()}
    folder = importlib.import_module("ewoksppf.tests").__path__
    names = [module.name for module in pkgutil.iter_modules(folder, "ewoksppf.tests.")]
    modules = [importlib.import_module(name) for name in names if ".test_ppf_workflow" in name]
    for module in (test_default_error_handlers, *modules):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            names = inspect.signature(function).parameters
            arguments = {key: ARGUMENTS[key] for key in names if key in ARGUMENTS}
            is_graph = any(word in name for word in ("workflow", "model")) and not name.startswith("test_")
            if function.__module__ == module.__name__ and is_graph:
                made = function(**arguments)
                document = made[0] if isinstance(made, tuple) else made  # the other is the expected result
                found[f"{module.__name__.rpartition('.')[2]}.{name}"] = document
    return found


EXAMPLES = example_documents()
each_example = pytest.mark.parametrize("document", EXAMPLES.values(), ids=EXAMPLES)


def ewoks_network(source, **options):
    from ewokscore import load_graph

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_graph(deepcopy(source), **options).graph


def flat_parts(source):
    document = read_document(source)
    flat = flatten_document(document, read=read_document)
    added = default_error_links(flat.nodes, flat.links, limit=1000)
    nodes = {node["id"]: {**node} for node in flat.nodes}
    for node in nodes.values():
        for name in ("id", "default_error_node", "default_error_attributes"):
            node.pop(name, None)
    links = {}
    for link in [*flat.links, *added]:
        ends = link["source"], link["target"]
        assert ends not in links, "no example has parallel links"
        links[ends] = {name: value for name, value in link.items() if name not in ("source", "target")}
    return nodes, links


def test_there_are_examples_with_and_without_sub_graphs():
    kinds = {
        any(node.get("task_type") == "graph" for node in each.get("nodes", ())) for each in EXAMPLES.values()
    }

    assert kinds == {True, False}


@each_example
def test_a_graph_has_the_same_nodes_and_links(document):
    network = ewoks_network(document)

    nodes, links = flat_parts(document)

    assert nodes == dict(network.nodes.items())
    assert links == dict(network.edges.items())
