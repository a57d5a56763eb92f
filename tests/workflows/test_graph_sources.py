import json
import pickle
import sys
from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType

import networkx as nx
import pytest
import yaml
from workflow_samples import Add, chain, diamond, graph, link, node

from workflows import GraphError, UnsupportedError
from workflows.graphs.limits import Limits
from workflows.graphs.packages import discover_workflows
from workflows.graphs.reading import read_document

ABSENT = object()


def refusal(source, **options):
    with pytest.raises(GraphError) as refused:
        read_document(source, **options)
    assert refused.value.code in ("bad_graph", "not_supported")
    return refused.value.message


def write(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document) if path.suffix == ".json" else yaml.safe_dump(document))
    return path


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install a package that cannot be imported, with the workflow diamond in its folder ``flows``."""
    home = tmp_path / "site" / "lab_package_sample"
    write(home / "flows" / "diamond.json", diamond())
    write(home / "flows" / "old.yml", diamond())
    for folder in (home, home / "flows"):
        (folder / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(home.parent))
    return home


def announce(site, group, line):
    """Add an installed distribution with one entry point."""
    info = site / "lab_sample-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-sample\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{line}\n")


# What a graph is given as


@pytest.mark.parametrize("representation", [None, "named"])
@pytest.mark.parametrize("name", ["json_dict", "json_string", "yaml_string", "json", "yaml"])
def test_a_graph_is_read_from_a_dict_a_text_or_a_file(name, representation, tmp_path):
    sources = {
        "json_dict": diamond(),
        "json_string": json.dumps(diamond()),
        "yaml_string": yaml.safe_dump(diamond()),
        "json": write(tmp_path / "a.json", diamond()),
        "yaml": str(write(tmp_path / "a.yml", diamond())),
    }

    document = read_document(sources[name], representation=representation and name)

    assert document == diamond()


@pytest.mark.parametrize("file_name", ["flow.json", "flow.yaml", "flow.yml"])
def test_the_extension_of_a_file_may_be_left_out(file_name, tmp_path):
    write(tmp_path / "folder" / file_name, diamond())

    assert read_document("folder/flow", root_dir=tmp_path) == diamond()


@pytest.mark.parametrize("dump", [json.dumps, yaml.safe_dump])
def test_a_file_without_extension_is_read_by_what_it_holds(dump, tmp_path):
    (tmp_path / "flow").write_text(dump(diamond()))

    assert read_document(tmp_path / "flow") == diamond()


def test_a_relative_path_starts_from_the_current_folder_by_default(tmp_path, monkeypatch):
    write(tmp_path / "flow.json", diamond())
    monkeypatch.chdir(tmp_path)

    assert read_document("flow.json") == diamond()


@pytest.mark.parametrize("network_type", [nx.DiGraph, nx.MultiDiGraph])
def test_a_networkx_graph_is_read_or_what_holds_one(network_type):
    class Holder:
        graph = network_type(id="sample", label="Sample")

    Holder.graph.add_node(("sub", "a"), task_type="method", task_identifier="f")
    Holder.graph.add_node("b", task_type="method", task_identifier="f")
    Holder.graph.add_edge(("sub", "a"), "b", map_all_data=True)
    expected = {
        "graph": {"id": "sample", "label": "Sample"},
        "nodes": [
            {"id": ("sub", "a"), "task_type": "method", "task_identifier": "f"},
            {"id": "b", "task_type": "method", "task_identifier": "f"},
        ],
        "links": [{"source": ("sub", "a"), "target": "b", "map_all_data": True}],
    }

    assert read_document(Holder.graph) == expected
    assert read_document(Holder()) == expected


def test_parallel_links_of_a_networkx_graph_are_all_read():
    network = nx.MultiDiGraph(id="sample")
    network.add_edge("a", "b", conditions=[])
    network.add_edge("a", "b", required=True)

    links = read_document(network)["links"]

    assert [link.keys() - {"source", "target"} for link in links] == [{"conditions"}, {"required"}]


def test_a_graph_without_directions_is_refused():
    assert "make it a DiGraph" in refusal(nx.Graph())


def test_a_document_does_not_change_with_the_callers():
    given = diamond()
    original = json.loads(json.dumps(given))

    document = read_document(given)
    given["nodes"][0]["default_inputs"][0]["value"] = "changed"
    assert document == original
    document["links"][0]["data_mapping"].clear()
    assert given["links"] == original["links"]


def test_reading_does_not_change_what_the_caller_has():
    given = {"graph": {"schema_version": "1.0"}, "nodes": [{"id": "a", "class": "b.C", "inputs": {"x": 1}}]}
    original = json.loads(json.dumps(given))

    read_document(given)

    assert given == original


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{", "not valid JSON"),
        ("[1]", "a graph is an object"),
        ("a: b: c\n", "not valid YAML in line 1, column 5"),
        ("- 1\n", "a graph is an object"),
        ('{"graph": []}', "graph: must be an object"),
        ('{"nodes": {}}', "nodes: must be a list"),
        ('{"links": [1]}', "link number 1: must be an object"),
        ("no/such/file.json", "there is no workflow file 'no/such/file.json'"),
        ("no.such.workflow", "there is no workflow file"),
        (7, "not as int"),
        ("\0", "there is no workflow file"),
        ("x" * 5000, "cannot read the workflow file"),
        ("", "there is no workflow file"),
        (".", "there is no workflow file"),
        ("[" * 100_000, "nested too deeply"),
        ("\n" + "- " * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_graph_is_refused(source, reason):
    assert reason in refusal(source)


def test_a_dict_that_is_nested_too_deeply_is_refused():
    nest = []
    for _ in range(100_000):
        nest = [nest]

    message = refusal(graph([node("a", Add, defaults={"a": nest})]))
    while nest:  # Python itself would need too deep a stack to free it at once
        nest = nest.pop()

    assert "nested too deeply" in message


def test_nodes_and_links_may_be_any_mapping():
    given = {
        "nodes": [OrderedDict({"id": "a", "class": "b.C"})],
        "links": [MappingProxyType({"source": "a"})],
    }

    document = read_document(MappingProxyType(given))

    assert [type(part) for part in (*document["nodes"], *document["links"])] == [dict, dict]
    assert given["nodes"] == [{"id": "a", "class": "b.C"}]


def test_an_unknown_representation_is_refused_with_a_suggestion():
    assert refusal("{}", representation="jsn").endswith("did you mean 'json'?")


def test_only_a_dict_is_read_as_a_dict(tmp_path):
    path = write(tmp_path / "a.json", diamond())

    assert "not as" in refusal(str(path), representation="json_dict")
    assert read_document(diamond(), representation="json_dict") == diamond()


def test_a_text_file_that_is_no_graph_is_refused_without_showing_it(tmp_path):
    (tmp_path / "secret").write_text("password: hunter2\n  : - x")
    (tmp_path / "words").write_text("hunter2")

    messages = [refusal(tmp_path / name) for name in ("secret", "words")]

    assert not any("hunter2" in message for message in messages)


# Limits


def test_a_graph_beyond_the_limits_is_refused():
    limits = Limits(n_nodes=2, n_links=1, n_bytes=1000, n_yaml_bytes=1000)
    three = graph([node("a", Add), node("b", Add), node("c", Add)])
    two_links = graph([], [link("a", "b"), link("a", "b")])
    large = {"graph": {"comment": "x" * 1000}}

    sources = (three, two_links, json.dumps(large), yaml.safe_dump(large))

    assert [refusal(source, limits=limits) for source in sources] == [
        "the graph has 3 nodes; at most 2 are allowed",
        "the graph has 2 links; at most 1 are allowed",
        "the graph is larger than 0.001 MB",
        "the graph is larger than 0.001 MB",
    ]


def test_a_file_beyond_the_limits_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.truncate(10**12)  # sparse: a terabyte that takes no room

    assert "larger than" in refusal(path, limits=Limits(n_bytes=10_000))


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1},' * 9}]\n" for i in range(1, 10)),
        "a0: &a0 {x: y}\n" + "".join(f"a{i}: &a{i}\n  <<: [{f'*a{i - 1},' * 9}]\n" for i in range(1, 10)),
        "a: &a\n  b: *a\n",
    ],
    ids=["lists", "merged objects", "itself"],
)
def test_yaml_aliases_that_stand_for_too_much_are_refused(text):
    assert "YAML aliases stand for too much" in refusal(text)


def test_yaml_aliases_are_read():
    text = """
    graph: {id: sample}
    nodes:
      - &first {id: a, task_type: method, task_identifier: f}
      - <<: *first
        id: b
    """

    nodes = read_document(text)["nodes"]

    assert nodes == [{"id": name, "task_type": "method", "task_identifier": "f"} for name in "ab"]


def test_a_date_in_yaml_stays_text():
    assert read_document("graph: {id: a, day: 2026-11-24}\n")["graph"]["day"] == "2026-11-24"


# Nothing is executed


def test_yaml_cannot_name_python_objects(tmp_path):
    text = f"graph: !!python/object/apply:open ['{tmp_path}/exploded', 'w']\n"

    assert "not valid YAML" in refusal(text)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("serializer", ["json_pickle", "hdf5_pickle", "new"])
def test_a_document_with_pickles_is_refused_unread(serializer, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    document = graph([node("a", Add, defaults={"a": pickle.dumps(Bomb()).hex()})])
    document["__ewoks_serialize__"] = {"serializer": serializer, "serializer_version": "1.0.0"}

    assert "pickles" in refusal(json.dumps(document))
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("serializer", [None, "json"])
def test_a_document_saved_as_plain_json_is_read(serializer):
    document = graph([node("a", Add)]) | {"__ewoks_serialize__": {"serializer": serializer}}

    assert read_document(json.dumps(document)) == document


# Packages


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("lab_package_sample.flows.diamond", {}),
        ("lab_package_sample.flows.diamond", {"representation": "json_module"}),
        ("diamond", {"root_module": "lab_package_sample.flows"}),
        ("diamond.json", {"root_module": "lab_package_sample.flows"}),
        ("diamond", {"representation": "json_module", "root_module": "lab_package_sample.flows"}),
    ],
)
def test_a_graph_of_a_package_is_named_after_its_place_and_nothing_is_imported(source, options, package):
    document = read_document(source, **options)

    assert document["graph"]["id"] == "lab_package_sample.flows.diamond"
    assert document["nodes"] == diamond()["nodes"]
    assert "lab_package_sample" not in sys.modules


def test_a_yaml_module_is_read(package):
    document = read_document("lab_package_sample.flows.old", representation="yaml_module")

    assert document["graph"]["id"] == "lab_package_sample.flows.old"


def test_the_folder_wins_over_the_package(package, tmp_path):
    write(tmp_path / "here" / "diamond.json", chain(1))

    document = read_document("diamond", root_dir=tmp_path / "here", root_module="lab_package_sample.flows")

    assert document == chain(1)


@pytest.mark.parametrize(
    "name", ["lab_package_sample.flows.../secret", "lab_package_sample/flows.diamond", "__main__.a"]
)
def test_a_name_cannot_lead_out_of_its_package(name, package):
    write(package / "secret.json", diamond())

    assert "there is no workflow" in refusal(name, representation="json_module")


def test_announced_workflows_are_found_by_name(package):
    announce(package.parent, "ewoks.workflows", "lab_package_sample.f*.* = lab")

    assert {name: path for name, path in discover_workflows().items() if name.startswith("lab_")} == {
        "lab_package_sample.flows.diamond": package / "flows" / "diamond.json",
        "lab_package_sample.flows.old": package / "flows" / "old.yml",
    }
    assert read_document("diamond")["graph"]["id"] == "lab_package_sample.flows.diamond"
    assert "lab_package_sample" not in sys.modules


# Binary files


READER = """
def read(path):
    if path.read_bytes().startswith(b"LAB"):
        return path.read_bytes()[8:]

