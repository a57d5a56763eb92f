"""Random graphs, with branches, conditions, errors and loops: every way of running them agrees."""

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workflow_samples import graph, link, node

from workflows import Task, run_graph

SETTINGS = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


class Mix(Task, optional_input_names=["a", "b", "c", "delay", "wrong"], output_names=["x", "y"]):
    """Mix the inputs into a number (x) and a small one (y); fail if that is ``wrong``."""

    def run(self):
        time.sleep(self.get_input_value("delay", 0))
        values = [self.get_input_value(name, None) or 0 for name in "abc"]
        self.outputs.x = (values[0] * 7 + values[1] * 3 + values[2] + 1) % 1009
        self.outputs.y = self.outputs.x % 3
        if self.outputs.y == self.get_input_value("wrong", None):
            raise ValueError(f"{self.outputs.x} is wrong")


@st.composite
def graphs(draw, *, loops=True, default_error_nodes=True):
    n_nodes = draw(st.integers(1, 9))
    names = [f"n{i}" for i in range(n_nodes)]
    nodes = []
    for name in names:
        defaults = {"a": draw(st.integers(0, 9))}
        if draw(st.integers(0, 5)) == 0:
            defaults["wrong"] = draw(st.integers(0, 2))
        extra = {"force_start_node": True} if draw(st.integers(0, 5)) == 0 else {}
        if default_error_nodes and draw(st.integers(0, 25)) == 0:
            extra["default_error_node"] = True
        nodes.append(node(name, Mix, defaults=defaults, **extra))
    links = []
    for _ in range(draw(st.integers(0, 2 * n_nodes))):
        source, target = draw(st.integers(0, n_nodes - 1)), draw(st.integers(0, n_nodes - 1))
        if not loops and source >= target:
            continue
        attributes = {"mapping": {"x": draw(st.sampled_from("abc"))}}
        kind = draw(st.integers(0, 5))
        if kind == 0 or source >= target:
            attributes["conditions"] = [{"source_output": "y", "value": draw(st.integers(0, 2))}]
        elif kind == 1:
            attributes = {"on_error": True}
        attributes["required"] = draw(st.sampled_from([None, None, None, False, False, True]))
        links.append(link(names[source], names[target], **attributes))
    links = list({(each["source"], each["target"]): each for each in links}.values())
    return graph(nodes, links)


def outcome(result):
    return (
        result.state,
        result.outputs,
        {
            n: (r.state, r.outputs, r.n_runs, r.rounds, r.error and r.error.message)
            for n, r in result.nodes.items()
        },
    )


def refused_or(function):
    try:
        return function()
    except Exception as error:  # noqa: BLE001 -- the kinds of refusals are compared
        return type(error), str(error)


@SETTINGS
@given(graphs(), st.integers(0, 10**6))
def test_the_outcome_does_not_depend_on_how_many_nodes_run_at_once_nor_on_their_speed(document, seed):
    rng = random.Random(seed)
    slowed = {**document, "nodes": [dict(item) for item in document["nodes"]]}
    for item in slowed["nodes"]:
        delay = {"name": "delay", "value": rng.choice([0, 0, 0.001, 0.003])}
        item["default_inputs"] = [*item["default_inputs"], delay]

    one = refused_or(lambda: outcome(run_graph(document, max_rounds=12)))
    many = refused_or(lambda: outcome(run_graph(slowed, max_rounds=12, max_workers=4)))

    assert one == many


@SETTINGS
@given(graphs())
def test_every_node_has_one_end_and_what_ran_was_led_to(document):
    events = []

    result = refused_or(lambda: run_graph(document, max_rounds=12, events=[events.append]))
    if isinstance(result, tuple):
        return

    nodes = [event for event in events if event.context == "node"]
    for node_id, each in result.nodes.items():
        kinds = [event.type for event in nodes if event.node_id == node_id]
        assert kinds == (["start", "end"] * each.n_runs or ["end"])
    assert (result.error is None) == (result.state != "failed")


@pytest.mark.parametrize("order", range(6))
def test_the_order_of_the_nodes_does_not_matter_where_no_loop_is(order):
    rng = random.Random(order)

    # Without default error nodes: which of several failures one gets last is a matter of the nodes' order.
    @SETTINGS
    @given(graphs(loops=False, default_error_nodes=False))
    def check(document):
        shuffled = {**document, "nodes": rng.sample(document["nodes"], len(document["nodes"]))}
        states = [refused_or(lambda d=d: run_graph(d)) for d in (document, shuffled)]
        if isinstance(states[0], tuple):
            assert states[0][0] == states[1][0]
            return
        first, second = ({n: (r.state, r.outputs) for n, r in s.nodes.items()} for s in states)
        assert first == second

    check()


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
def test_of_two_failures_a_default_error_node_takes_what_the_later_node_brings(order):
    failing = {"first": {"a": 1, "wrong": 2}, "second": {"a": 2, "wrong": 0}}
    nodes = [node(name, Mix, defaults=failing[name]) for name in order]
    handler = node("handler", Mix, default_error_node=True)  # gets "wrong" too, so it fails alike

    for _ in range(20):
        ends = run_graph(graph([handler, *nodes], []), max_workers=4).nodes

        assert ends["handler"].error.text == ends[order[1]].error.text
