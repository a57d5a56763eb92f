import json
from functools import partial

import pytest
from workflow_samples import Add, add, graph, link, node

from workflows import GraphError
from workflows.graphs.error_handlers import default_error_links, leave_out
from workflows.graphs.limits import DEFAULT_LIMITS, Limits
from workflows.graphs.reading import read_document
from workflows.graphs.subgraphs import flatten_document


def subgraph(node_id, document, **attributes):
    return {"id": node_id, "task_type": "graph", "task_identifier": document, **attributes}


def alias(name, node_id, **attributes):
    return {"id": name, "node": node_id, **attributes}


def inner(**attributes):
    """Two nodes in a row with the names ``in`` and ``out``."""
    aliases = {"input_nodes": [alias("in", "first")], "output_nodes": [alias("out", "last")]}
    nodes = [node("first", Add, defaults={"b": 1}), node("last", Add)]
    return graph(nodes, [link("first", "last", {"total": "a"})], **aliases | attributes)


def outer(document=None, **attributes):
    """``a`` -> sub-graph ``s`` -> ``b``."""
    nodes = [node("a", Add), subgraph("s", document or inner(), **attributes), node("b", Add)]
    links = [
        link("a", "s", {"total": "a"}, sub_target="in"),
        link("s", "b", {"total": "a"}, sub_source="out"),
    ]
    return graph(nodes, links)


def flatten(document, limits=DEFAULT_LIMITS, **options):
    read = partial(read_document, limits=limits, **options)
    return flatten_document(read(document), read=read, limits=limits)


def ends(flat):
    return [(each["source"], each["target"]) for each in flat.links]


def node_of(flat, node_id):
    return next(each for each in flat.nodes if each["id"] == node_id)


def defaults(flat, node_id):
    return {item["name"]: item["value"] for item in node_of(flat, node_id)["default_inputs"]}


def refusal(document, **options):
    with pytest.raises(GraphError) as refused:
        flatten(document, **options)
    return refused.value.message


# Nodes and links


def test_the_nodes_of_a_sub_graph_take_its_place():
    flat = flatten(outer())

    assert [each["id"] for each in flat.nodes] == ["a", ("s", "first"), ("s", "last"), "b"]
    assert sorted(ends(flat), key=str) == sorted(
        [("a", ("s", "first")), (("s", "first"), ("s", "last")), (("s", "last"), "b")], key=str
    )
    assert all(each.keys() == {"source", "target", "data_mapping"} for each in flat.links)


def test_a_graph_without_sub_graphs_is_not_touched():
    document = read_document(inner())

    flat = flatten_document(document, read=read_document)

    assert flat.graph is document["graph"]
    assert flat.nodes is document["nodes"]
    assert flat.links is document["links"]


def test_flattening_does_not_change_the_document():
    document = read_document(outer(default_inputs=[{"name": "a", "value": 1}]))
    original = json.loads(json.dumps(document))

    flatten_document(document, read=read_document)

    assert document == original


@pytest.mark.parametrize("form", ["inline", "text", "file", "without extension", "package"])
def test_a_sub_graph_is_given_inline_as_text_or_by_name(form, tmp_path, monkeypatch):
    folder = tmp_path / "lab_subgraph_sample"
    folder.mkdir()
    (folder / "inner.json").write_text(json.dumps(inner()))
    monkeypatch.syspath_prepend(str(tmp_path))
    source = {
        "inline": inner(),
        "text": json.dumps(inner()),
        "file": "inner.json",
        "without extension": "inner",
        "package": "lab_subgraph_sample.inner",
    }[form]

    flat = flatten(outer(source), root_dir=folder)

    assert [each["id"] for each in flat.nodes] == ["a", ("s", "first"), ("s", "last"), "b"]


def test_an_old_spelling_in_a_sub_graph_is_renewed():
    flat = flatten(graph([{"id": "s", "graph": {"nodes": [{"id": "n", "class": "b.C"}]}}]))

    assert flat.nodes == [{"id": ("s", "n"), "task_type": "class", "task_identifier": "b.C"}]


def test_the_ids_of_nested_sub_graphs_are_nested():
    middle = outer()
    middle["graph"] |= {
        "input_nodes": [alias("in", "s", sub_node="in")],
        "output_nodes": [alias("out", "s", sub_node="last")],
    }

    flat = flatten(outer(middle))

    assert ("a", ("s", ("s", "first"))) in ends(flat)
    assert (("s", ("s", "last")), "b") in ends(flat)
    assert ("s", "a") in [each["id"] for each in flat.nodes]


