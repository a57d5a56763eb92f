import json
import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from workflow_samples import Add, add, chain, diamond, graph, link, node

from workflows import GraphError, WorkflowError, load_graph
from workflows.graphs.convert import convert_graph, installed_packages
from workflows.graphs.reading import read_document

FILES = ["json", "yaml"]
TEXTS = ["json_string", "yaml_string"]


def rich():
    """Return a graph with attributes at all levels that mean nothing to us."""
    document = diamond()
    document["graph"] |= {
        "label": "A diamond \N{WHITE DIAMOND SUIT}",
        "requirements": ["numpy==2.0"],
        "uiProps": {"zoom": 2},
        "input_nodes": [{"id": "in", "node": "top", "uiProps": {"x": 1}}],
    }
    document["nodes"][0] |= {"uiProps": {"icon": "a.svg", "position": {"x": 1.5}}, "mine": [1, {}, None]}
    document["nodes"].append(
        {"id": "s", "task_type": "graph", "task_identifier": graph([node("n", Add)], ows={})}
    )
    document["links"][0] |= {"startEnd": True, "conditions": [{"source_output": "total", "value": None}]}
    document["ows"] = {"title": "yes", "date": "2026-11-24", "number": "1e3", "empty": ""}
    return document


def refusal(*arguments, **options):
    with pytest.raises(GraphError) as refused:
        convert_graph(*arguments, **options)
    return refused.value.message


def with_value(value):
    return graph([node("a", Add, defaults={"a": value})])


def value_of(document):
    return read_document(document)["nodes"][0]["default_inputs"][0]["value"]


def stored(document, *inputs, **options):
    """Return the default inputs of each node after a conversion with these inputs."""
    nodes = convert_graph(document, inputs=inputs, **options)["nodes"]
    return {n["id"]: {item["name"]: item["value"] for item in n["default_inputs"]} for n in nodes}


# Nothing is lost


@pytest.mark.parametrize("representation", [*FILES, *TEXTS, "json_dict"])
def test_nothing_is_lost_in_any_representation(representation, tmp_path):
    destination = tmp_path / f"graph.{representation}" if representation in FILES else None

    written = convert_graph(rich(), destination, representation=representation)

    assert read_document(written) == rich()


def test_a_network_has_all_but_what_stands_beside_the_graph():
    network = convert_graph(rich(), representation="networkx")

    expected = {part: rich()[part] for part in ("graph", "nodes", "links")}
    assert read_document(network) == expected
    assert not network.is_multigraph()


def test_parallel_links_are_kept_in_a_network():
    document = graph(
        [node("a", Add), node("b", Add)], [link("a", "b", {"total": "a"}), link("a", "b", mine=1)]
    )

    network = convert_graph(document, representation="networkx")

    assert read_document(network) == document