def fail(path):
    raise OSError("unreadable")
"""


@pytest.fixture
def processed(tmp_path):
    path = tmp_path / "processed.h5"
    path.write_bytes(b"LAB\0\0\0\0\0" + json.dumps(diamond()).encode())
    return path


def install_reader(site, monkeypatch, function):
    site.mkdir()
    (site / "lab_reader_sample.py").write_text(READER)
    announce(site, "reprise.workflow_readers", f"lab = lab_reader_sample:{function}")
    monkeypatch.syspath_prepend(str(site))


def test_a_binary_file_is_read_by_an_installed_reader(processed, tmp_path, monkeypatch):
    install_reader(tmp_path / "site", monkeypatch, "read")
    (tmp_path / "other.h5").write_bytes(b"\0")

    assert read_document(processed) == diamond()
    assert "no workflow was found in the binary file" in refusal(tmp_path / "other.h5")


def test_a_reader_that_fails_is_told(processed, tmp_path, monkeypatch):
    install_reader(tmp_path / "site", monkeypatch, "fail")

    assert refusal(processed).endswith("OSError: unreadable")


# Versions and spellings


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_a_known_schema_version_is_lifted_to_the_latest(version):
    assert read_document(graph([], schema_version=version))["graph"]["schema_version"] == "1.2"


@pytest.mark.parametrize("version", [ABSENT, None])
def test_a_graph_without_schema_version_is_taken_for_the_latest(version):
    document = graph([]) if version is ABSENT else graph([], schema_version=version)

    assert read_document(document) == document


@pytest.mark.parametrize("version", ["0.0", "1.3", 1.0, [], ""])
def test_an_unknown_schema_version_is_refused(version):
    assert refusal(graph([], schema_version=version)).startswith(f"schema version {version!r} is not known")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"class": "b.C"}, {"task_type": "class", "task_identifier": "b.C"}),
        ({"method": "b.f"}, {"task_type": "method", "task_identifier": "b.f"}),
        ({"ppfmethod": "b.f"}, {"task_type": "ppfmethod", "task_identifier": "b.f"}),
        ({"ppfport": "input"}, {"task_type": "ppfport"}),
        ({"script": "a.sh"}, {"task_type": "script", "task_identifier": "a.sh"}),
        ({"notebook": "a.ipynb"}, {"task_type": "notebook", "task_identifier": "a.ipynb"}),
        ({"graph": {"nodes": []}}, {"task_type": "graph", "task_identifier": {"nodes": []}}),
        (
            {"task": "b.C", "task_generator": "g"},
            {"task_type": "generated", "task_identifier": "b.C", "task_generator": "g"},
        ),
        ({"inputs_complete": True}, {"force_start_node": True}),
        ({"inputs_complete": True, "force_start_node": False}, {"force_start_node": False}),
        (
            {"inputs": {"x": 1, "0": 2}},
            {"default_inputs": [{"name": "x", "value": 1}, {"name": "0", "value": 2}]},
        ),
    ],
)
def test_old_spellings_are_renewed(old, new):
    assert read_document({"nodes": [{"id": "a"} | old]})["nodes"] == [{"id": "a"} | new]


def test_two_old_task_types_are_none():
    document = {"graph": {}, "links": [], "nodes": [{"id": "a", "class": "b.C", "method": "b.f"}]}

    assert read_document(document) == document


@pytest.mark.parametrize("document", [{}, {"graph": {}, "nodes": None, "links": None}])
def test_all_parts_of_a_document_may_be_left_out(document):
    assert read_document(document) == {"graph": {}, "nodes": [], "links": []}


def test_a_named_test_graph_needs_ewokscore():
    try:
        import ewokscore  # noqa: F401
    except ImportError:
        with pytest.raises(UnsupportedError, match="install the package 'ewokscore'"):
            read_document("demo", representation="test_core")
    else:
        assert read_document("demo", representation="test_core")["graph"]["id"] == "demo"
        assert "not a known test graph" in refusal("dmo", representation="test_core")


def test_paths_may_be_of_any_kind(tmp_path):
    path = write(tmp_path / "a.json", diamond())

    assert read_document(Path(path)) == read_document(str(path)) == diamond()