@pytest.mark.parametrize("end", [("s", "first"), ["s", "first"]])
def test_a_link_may_name_an_inner_node_by_its_path(end):
    document = outer(outer())
    document["links"] = [link("a", "s", sub_target=end)]

    assert ("a", ("s", ("s", "first"))) in ends(flatten(document))


def test_a_link_may_name_an_inner_node_by_its_id():
    document = outer()
    document["links"] = [link("s", "b", sub_source="first"), link("a", "s", sub_target="last")]

    assert {(("s", "first"), "b"), ("a", ("s", "last"))} <= set(ends(flatten(document)))


def test_sub_graphs_can_be_linked_to_each_other_and_to_themselves():
    links = [
        link("s", "t", sub_source="out", sub_target="in"),
        link("t", "t", sub_source="out", sub_target="in"),
    ]

    flat = flatten(graph([subgraph("s", inner()), subgraph("t", inner())], links))

    assert {(("s", "last"), ("t", "first")), (("t", "last"), ("t", "first"))} <= set(ends(flat))


def test_a_sub_graph_is_known_by_the_id_of_its_node_whatever_its_labels():
    document = outer(inner(id="other", label="Inner"), label="The inner graph")

    flat = flatten(document)

    assert ("a", ("s", "first")) in ends(flat)


def test_an_alias_of_several_nodes_makes_a_link_to_each():
    fan = inner(
        input_nodes=[alias("in", "first"), alias("in", "last")],
        output_nodes=[alias("out", "first"), alias("out", "last")],
    )
    document = graph([subgraph("s", fan), subgraph("t", fan)])
    document["links"] = [link("s", "t", sub_source="out", sub_target="in")]

    flat = flatten(document)

    across = [(source[1], target[1]) for source, target in ends(flat) if source[0] != target[0]]
    assert sorted(across) == [("first", "first"), ("first", "last"), ("last", "first"), ("last", "last")]


def test_unknown_attributes_are_kept_at_every_level():
    document = outer(inner(mine=1))
    document["graph"]["ows"] = {"kept": True}
    document["links"][0]["uiProps"] = {"kept": 1}
    document["nodes"][1]["task_identifier"]["nodes"][0]["uiProps"] = {"kept": 2}

    flat = flatten(document)

    assert flat.graph == {"id": "sample", "ows": {"kept": True}}
    assert node_of(flat, ("s", "first"))["uiProps"] == {"kept": 2}
    assert [each["uiProps"] for each in flat.links if "uiProps" in each] == [{"kept": 1}]


# Attributes of links


def test_link_attributes_of_aliases_hold_unless_the_link_says_otherwise():
    innermost = inner(
        input_nodes=[
            alias("in", "first", link_attributes={"p": "innermost", "q": "innermost", "r": "innermost"})
        ]
    )
    middle = graph(
        [subgraph("m", innermost)],
        input_nodes=[alias("in", "m", sub_node="in", link_attributes={"q": "middle", "r": "middle"})],
    )
    document = graph([node("a", Add), subgraph("s", middle)], [link("a", "s", sub_target="in", r="link")])

    (across,) = [each for each in flatten(document).links if each["source"] == "a"]

    assert across["target"] == ("s", ("m", "first"))
    assert (across["p"], across["q"], across["r"]) == ("innermost", "middle", "link")


def test_the_target_alias_wins_over_the_source_alias():
    s = inner(output_nodes=[alias("out", "last", link_attributes={"p": "source", "required": True})])
    t = inner(input_nodes=[alias("in", "first", link_attributes={"p": "target"})])
    document = graph(
        [subgraph("s", s), subgraph("t", t)], [link("s", "t", sub_source="out", sub_target="in")]
    )

    (across,) = [each for each in flatten(document).links if each["source"][0] != each["target"][0]]

    assert (across["p"], across["required"]) == ("target", True)


# Attributes that are pushed into a sub-graph


def test_attributes_of_the_graph_node_are_those_of_its_input_nodes():
    two_inputs = inner(input_nodes=[alias("in", "first"), alias("other", "last")])
    pushed = {
        "default_inputs": [{"name": "a", "value": 5}],
        "force_start_node": True,
        "conditions_else_value": "else",
    }

    flat = flatten(outer(two_inputs, **pushed, uiProps={"mine": 1}))

    for node_id in (("s", "first"), ("s", "last")):
        found = node_of(flat, node_id)
        assert {name: found[name] for name in pushed} == pushed
        assert "uiProps" not in found
    assert "force_start_node" not in node_of(flat, "a")