def test_the_paths_of_sub_graph_nodes_are_lists_in_text_and_tuples_in_a_network():
    document = graph([node(("s", ("t", "n")), Add), node("b", Add)], [link(("s", ("t", "n")), "b")])

    text = convert_graph(document, representation="json_string")
    network = convert_graph(text, representation="networkx")

    assert json.loads(text)["nodes"][0]["id"] == ["s", ["t", "n"]]
    assert list(network.edges) == [(("s", ("t", "n")), "b")]
    assert read_document(convert_graph(network, representation="json_string")) == json.loads(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("representation", TEXTS)
@settings(max_examples=60, deadline=None)
@given(value=json_values)
def test_every_json_value_comes_back_as_it_was(representation, value):
    text = convert_graph(with_value(value), representation=representation)

    assert value_of(text) == value


def test_a_loaded_graph_can_be_converted():
    assert convert_graph(load_graph(diamond())) == diamond()


def test_what_is_returned_does_not_change_with_the_source():
    source = diamond()

    converted = convert_graph(source)
    converted["nodes"][0]["default_inputs"].clear()

    assert source == diamond()


# Files


@pytest.mark.parametrize(
    ("name", "parse"), [("a.json", json.loads), ("a.YAML", yaml.safe_load), ("a.yml", yaml.safe_load)]
)
def test_the_extension_of_the_destination_says_the_format(name, parse, tmp_path):
    path = convert_graph(diamond(), tmp_path / "new" / "folder" / name)

    assert path == tmp_path / "new" / "folder" / name
    assert parse(path.read_text()) == diamond()


def test_a_destination_of_unknown_format_is_refused(tmp_path):
    assert "ends neither in .json nor .yaml" in refusal(diamond(), tmp_path / "a.txt")
    assert "say where the file" in refusal(diamond(), representation="yaml")
    assert "did you mean 'yaml'" in refusal(diamond(), representation="yam")
    assert "no file that could be written" in refusal(diamond(), ".", representation="json")


def test_a_graph_is_written_into_a_package(tmp_path, monkeypatch):
    (tmp_path / "lab_written_sample" / "flows").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path))

    path = convert_graph(diamond(), "lab_written_sample.flows.new", representation="json_module")

    assert path == tmp_path / "lab_written_sample" / "flows" / "new.json"
    assert read_document("lab_written_sample.flows.new")["nodes"] == diamond()["nodes"]
    assert "there is no package" in refusal(diamond(), "lab_absent.new", representation="json_module")


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path):
    path = convert_graph(diamond(), tmp_path / "a.json")
    before = path.read_bytes()

    refusal(with_value(object()), path)
    with pytest.raises(WorkflowError, match="cannot write the workflow file"):
        convert_graph(diamond(), path / "below.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(WorkflowError, match="cannot write the workflow file"):
        convert_graph(diamond(), tmp_path / "folder.json")

    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.json", "folder.json"]


def test_an_existing_file_is_replaced(tmp_path):
    path = convert_graph(diamond(), tmp_path / "a.json")

    convert_graph(chain(2), path)

    assert read_document(path) == chain(2)
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


# Values


@pytest.mark.parametrize("representation", TEXTS)
@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Path("/data/raw.h5"), "/data/raw.h5"),
        ((1, (2, 3)), [1, [2, 3]]),
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.int16(3), 3),
        (np.True_, True),
        (np.array(2), 2),
        (np.str_("a"), "a"),
    ],
)
def test_values_that_mean_the_same_are_written_plainly(value, written, representation):
    found = value_of(convert_graph(with_value(value), representation=representation))

    assert (found, type(found)) == (written, type(written))


@pytest.mark.parametrize("representation", TEXTS)
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.zeros(3), "a numpy.ndarray cannot be written"),
        (datetime(2026, 11, 24, tzinfo=UTC), "a datetime.datetime cannot be written"),
        (np.datetime64("2026-11-24"), "a numpy.datetime64 cannot be written"),
        (b"x", "a builtins.bytes cannot be written"),
        ({1, 2}, "a builtins.set cannot be written"),
        (1j, "a builtins.complex cannot be written"),
        ({1: 2}, "the key 1 is no text"),
        ("\ud800", "is not valid Unicode"),
    ],
)
def test_values_that_would_come_back_as_others_are_refused_by_place(value, reason, representation):
    message = refusal(with_value([0, value]), representation=representation)

    assert message.startswith("node 'a': default_inputs.0.value.1")
    assert reason in message


def test_the_place_of_a_bad_value_is_named_in_all_parts():
    document = graph([], [link("a", "b", mine=object())])

    assert refusal(document, representation="json_string").startswith("link from 'a' to 'b': mine: ")
    assert refusal(graph([], mine=object()), representation="json_string").startswith("graph: mine: ")
    assert refusal({"mine": object()}, representation="json_string").startswith("mine: ")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_numbers_that_json_lacks_are_written_in_yaml_only(value):
    found = value_of(convert_graph(with_value(value), representation="yaml_string"))

    np.testing.assert_equal(found, float(value))
    assert "JSON has no number" in refusal(with_value(value), representation="json_string")


def test_any_value_can_be_kept_in_memory():
    value = np.zeros(3)

    assert value_of(convert_graph(with_value(value))) is value


def test_an_integer_beyond_what_texts_can_hold_is_refused():
    for representation in TEXTS:
        assert "cannot be written" in refusal(with_value(10**5000), representation=representation)


# Inputs


def test_inputs_are_stored_in_the_nodes_that_they_select():
    document = diamond()
    document["nodes"][1]["label"] = "The left one"

    assert stored(document, {"id": "bottom", "name": "a", "value": 7})["bottom"] == {"a": 7}
    assert stored(document, {"label": "The left one", "name": "b", "value": 7})["left"] == {"b": 7}
    assert stored(document, {"label": "right", "name": "b", "value": 7})["right"] == {"b": 7}
    assert stored(document, {"name": "a", "value": 7})["top"] == {"a": 7}
    by_task = stored(document, {"task_identifier": ".Add", "name": "c", "value": 7})
    everywhere = stored(document, {"all": True, "name": "c", "value": 7})
    assert by_task == everywhere
    assert all(defaults["c"] == 7 for defaults in everywhere.values())


