"""The graphs of ewokscore, ewoksppf and ewoksdask (which has those of ewokscore), on every engine."""

import json
import sys
from importlib.util import find_spec

import pytest

pytest.importorskip("ewokscore", reason="ewokscore is not installed (make test-peers)")
pytest.importorskip("ewoksppf", reason="ewoksppf is not installed (make test-peers)")

from ewokscore.tests.examples.graphs import get_graph

from tests.peers.engine_suite import samples
from tests.peers.ewoks_cases import LOOPS, all_cases, quick, quick_actors
from workflows import find_problems, load_graph, run_graph

CASES = all_cases()
ENGINES = {
    "local": {},
    "threads": {"max_workers": 4},
    "processes": {"pool": "process", "max_workers": 2},
}
if find_spec("dask"):
    ENGINES["dask"] = {
        "engine": "dask",
        "scheduler": "multithreading",
        "scheduler_options": {"num_workers": 4},
    }
if find_spec("pypushflow"):
    ENGINES["ppf"] = {"engine": "ppf", "pool_type": "thread", "max_workers": 4, "scaling_workers": False}

graph, link, node = samples.graph, samples.link, samples.node


@pytest.fixture(scope="module", autouse=True)
def actors(tmp_path_factory):
    folder = tmp_path_factory.mktemp("actors")
    quick_actors(folder)
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))