def test_default_inputs_of_the_graph_node_replace_those_of_the_input_node():
    flat = flatten(outer(default_inputs=[{"name": "a", "value": 5}]))

    assert defaults(flat, ("s", "first")) == {"a": 5}


def test_the_outermost_graph_node_wins():
    middle = graph(
        [subgraph("m", inner(), default_inputs=[{"name": "a", "value": "middle"}])],
        input_nodes=[alias("in", "m", sub_node="in")],
    )

    document = graph([subgraph("s", middle, default_inputs=[{"name": "a", "value": "outer"}])])

    assert defaults(flatten(document), ("s", ("m", "first"))) == {"a": "outer"}


def test_a_link_overwrites_attributes_of_its_target_only():
    two_inputs = inner(input_nodes=[alias("in", "first"), alias("other", "last")])
    document = outer(two_inputs, default_inputs=[{"name": "a", "value": "pushed"}])
    attributes = {"default_inputs": [{"name": "a", "value": "of the link"}], "uiProps": {"x": 1}, "id": "no"}
    document["links"][0]["sub_target_attributes"] = attributes
    document["nodes"][1]["task_identifier"]["nodes"][0]["uiProps"] = {"y": 2}

    flat = flatten(document)

    assert defaults(flat, ("s", "first")) == {"a": "of the link"}
    assert node_of(flat, ("s", "first"))["uiProps"] == {"x": 1, "y": 2}
    assert defaults(flat, ("s", "last")) == {"a": "pushed"}


def test_one_sub_graph_used_twice_has_attributes_of_its_own_each_time():
    shared = inner()
    pushed = [{"name": "a", "value": 5}]

    flat = flatten(graph([subgraph("s", shared, default_inputs=pushed), subgraph("t", shared)]))

    assert defaults(flat, ("s", "first")) == {"a": 5}
    assert defaults(flat, ("t", "first")) == {"b": 1}


# Aliases of the graph itself


def test_the_aliases_of_the_graph_name_flat_nodes():
    fan = inner(input_nodes=[alias("in", "first", link_attributes={"p": 1}), alias("in", "last")])
    document = outer(fan)
    document["graph"]["input_nodes"] = [
        alias("x", "s", sub_node="in", uiProps={"mine": 1}),
        alias("y", "a"),
        alias("z", ["s", "first"]),
    ]

    flat = flatten(document)

    assert flat.graph["input_nodes"] == [
        {"id": "x", "node": ("s", "first"), "uiProps": {"mine": 1}, "link_attributes": {"p": 1}},
        {"id": "x", "node": ("s", "last"), "uiProps": {"mine": 1}},
        {"id": "y", "node": "a"},
        {"id": "z", "node": ("s", "first")},
    ]


# Default error nodes


def handled(**attributes):
    """Return a graph with a default error node ``rescue``, which ``after`` follows."""
    nodes = [
        node("first", Add),
        node("rescue", add, default_error_node=True, **attributes),
        node("after", add),
    ]
    return graph(nodes, [link("rescue", "after")], input_nodes=[alias("in", "first")])


def error_links(flat):
    return {(each["source"], each["target"]) for each in flat.links if each.get("on_error")}


def test_the_default_error_node_of_a_sub_graph_handles_the_errors_inside():
    document = outer(handled())
    document["links"].pop()

    flat = flatten(document)

    assert error_links(flat) == {(("s", "first"), ("s", "rescue"))}
    assert not any("default_error_node" in each for each in flat.nodes)


def test_the_error_node_around_handles_errors_of_the_error_node_inside():
    document = graph([subgraph("s", handled()), node("top", add, default_error_node=True), node("b", Add)])

    flat = flatten(document)
    added = default_error_links(flat.nodes, flat.links, limits=DEFAULT_LIMITS)

    assert error_links(flat) == {(("s", "first"), ("s", "rescue"))}
    assert {(each["source"], each["target"]) for each in added} == {
        (("s", "rescue"), "top"),
        (("s", "after"), "top"),
        ("b", "top"),
    }


def test_a_node_with_a_handler_of_its_own_is_left_alone_but_that_handler_is_not():
    nodes = [node("a", Add), node("own", add), node("any", add, default_error_node=True)]

    added = default_error_links(nodes, [link("a", "own", on_error=True)], limits=DEFAULT_LIMITS)

    assert added == [{"source": "own", "target": "any", "on_error": True, "map_all_data": True}]


