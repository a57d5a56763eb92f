import json

import pytest
from workflow_samples import Add, Fail, add, chain, diamond, graph, link, node

from workflows import GraphError, load_graph


def problems(document):
    with pytest.raises(GraphError) as refusal:
        load_graph(document)
    assert refusal.value.code == "bad_graph"
    return refusal.value.problems


def test_writing_a_loaded_graph_loses_nothing():
    document = diamond()
    document["graph"] |= {"uiProps": {"zoom": 2}, "keywords": {"technique": "xrpd"}, "label": "A diamond"}
    document["nodes"][0] |= {"uiProps": {"position": {"x": 1.5}}, "force_start_node": True, "mine": [1, {}]}
    document["links"][0] |= {"startEnd": True, "conditions": [{"source_output": "total", "value": None}]}
    document["links"].append(link("top", "left", {"total": "b"}))
    document["ows"] = {"title": "kept"}
    original = json.loads(json.dumps(document))

    written = load_graph(document).to_dict()

    assert written == original
    assert load_graph(written).to_dict() == original


def test_a_graph_does_not_change_with_the_document_it_was_read_from():
    document = graph([node("a", Add, defaults={"a": [1]})])

    loaded = load_graph(document)
    document["nodes"][0]["default_inputs"][0]["value"].append(2)
    loaded.to_dict()["nodes"][0]["default_inputs"][0]["value"].append(3)

    assert loaded.nodes["a"].default_inputs == (("a", [1]),)


def test_the_id_of_a_node_of_a_sub_graph_is_a_path():
    document = json.loads(json.dumps(graph([node(["sub", ["inner", "a"]], Add)])))

    loaded = load_graph(document)

    assert list(loaded.nodes) == [("sub", ("inner", "a"))]
    assert loaded.to_dict() == document


def test_parallel_links_are_one_link():
    nodes = [node("a", Add), node("b", Add)]

    loaded = load_graph(graph(nodes, [link("a", "b", {"total": "a"}), link("a", "b", {"total": "b"})]))

    assert [each.data_mapping for each in loaded.links] == [(("total", "a"), ("total", "b"))]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"task_type": "clas"}, "node 'a': there is no task type 'clas'; did you mean 'class'?"),
        ({"task_type": None}, "node 'a': 'task_type' is missing"),
        ({"task_identifier": None}, "node 'a': add the 'task_identifier' (task type 'class')"),
        ({"task_type": "ppfport"}, "node 'a': remove the 'task_identifier' (task type 'ppfport')"),
        ({"task_type": "generated"}, "node 'a': add the 'task_generator' (task type 'generated')"),
        ({"task_identifier": {"nodes": []}}, "node 'a': 'task_identifier' must be a text"),
        ({"id": "b"}, "two nodes have the id 'b': rename one of them"),
        ({"id": 7}, "node number 1: id: the id of a node is a text, or a list of such ids"),
        ({"force_start_node": "yes"}, "node 'a': force_start_node: must be true or false, not 'yes'"),
        (
            {"default_inputs": [{"name": -1, "value": 0}]},
            "node 'a': default_inputs.0.name: an input or output is addressed by its name or its position",
        ),
        ({"default_inputs": [{"name": "a"}]}, "node 'a': default_inputs.0: must have a 'name' and a 'value'"),
    ],
)
def test_a_bad_node_is_refused_by_name(change, problem):
    document = graph([node("a", Add) | change, node("b", Add)])

    assert problems(document) == (problem,)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"target": "bb"}, "link from 'a' to 'bb': there is no node 'bb'; did you mean 'b'?"),
        ({"map_all_data": True}, "link from 'a' to 'b': remove either 'map_all_data' or 'data_mapping'"),
        (
            {"on_error": True, "conditions": [{"source_output": "total", "value": 1}]},
            "link from 'a' to 'b': remove either 'on_error' or 'conditions'",
        ),
        (
            {"data_mapping": [{"source_output": "total"}]},
            "link from 'a' to 'b': 'target_input' is missing in its 'data_mapping'",
        ),
        (
            {"source": None},
            "link from None to 'b': source: the id of a node is a text, or a list of such ids",
        ),
    ],
)
def test_a_bad_link_is_refused_by_name(changed, problem):
    document = graph([node("a", Add), node("b", Add)], [link("a", "b", {"total": "a"}) | changed])

    assert problems(document) == (problem,)


def test_parallel_links_that_contradict_each_other_are_refused():
    links = [link("a", "b", required=True), link("a", "b", required=False)]

    (problem,) = problems(graph([node("a", Add), node("b", Add)], links))

    assert problem.startswith("link from 'a' to 'b': two such links contradict each other about 'required'")


def test_two_required_links_to_one_input_are_refused():
    nodes = [node("a", Add), node("b", Add), node("c", Add)]
    links = [link("a", "c", {"total": "a"}), link("b", "c", {"total": "a"})]

    (problem,) = problems(graph(nodes, links))

    assert "the links from 'a' and from 'b' both set the input 'a'" in problem


def test_an_optional_link_may_override_a_required_one():
    nodes = [node("a", Add), node("b", Add), node("c", Add)]
    links = [link("a", "c", {"total": "a"}), link("b", "c", {"total": "a"}, required=False)]

    loaded = load_graph(graph(nodes, links))

    assert [each.source for each in loaded.links if each in loaded.structure.required] == ["a"]


def test_all_problems_of_a_graph_are_told_at_once():
    document = graph([node("a", Add, task_type="x"), node("b", Add, task_type="y")])

    with pytest.raises(GraphError) as refusal:
        load_graph(document)

    assert len(refusal.value.problems) == 2
    assert "(and 1 more" in refusal.value.message


@pytest.mark.parametrize(
    "source",
    [
        "{",
        "[1]",
        '{"graph": null}',
        '{"nodes": {}}',
        '{"nodes": [1]}',
        "no/such/file.json",
        7,
        "\0",
        "[" * 100_000,
    ],
)
def test_what_is_no_graph_is_refused(source):
    assert len(problems(source)) == 1


def test_a_link_is_optional_after_anything_that_may_be_left_out():
    condition = [{"source_output": "total", "value": 1}]
    nodes = [node(name, Add) for name in "abcde"]
    links = [
        link("a", "b", conditions=condition),
        link("b", "c"),
        link("c", "d", required=True),
        link("d", "e"),
    ]

    structure = load_graph(graph(nodes, links)).structure

    assert [(each.source, each.target) for each in structure.required] == [("c", "d")]


def test_a_plain_chain_has_required_links_one_start_and_one_end():
    structure = load_graph(chain(1000)).structure

    assert len(structure.required) == 999
    assert (structure.start_nodes, structure.end_nodes) == (("n0",), ("n999",))


def test_a_node_with_error_handlers_only_is_an_end():
    links = [link("a", "handler", on_error=True)]

    structure = load_graph(graph([node("a", Fail), node("handler", add)], links)).structure

    assert structure.end_nodes == ("a", "handler")


def test_a_default_error_node_handles_what_has_no_handler():
    nodes = [node("a", Add), node("b", Add), node("own", add), node("any", add, default_error_node=True)]
    links = [link("a", "b"), link("b", "own", on_error=True), link("any", "after")]
    nodes.append(node("after", add))

    structure = load_graph(graph(nodes, links)).structure

    assert [each.source for each in structure.incoming["any"]] == ["a", "own"]


def test_a_default_error_node_that_nothing_needs_does_not_start():
    loaded = load_graph(
        graph([node("a", Add), node("any", add, default_error_node=True)], [link("any", "a")])
    )

    assert loaded.structure.start_nodes == ()