def contains(found, expected):
    """Compare as ewoks' tests do: there may be more names than those that are expected."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            name in found and contains(found[name], value) for name, value in expected.items()
        )
    return type(found) is type(expected) and found == expected


def check(case, result):
    message = result.error and result.error.message
    if case.error is None:
        assert (result.state, message) == ("succeeded", None)
    else:
        assert result.state == "failed"
        assert case.error in message
    for node_id, expected in case.nodes.items():
        each = result.nodes[node_id]
        assert each.state.is_success == (expected is not None), (node_id, each)
        assert contains(dict(each.outputs), expected or {}), (node_id, each)
    for node_id, n_runs in case.n_runs.items():
        assert result.nodes[node_id].n_runs == n_runs
    assert contains(result.outputs, case.outputs)
    assert bool(result.outputs) == bool(case.outputs)


# What comes out


def test_all_graphs_are_here():
    assert len(CASES) == 50
    assert sum(not name.startswith("ppf") for name in CASES) == 8


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", CASES)
def test_a_graph_of_ewoks_gives_what_ewoks_states(name, engine):
    case = CASES[name]

    check(case, run_graph(quick(case.document), case.inputs, **ENGINES[engine]))


@pytest.mark.parametrize("scheme", ["json", None])
@pytest.mark.parametrize("name", CASES)
def test_a_store_changes_nothing_neither_when_it_is_filled_nor_when_it_is_used(name, scheme, tmp_path):
    case = CASES[name]
    case_document, varinfo = quick(case.document), {"root_uri": str(tmp_path)}
    varinfo |= {"scheme": scheme} if scheme else {}

    for _ in range(2):
        check(case, run_graph(case_document, case.inputs, varinfo=varinfo))


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_wrong_with_a_graph_of_ewoks(name):
    assert find_problems(quick(CASES[name].document)) == []


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_gives_the_same_in_four_threads_every_time(name):
    case = CASES[name]

    for _ in range(50):
        check(case, run_graph(quick(case.document), case.inputs, max_workers=4, timeout=60))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["ppf24 one", "ppf24 two", "ppf24 three"])
def test_an_error_handler_hears_of_the_first_error(name, engine):
    case = CASES[name]

    outputs = run_graph(case.document, case.inputs, **ENGINES[engine]).outputs["_ppfdict"]

    assert str(outputs["WorkflowExceptionInstance"]) == "raise on name: task3"
    assert outputs["WorkflowException"]["errorMessage"] == "raise on name: task3"


def test_an_error_handler_hears_nothing_where_nothing_fails():
    case = CASES["ppf24"]

    assert "WorkflowExceptionInstance" not in run_graph(case.document, case.inputs).outputs["_ppfdict"]


# Where ewoks goes wrong


def inner(**attributes):
    return graph([node("n", samples.Add)], id="inner", **attributes)


def sub(document, **attributes):
    return {"id": "sub", "task_type": "graph", "task_identifier": document, **attributes}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("where", ["node", "graph", "both"])
def test_a_sub_graph_has_another_label_than_its_id(where, engine):
    document = inner(label="Other") if where != "node" else inner()
    attributes = {"label": "Another"} if where != "graph" else {}
    nodes = [node("first", samples.Add, defaults={"a": 1}), sub(document, **attributes)]
    nodes.append(node("last", samples.Add))
    links = [link("first", "sub", {"total": "a"}, sub_target="n")]
    links.append(link("sub", "last", {"total": "a"}, sub_source="n"))

    result = run_graph(graph(nodes, links), **ENGINES[engine])

    assert list(result.nodes) == ["first", ("sub", "n"), "last"]
    assert result.outputs == {"total": 1}


@pytest.mark.parametrize("engine", ENGINES)
def test_all_end_nodes_are_part_of_the_result(engine):
    nodes = [node("a", samples.Add, defaults={"a": 1}), node("b", samples.Add), node("c", samples.add)]
    links = [link("a", "b", {"total": "a"}), link("a", "c", {"total": "a"})]

    result = run_graph(graph(nodes, links), merge_outputs=False, **ENGINES[engine])

    assert result.outputs == {"b": {"total": 1}, "c": {"return_value": 1}}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_failure_of_a_branch_is_not_swallowed(engine):
    nodes = [node("a", samples.Add, defaults={"a": 1}), node("bad", samples.Fail), node("b", samples.Add)]
    links = [link("a", "b", {"total": "a"}), link("a", "bad", {"total": "a"})]

    result = run_graph(graph(nodes, links), **ENGINES[engine])

    assert (result.state, result.outputs) == ("failed", {"total": 1})
    assert result.error.node_id == "bad"


@pytest.mark.parametrize("engine", ["local", "threads", "processes"])
def test_a_run_that_takes_too_long_has_failed(engine):
    document, _ = get_graph("demo")
    next(n for n in document["nodes"] if n["id"] == "task1")["default_inputs"] = [
        {"name": "delay", "value": 2}
    ]

    result = run_graph(document, timeout=0.5, **ENGINES[engine])

    assert result.state == "failed"
    assert "0.5 s" in result.error.message


@pytest.mark.parametrize("positions", [("0", "1"), (0, 1), ("0", 1)])
def test_digits_are_positions(positions):
    values = [{"name": name, "value": value} for name, value in zip(positions, (7, 5), strict=True)]
    minus = {"id": "minus", "task_type": "method", "task_identifier": "operator.sub"}
    negate = {"id": "negate", "task_type": "method", "task_identifier": "operator.neg"}
    links = [link("minus", "negate", {"return_value": "0"})]

    result = run_graph(graph([{**minus, "default_inputs": values}, negate], links))

    assert result.outputs == {"return_value": -2}


@pytest.mark.parametrize("value", [[1, 2], {"a": [1]}, []])
def test_a_condition_compares_with_a_list_or_an_object(value):
    nodes = [node("choose", samples.Choose, defaults={"value": value})]
    nodes += [node(name, samples.add, defaults={"a": 1}) for name in ("yes", "no")]
    tests = {"yes": value, "no": [3]}
    links = [
        link("choose", name, conditions=[{"source_output": "value", "value": tested}])
        for name, tested in tests.items()
    ]

    result = run_graph(graph(nodes, links))

    assert {name: str(result.nodes[name].state) for name in tests} == {"yes": "succeeded", "no": "skipped"}


@pytest.mark.parametrize("value", [7, None, [1], True])
def test_none_stands_for_else_unless_the_node_says_otherwise(value):
    nodes = [node("choose", samples.Choose, defaults={"value": value})]
    nodes += [node(name, samples.add, defaults={"a": 1}) for name in ("one", "other")]
    tests = {"one": 1 if value is not True else 2, "other": None}
    links = [
        link("choose", name, conditions=[{"source_output": "value", "value": tested}])
        for name, tested in tests.items()
    ]

    result = run_graph(graph(nodes, links))

    assert {name: str(result.nodes[name].state) for name in tests} == {"one": "skipped", "other": "succeeded"}


def test_a_default_error_node_is_allowed_where_nothing_needs_it():
    handler = node("handler", samples.error_text, default_error_node=True)
    own_link = {"source": "bad", "target": "handler", "map_all_data": True, "on_error": True}

    result = run_graph(graph([handler, node("bad", samples.Fail)], [own_link]))

    assert {name: str(each.state) for name, each in result.nodes.items()} == {
        "handler": "succeeded",
        "bad": "failed",
    }
    assert result.outputs == {"return_value": "the detector is\nupside down"}


def test_attributes_of_a_graph_node_reach_all_its_input_nodes():
    aliases = [{"id": name, "node": name} for name in ("x", "y")]
    document = graph(
        [node("x", samples.Add), node("y", samples.Add), node("z", samples.Add, defaults={"a": 1})]
    )
    document["graph"]["input_nodes"] = aliases
    pushed = {
        "default_inputs": [{"name": "a", "value": 5}],
        "force_start_node": True,
        "conditions_else_value": 3,
    }

    loaded = load_graph(graph([sub(document, **pushed)]))
    result = run_graph(loaded)

    assert [loaded.nodes["sub", name].force_start_node for name in "xyz"] == [True, True, False]
    assert [loaded.nodes["sub", name].conditions_else_value for name in "xyz"] == [3, 3, None]
    assert [result.nodes["sub", name].outputs["total"] for name in "xyz"] == [5, 5, 1]


def test_a_graph_of_a_module_has_the_name_of_its_place(tmp_path, monkeypatch):
    package = tmp_path / "lab_conformance_sample"
    package.mkdir()
    package.joinpath("__init__.py").touch()
    document, _ = get_graph("acyclic1")
    package.joinpath("flow.json").write_text(json.dumps(document))
    monkeypatch.syspath_prepend(str(tmp_path))
    source = "lab_conformance_sample.flow"

    loaded = load_graph(source, representation="json_module")
    below = {"id": "sub", "task_type": "graph", "task_identifier": source}
    nested = run_graph(graph([below]))

    assert loaded.id == source
    assert run_graph(source).outputs == {"result": 16}
    assert nested.nodes["sub", "task6"].outputs == {"result": 16}