def test_the_attributes_of_error_links_can_be_chosen():
    mapping = [{"source_output": "WorkflowException", "target_input": "error"}]
    chosen = {"data_mapping": mapping, "on_error": False}

    flat = flatten(outer_without_links(handled(default_error_attributes=chosen)))

    (found,) = [each for each in flat.links if each.get("on_error")]
    assert found == {
        "source": ("s", "first"),
        "target": ("s", "rescue"),
        "data_mapping": mapping,
        "on_error": True,
    }


def outer_without_links(document):
    return graph([subgraph("s", document)])


def test_a_graph_node_can_be_the_default_error_node():
    flat = flatten(graph([node("a", Add), subgraph("s", inner(), default_error_node=True)]))

    added = default_error_links(flat.nodes, flat.links, limits=DEFAULT_LIMITS)

    assert node_of(flat, ("s", "first"))["default_error_node"] is True
    assert [(each["source"], each["target"]) for each in added] == [("a", ("s", "first"))]


def test_an_error_node_inside_that_nothing_needs_is_left_out():
    nodes = [node("any", add, default_error_node=True), node("after", add)]
    document = graph([node("a", Add), subgraph("s", graph(nodes, [link("any", "after")]))])

    flat = flatten(document)

    assert [each["id"] for each in flat.nodes] == ["a"]
    assert flat.links == []


def test_an_error_node_inside_stays_if_a_link_leads_to_it():
    nodes = [node("any", add, default_error_node=True)]
    document = graph([node("a", Add), subgraph("s", graph(nodes))], [link("a", "s", sub_target="any")])

    assert ends(flatten(document)) == [("a", ("s", "any"))]


def test_what_others_lead_to_is_not_left_out():
    nodes = [node(name, add) for name in ("idle", "only", "both", "a")]
    links = [link("idle", "only"), link("idle", "both"), link("a", "both")]

    left_nodes, left_links = leave_out(["idle"], nodes, links)

    assert [each["id"] for each in left_nodes] == ["both", "a"]
    assert [(each["source"], each["target"]) for each in left_links] == [("a", "both")]


def test_too_many_error_links_are_refused():
    nodes = [node(f"n{i}", add, default_error_node=i < 5) for i in range(10)]

    with pytest.raises(GraphError, match="5 default error nodes are too many for 10 nodes"):
        default_error_links(nodes, [], limits=Limits(n_links=24))


# Refusals


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (
            {"sub_target": None},
            "link from 'a' to 's': 'sub_target' must say which node of the sub-graph 's' is meant",
        ),
        (
            {"sub_target": "frist"},
            (
                "link from 'a' to 's': 'sub_target': "
                "there is no node 'frist' in the sub-graph 's'; did you mean 'first'?"
            ),
        ),
        (
            {"sub_source": "x"},
            "link from 'a' to 's': 'sub_source' must be removed, as 'a' is no sub-graph",
        ),
        ({"sub_target_attributes": [1]}, "link from 'a' to 's': 'sub_target_attributes' must be an object"),
        ({"source": 7}, "link from 7 to 's': the id of a node is a text, or a list of such ids"),
    ],
)
def test_a_bad_link_is_refused_by_name(changed, problem):
    document = outer()
    document["links"][0] |= changed

    assert refusal(document) == problem


def test_attributes_for_a_target_that_is_no_sub_graph_are_refused():
    document = outer()
    document["links"][1]["sub_target_attributes"] = {"force_start_node": True}

    assert refusal(document).endswith("remove 'sub_target_attributes', as 'b' is no sub-graph")


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (outer("missing.json"), "sub-graph 's': there is no workflow file 'missing.json'"),
        (
            outer(7),
            "sub-graph 's': a graph is given as a dict, a networkx graph, a text or a file, not as int",
        ),
        (outer({"nodes": 1}), "sub-graph 's': nodes: must be a list"),
        (
            graph([{"id": "s", "task_type": "graph"}]),
            "sub-graph 's': add the 'task_identifier' (task type 'graph')",
        ),
        (outer(inner(input_nodes=[1])), "input_nodes: must be a list of objects with"),
        (outer(inner(input_nodes="in")), "input_nodes: must be a list of objects with"),
        (
            graph([subgraph("s", inner()), subgraph("s", inner())]),
            "two nodes have the id 's': rename one of them",
        ),
        (outer(graph([node("n", Add), node("n", Add)])), "sub-graph 's': two nodes have the id 'n'"),
        (graph([subgraph(7, inner())]), "node 7: the id of a node is a text"),
        (outer(graph([node({}, Add)])), "node {}: the id of a node is a text"),
        (
            outer(inner(input_nodes=[alias("in", "frist")]), force_start_node=True),
            "'input_nodes' of sub-graph 's': there is no node 'frist' in the sub-graph 's'; did you mean",
        ),
    ],
)
def test_a_bad_sub_graph_is_refused_by_name(document, problem):
    assert refusal(document).startswith(problem)


