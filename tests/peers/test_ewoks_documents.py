"""ewokscore, which defines the format: documents mean the same here and there."""

import importlib
import inspect
import json
import pkgutil
import warnings
from copy import deepcopy
from functools import partial

import pytest

from workflows.graphs.convert import convert_graph
from workflows.graphs.error_handlers import default_error_links
from workflows.graphs.limits import DEFAULT_LIMITS
from workflows.graphs.reading import read_document
from workflows.graphs.subgraphs import flatten_document

ewokscore = pytest.importorskip("ewokscore.bindings", reason="ewokscore is not installed (make test-peers)")
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


FILES = ("json", "yaml")
REPRESENTATIONS = (*FILES, "json_string", "yaml_string", "json_dict", "networkx")
EXAMPLES = example_documents()
each_example = pytest.mark.parametrize("document", EXAMPLES.values(), ids=EXAMPLES)


def ewoks_network(source, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ewokscore.load_graph(deepcopy(source), **options).graph


def plain(value):
    """Return a value as JSON knows it: some examples have tuples."""
    return json.loads(json.dumps(value))


def in_order(document):
    """Sort the links of a document, as networkx keeps them in an order of its own."""
    links = sorted(document["links"], key=lambda link: json.dumps(link, sort_keys=True))
    return plain({**document, "links": links})


def plain_values(attributes, representation):
    """Return the attributes of nodes or edges as they are after a text."""
    is_text = representation not in ("networkx", "json_dict")
    return {key: plain(value) if is_text else value for key, value in attributes.items()}


def same(first, second):
    """Compare two networks, apart from what ewokscore adds where it is absent."""
    added = {"id": "notspecified", "schema_version": "1.2"}
    graphs = [added | plain(each.graph) for each in (first, second)]
    parts = [
        [{key: plain(value) for key, value in part.items()} for part in (each.nodes, each.edges)]
        for each in (first, second)
    ]
    return graphs[0] == graphs[1] and parts[0] == parts[1]


def flat_parts(source):
    document = read_document(source)
    flat = flatten_document(document, read=read_document)
    added = default_error_links(flat.nodes, flat.links, limits=DEFAULT_LIMITS)
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


@each_example
@pytest.mark.parametrize("representation", REPRESENTATIONS)
def test_a_round_trip_loses_nothing(document, representation, tmp_path):
    destination = tmp_path / f"a.{representation}" if representation in FILES else None

    written = convert_graph(document, destination, representation=representation)

    assert in_order(read_document(written)) == in_order(read_document(document))


@each_example
@pytest.mark.parametrize("representation", [*FILES, "json_string", "json_dict", "networkx"])
def test_ewokscore_reads_what_is_written_as_the_same_graph(document, representation, tmp_path):
    if representation == "networkx" and "nodes" not in document:
        pytest.skip("ewokscore takes a network without nodes for no graph")
    destination = tmp_path / f"a.{representation}" if representation in FILES else None

    written = convert_graph(document, destination, representation=representation)

    assert same(ewoks_network(written), ewoks_network(document))


@each_example
@pytest.mark.parametrize("representation", ["json_string", "networkx"])
def test_ewokscore_reads_a_flattened_graph_as_the_same_graph(document, representation):
    written = convert_graph(document, representation=representation, flatten=True)

    read, original = ewoks_network(written), ewoks_network(document)

    assert dict(read.nodes.items()) == plain_values(original.nodes, representation)
    assert dict(read.edges.items()) == plain_values(original.edges, representation)


@each_example
@pytest.mark.parametrize("representation", [*FILES, "json_string", "json_dict"])
def test_what_ewokscore_writes_is_read_as_the_same_graph(document, representation, tmp_path):
    destination = tmp_path / f"a.{representation}" if representation in FILES else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = ewokscore.load_graph(deepcopy(document))
        written = ewokscore.save_graph(loaded, destination, representation=representation)

    read = convert_graph(written, representation="networkx")

    assert dict(read.nodes.items()) == plain_values(loaded.graph.nodes, representation)
    assert dict(read.edges.items()) == plain_values(loaded.graph.edges, representation)


@each_example
def test_a_task_graph_of_ewokscore_is_read(document):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = ewokscore.load_graph(deepcopy(document))

    assert same(convert_graph(loaded, representation="networkx"), loaded.graph)


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("ewokscore.tests.examples.loadtest.graph", {"representation": "json_module"}),
        ("graph", {}),
        ("graph", {"representation": "json"}),
    ],
)
def test_a_graph_of_a_package_has_the_same_nodes_and_id(source, options):
    options |= {"root_module": "ewokscore.tests.examples.loadtest"}
    network = ewoks_network(source, **options)

    read = partial(read_document, root_module=options["root_module"])
    flat = flatten_document(read_document(source, **options), read=read)

    assert flat.graph["id"] == network.graph["id"]
    assert {node["id"] for node in flat.nodes} == set(network.nodes)


@pytest.mark.parametrize("name", ["demo", "acyclic1", "self_trigger"])
def test_a_test_graph_of_ewokscore_is_read_by_name(name):
    read = convert_graph(name, source_representation="test_core", representation="networkx")

    assert same(read, ewoks_network(name, representation="test_core"))


@pytest.mark.parametrize(
    "item",
    [
        {"id": "task1", "name": "a", "value": 10},
        {"label": "task2", "name": "a", "value": 10},
        {"task_identifier": "SumTask", "name": "a", "value": 10},
        {"all": True, "name": "a", "value": 10},
        {"name": "b", "value": 10},
    ],
)
def test_inputs_are_stored_where_ewokscore_stores_them(item):
    document = EXAMPLES["acyclic1"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = ewokscore.load_graph(deepcopy(document), inputs=[dict(item)]).graph

    assert same(convert_graph(document, inputs=[item], representation="networkx"), expected)