def test_an_input_changes_the_selected_nodes_only():
    others = {"left": {"b": 10}, "right": {"b": 100}, "bottom": {}}

    assert stored(diamond(), {"name": "a", "value": 7}) == {"top": {"a": 7}} | others


def test_label_and_task_must_both_match():
    document = graph([node("a", Add, label="x"), node("b", add, label="x"), node("c", Add)])

    found = stored(document, {"label": "x", "task_identifier": "Add", "name": "a", "value": 1})

    assert found == {"a": {"a": 1}, "b": {}, "c": {}}


def test_a_node_that_is_forced_to_start_is_a_start_node():
    document = graph([node("a", Add), node("b", Add, force_start_node=True)], [link("a", "b")])

    assert stored(document, {"name": "a", "value": 1}) == {"a": {"a": 1}, "b": {"a": 1}}


def test_a_digit_string_is_the_same_position():
    document = graph([node("a", add, defaults={"0": "old"})])

    nodes = convert_graph(document, inputs=[{"name": 0, "value": "new"}])["nodes"]

    assert nodes[0]["default_inputs"] == [{"name": 0, "value": "new"}]


def test_what_else_is_said_of_an_input_is_kept():
    document = graph([{"id": "a", "default_inputs": [{"name": "x", "value": 1, "uiProps": {}}]}])

    nodes = convert_graph(document, inputs=[{"name": "x", "value": 2}])["nodes"]

    assert nodes[0]["default_inputs"] == [{"name": "x", "value": 2, "uiProps": {}}]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"name": "a"}, "'value' is missing"),
        ({"value": 1}, "'name' is missing"),
        ({"name": "a", "value": 1, "lable": "x"}, "did you mean 'label'?"),
        ({"name": "a", "value": 1, "id": "tpo"}, "there is no node 'tpo'; did you mean 'top'?"),
        ({"name": "a", "value": 1, "label": "x"}, "the input 'a' selects no node (label 'x')"),
    ],
)
def test_an_input_that_goes_nowhere_is_refused(item, reason):
    assert reason in refusal(diamond(), inputs=[item])


def test_inputs_are_not_stored_in_nodes_that_cannot_be_told_apart():
    item = {"name": "a", "value": 1}

    assert "the same" in refusal(graph([node("a", Add), node("a", Add)]), inputs=[item])
    assert "must be a list" in refusal({"nodes": [{"id": "a", "default_inputs": {"x": 1}}]}, inputs=[item])


# Sub-graphs


def nested():
    return graph([{"id": "s", "task_type": "graph", "task_identifier": "inner"}, node("a", Add)])


def test_sub_graphs_stay_as_written_unless_asked(tmp_path):
    (tmp_path / "inner.json").write_text(json.dumps(graph([node("n", Add)])))

    assert convert_graph(nested(), root_dir=tmp_path) == nested()
    flat = convert_graph(nested(), root_dir=tmp_path, flatten=True, representation="json_string")
    assert [each["id"] for each in json.loads(flat)["nodes"]] == [["s", "n"], "a"]


def test_inputs_of_nodes_in_sub_graphs_are_stored_after_flattening(tmp_path):
    (tmp_path / "inner.json").write_text(json.dumps(graph([node("n", Add)])))
    by_path = {"id": ["s", "n"], "name": "a", "value": 1}
    by_label = {"label": "s:n", "name": "b", "value": 2}

    found = stored(nested(), by_path, by_label, root_dir=tmp_path, flatten=True)

    assert found == {("s", "n"): {"a": 1, "b": 2}, "a": {}}
    assert "'flatten'" in refusal(nested(), inputs=[by_path], root_dir=tmp_path)


# Requirements


def test_requirements_are_noted_when_asked_and_absent():
    assert "requirements" not in convert_graph(diamond())["graph"]
    assert convert_graph(diamond(), with_requirements=True)["graph"]["requirements"] == installed_packages()
    assert f"numpy=={np.__version__}" in installed_packages()


def test_requirements_are_never_replaced():
    document = graph([], requirements=["numpy==1.0"])

    assert convert_graph(document, with_requirements=True) == document