def test_a_file_that_includes_itself_is_refused(tmp_path):
    twice = graph([subgraph("s", "self.json"), subgraph("t", "self.json")])
    (tmp_path / "self.json").write_text(json.dumps(twice))

    assert refusal("self", root_dir=tmp_path) == "sub-graph 's' > 's': it includes itself"


def test_files_that_include_each_other_are_refused(tmp_path):
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.json").write_text(json.dumps(graph([subgraph(name, f"{other}.json")])))

    assert refusal("a", root_dir=tmp_path) == "sub-graph 'a' > 'b' > 'a': it includes itself"


def test_sub_graphs_are_nested_up_to_the_limit():
    limits = Limits(depth=3)
    deepest = [graph([node("n", Add)])]
    for _ in range(4):
        deepest.append(graph([subgraph("s", deepest[-1])]))

    assert [each["id"] for each in flatten(deepest[3], limits).nodes] == [("s", ("s", ("s", "n")))]
    assert refusal(deepest[4], limits=limits).endswith("more than 3 graphs are inside each other")


@pytest.mark.parametrize("innermost", [graph([node("n", Add)]), graph([])], ids=["one node", "no node"])
def test_a_graph_that_grows_at_every_level_is_refused(innermost):
    document = innermost
    for _ in range(10):
        document = graph([subgraph(f"s{i}", document) for i in range(10)])

    message = refusal(document, limits=Limits(n_nodes=1000))

    assert message == "the graph has, with its sub-graphs, more than 1000 nodes"


def test_files_that_grow_at_every_level_are_refused(tmp_path):
    (tmp_path / "f0.json").write_text(json.dumps(graph([node("n", Add)])))
    for level in range(1, 11):
        nodes = [subgraph(f"s{i}", f"f{level - 1}.json") for i in range(10)]
        (tmp_path / f"f{level}.json").write_text(json.dumps(graph(nodes)))

    message = refusal("f10.json", root_dir=tmp_path, limits=Limits(n_nodes=1000))

    assert message == "the graph has, with its sub-graphs, more than 1000 nodes"


def test_aliases_that_make_too_many_links_are_refused():
    aliases = {part: [alias("all", "first")] * 100 for part in ("input_nodes", "output_nodes")}
    document = graph([subgraph("s", inner(**aliases)), subgraph("t", inner(**aliases))])
    document["links"] = [link("s", "t", sub_source="all", sub_target="all")]

    assert refusal(document, limits=Limits(n_links=5000)).endswith("more than 5000 links")


def test_aliases_that_grow_at_every_level_are_refused():
    document = inner(input_nodes=[alias("in", "first")] * 10)
    for _ in range(10):
        document = graph([subgraph("s", document)], input_nodes=[alias("in", "s", sub_node="in")] * 10)

    assert refusal(document, limits=Limits(n_links=5000)).endswith("more than 5000 links")


def fat(**attributes):
    return attributes | {f"x{i}": i for i in range(2000)}


@pytest.mark.parametrize("part", ["node", "link", "alias", "error attributes"])
def test_attributes_that_are_multiplied_by_sub_graphs_are_refused(part):
    limits = Limits(n_nodes=1000, n_links=1000)  # 40,000 attributes
    inside = inner(input_nodes=[alias("in", "first")] * 30)
    if part == "node":
        inside["nodes"][0] |= fat()
    elif part == "alias":
        inside["graph"]["input_nodes"] = [alias("in", "first", link_attributes=fat())] * 30
    elif part == "error attributes":
        inside["nodes"] += [node(f"n{i}", Add) for i in range(30)]
        inside["nodes"].append(node("any", add, default_error_node=True, default_error_attributes=fat()))
    nodes = [node("a", Add), *(subgraph(f"s{i}", inside) for i in range(30))]
    attributes = fat() if part == "link" else {}

    message = refusal(graph(nodes, [link("a", "s0", sub_target="in", **attributes)]), limits=limits)

    assert message in (
        "the graph has, with its sub-graphs, more than 40000 attributes",
        "1 default error nodes are too many for 33 nodes",
    )
