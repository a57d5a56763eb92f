"""ewokscore, which defines the format: which links are required, where a graph starts and ends.

Where we differ, and why:

- End nodes of a graph without any node that leads nowhere. ewokscore never finds
  the complement of a boolean (nor of 0 and 1, which are equal to them), even if
  another link tests it; we do, as its rule says. It takes a complement for
  covered by a link that tests another output as well, and so may not be taken;
  we do not, or a run that ends there would have no outputs.
- ewokscore fails where a default error node is not needed (TypeError), and on
  loops without any condition (RecursionError); such graphs are left out, as are
  conditions on lists (TypeError).
"""

from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

ewokscore = pytest.importorskip("ewokscore", reason="ewokscore is not installed (make test-peers)")

from ewokscore.graph import analysis  # noqa: E402
from ewokscore.tests import (  # noqa: E402
    test_default_error_handlers,
    test_graph_start_end_nodes,
    test_link_is_required,
)
from ewokscore.tests.examples.graphs import get_graph, graph_names  # noqa: E402

from workflows import GraphError, draft_plan, load_graph  # noqa: E402

SETTINGS = settings(deadline=None, max_examples=400, suppress_health_check=list(HealthCheck))
TASK = {"task_type": "class", "task_identifier": "ewokscore.tests.examples.tasks.condsumtask.CondSumTask"}


def documents_of(module, monkeypatch):
    """Collect the graphs that the tests of a module load: they are written in the tests themselves."""
    found = []

    def load(document):
        found.append(deepcopy(document))
        return ewokscore.load_graph(document)

    monkeypatch.setattr(module, "load_graph", load)
    for name, function in vars(module).items():
        if name.startswith("test_"):
            function()
    return found


def structure_of_ewoks(document):
    network = ewokscore.load_graph(deepcopy(document)).graph  # which changes what it is given
    return {
        "required": {ends for ends in network.edges if analysis.link_is_required(network, *ends)},
        "start": analysis.start_nodes(network),
        "end": analysis.end_nodes(network),
        "handled": {n for n in network.nodes if analysis.node_has_error_handlers(network, n)},
        "error links": {ends for ends in network.edges if analysis.link_has_on_error(network, *ends)},
        "loops": analysis.graph_is_cyclic(network),
    }


def our_structure(document):
    loaded = load_graph(document)
    structure = loaded.structure
    start_nodes = structure.start_nodes or draft_plan(loaded).start_nodes
    return {
        "required": {(link.source, link.target) for link in structure.required},
        "start": set(start_nodes),
        "end": set(structure.end_nodes),
        "handled": {node_id for node_id in loaded.nodes if structure.has_error_handler(node_id)},
        "error links": {(link.source, link.target) for link in loaded.links if link.on_error},
        "loops": structure.has_loops,
    }


@pytest.mark.parametrize(
    ("module", "n_graphs"),
    [(test_link_is_required, 4), (test_graph_start_end_nodes, 1), (test_default_error_handlers, 2)],
)
def test_a_graph_of_the_tests_of_ewokscore_has_the_same_structure(module, n_graphs, monkeypatch):
    documents = documents_of(module, monkeypatch)

    assert len(documents) == n_graphs
    for document in documents:
        assert our_structure(document) == structure_of_ewoks(document)


@pytest.mark.parametrize("name", graph_names())
def test_an_example_of_ewokscore_has_the_same_structure(name):
    document, _ = get_graph(name)

    assert our_structure(document) == structure_of_ewoks(document)


@st.composite
def graphs(draw):
    """Make a graph of up to seven nodes with loops, conditions, error links and error nodes."""
    n_nodes = draw(st.integers(1, 7))
    nodes = []
    for number in range(n_nodes):
        node = {"id": f"n{number}", **TASK}
        if draw(st.integers(0, 1)):
            node["default_inputs"] = [{"name": draw(st.sampled_from("ab")), "value": 1}]
        if draw(st.integers(0, 6)) == 0:
            node["force_start_node"] = True
        if draw(st.integers(0, 3)) == 0:
            node["conditions_else_value"] = draw(st.sampled_from(VALUES))
        nodes.append(node)
    ends = st.tuples(st.integers(0, n_nodes - 1), st.integers(0, n_nodes - 1))
    links = [draw(links_between(*pair)) for pair in draw(st.lists(ends, unique=True, max_size=12))]
    if draw(st.integers(0, 3)) == 0:
        nodes[draw(st.integers(0, n_nodes - 1))]["default_error_node"] = True
    return {"graph": {"id": "random"}, "nodes": nodes, "links": links}


VALUES = (True, False, None, 1, 2, "other")


@st.composite
def links_between(draw, source, target):
    link = {"source": f"n{source}", "target": f"n{target}"}
    kind = draw(st.sampled_from(("plain", "plain", "condition", "condition", "error")))
    if kind == "condition":
        names, values = st.sampled_from(("too_small", "result")), st.sampled_from(VALUES)
        conditions = draw(st.lists(st.tuples(names, values), min_size=1, max_size=2))
        link["conditions"] = [{"source_output": name, "value": value} for name, value in conditions]
    if kind == "error":
        link["on_error"] = True
    required = draw(st.sampled_from((None, None, None, True, False)))
    return link if required is None else link | {"required": required}


@SETTINGS
@given(graphs())
def test_a_random_graph_has_the_same_structure(document):
    try:
        expected = structure_of_ewoks(document)
    except (TypeError, RecursionError):  # see above
        reject()
    except ValueError:  # an error link that joins a link with conditions
        with pytest.raises(GraphError, match="conditions"):
            load_graph(document)
        return

    found = our_structure(document)
    conditions = {node["id"]: [] for node in document["nodes"]}
    for link in document["links"]:
        conditions[link["source"]].append(link.get("conditions", ()))
    for node_id in found["end"] ^ expected["end"]:
        tested = conditions[node_id]
        with_booleans = any(item["value"] in (True, False) for items in tested for item in items)
        with_others = any(len({item["source_output"] for item in items}) > 1 for items in tested)
        assert with_booleans if node_id in expected["end"] else with_others
    assert found | {"end": None} == expected | {"end": None}
