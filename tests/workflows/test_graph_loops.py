"""Loops: what runs, how often, and with what. Expected values are counted by hand."""

import random
import time

import pytest
from workflow_samples import Choose, Fail, add, describe, graph, link, node

from workflows import Task, run_graph


class Count(Task, input_names=["n"], optional_input_names=["limit"], output_names=["n", "more", "limit"]):
    """Add one; tell whether the limit (3) is not reached yet."""

    def run(self):
        limit = self.get_input_value("limit", 3)
        self.outputs.n = self.inputs.n + 1
        self.outputs.more = self.outputs.n < limit
        self.outputs.limit = limit


class Collect(Task, optional_input_names=["n", "other", "third"], output_names=["seen", "n"]):
    """Note what came, in ``log``, under the label of the node."""

    log: list

    def run(self):
        time.sleep(random.random() / 500)
        Collect.log.append((self.label, self.get_input_values()))
        self.outputs.seen = self.get_input_values()
        self.outputs.n = self.get_input_value("n", None)


class FailAt(Task, input_names=["n"], output_names=["n", "more"]):
    """Fail for 2; go on below 4."""

    def run(self):
        if self.inputs.n == 2:
            raise ValueError("two")
        self.outputs.n = self.inputs.n + 1
        self.outputs.more = self.outputs.n < 4


class Inner(Task, input_names=["i", "j"], output_names=["i", "j", "more"]):
    def run(self):
        self.outputs.i, self.outputs.j = self.inputs.i, self.inputs.j + 1
        self.outputs.more = self.outputs.j < 3


class Outer(Task, input_names=["i"], output_names=["i", "j", "more"]):
    def run(self):
        self.outputs.i, self.outputs.j = self.inputs.i + 1, 0
        self.outputs.more = self.outputs.i < 2


@pytest.fixture(autouse=True)
def log():
    Collect.log = []
    return Collect.log


def when(value=True, output="more"):
    return {"conditions": [{"source_output": output, "value": value}]}


def n_to_n(source, target, **attributes):
    return link(source, target, {"n": "n"}, **attributes)


def n_runs(result):
    return {node_id: each.n_runs for node_id, each in result.nodes.items()}


def states(result):
    return {node_id: str(each.state) for node_id, each in result.nodes.items()}


def counting(*names, limit=3):
    """Make a loop of one node for each name: it counts from 0 to the limit."""
    nodes = [node(name, Count, defaults={"n": 0, "limit": limit}, force_start_node=True) for name in names]
    return nodes, [n_to_n(name, name, **when()) for name in names]


def test_a_loop_goes_round_until_its_condition_does_not_hold():
    nodes = [node("start", Choose, defaults={"value": 0}), node("count", Count), node("end", Collect)]
    links = [
        link("start", "count", {"value": "n"}),
        n_to_n("count", "count", **when()),
        n_to_n("count", "end", **when(value=False)),
    ]

    result = run_graph(graph(nodes, links))

    assert result.state == "succeeded"
    assert result.outputs == {"seen": {"n": 3}, "n": 3}
    assert n_runs(result) == {"start": 1, "count": 3, "end": 1}


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_what_follows_a_loop_unconditionally_runs_for_each_round_in_order(workers, log):
    nodes, links = counting("count")
    nodes += [node("save", Collect), node("report", Collect)]
    links += [n_to_n("count", "save"), n_to_n("save", "report")]

    result = run_graph(graph(nodes, links), max_workers=workers)

    assert [values["n"] for label, values in log if label == "save"] == [1, 2, 3]
    assert [values["n"] for label, values in log if label == "report"] == [1, 2, 3]
    assert result.outputs == {"seen": {"n": 3}, "n": 3}
    assert (result.nodes["report"].n_runs, result.nodes["report"].rounds) == (3, (2,))


def test_what_came_once_counts_in_every_round(log):
    nodes, links = counting("count")
    nodes += [node("settings", Choose, defaults={"value": "fine"}), node("save", Collect)]
    links += [n_to_n("count", "save"), link("settings", "save", {"value": "other"})]

    run_graph(graph(nodes, links))

    assert [values for label, values in log] == [{"n": n, "other": "fine"} for n in (1, 2, 3)]


@pytest.mark.parametrize("workers", [1, 4])
def test_what_joins_two_branches_of_a_round_gets_both_of_the_same_round(workers, log):
    nodes, links = counting("count")
    nodes += [node("left", Collect), node("right", Collect), node("join", Collect)]
    links += [n_to_n("count", "left"), n_to_n("count", "right")]
    links += [n_to_n("left", "join"), link("right", "join", {"n": "other"})]

    run_graph(graph(nodes, links), max_workers=workers)

    assert [v for label, v in log if label == "join"] == [{"n": n, "other": n} for n in (1, 2, 3)]


@pytest.mark.parametrize("workers", [1, 4])
def test_where_independent_loops_meet_a_node_runs_once_with_the_last_values(workers, log):
    nodes, links = counting("short", limit=2)
    more_nodes, more_links = counting("long", limit=5)
    meeting = [n_to_n("short", "meet"), link("long", "meet", {"n": "other"})]

    result = run_graph(
        graph([*nodes, *more_nodes, node("meet", Collect)], [*links, *more_links, *meeting]),
        max_workers=workers,
    )

    assert log == [("meet", {"n": 2, "other": 5})]
    assert n_runs(result) == {"short": 2, "long": 5, "meet": 1}


def test_a_loop_after_a_loop_runs_anew_for_each_round_that_leads_to_it(log):
    nodes, links = counting("outer", limit=2)
    nodes += [node("inner", Count, defaults={"limit": 3}), node("save", Collect)]
    links += [n_to_n("outer", "inner"), n_to_n("inner", "inner", **when()), n_to_n("inner", "save")]

    result = run_graph(graph(nodes, links))

    assert [values["n"] for _, values in log] == [2, 3, 3]
    assert result.nodes["save"].rounds == (1, 0)


def test_a_loop_around_a_loop():
    """The inner loop counts to 3, and the outer one starts it twice."""
    nodes = [
        node("start", Choose, defaults={"value": 0}),
        node("inner", Inner, defaults={"j": 0}),
        node("outer", Outer),
        node("end", Collect),
    ]
    links = [
        link("start", "inner", {"value": "i"}),
        link("inner", "inner", {"i": "i", "j": "j"}, **when()),
        link("inner", "outer", {"i": "i"}, **when(value=False)),
        link("outer", "inner", {"i": "i", "j": "j"}, **when()),
        link("outer", "end", {"i": "n"}, **when(value=False)),
    ]

    result = run_graph(graph(nodes, links))

    assert n_runs(result) == {"start": 1, "inner": 6, "outer": 2, "end": 1}
    assert result.outputs["n"] == 2


@pytest.mark.parametrize(("value", "ran"), [("loop", 3), ("bypass", 0)])
def test_a_loop_and_a_way_around_it_may_lead_to_the_same_node(value, ran):
    nodes = [
        node("choose", Choose, defaults={"value": value}),
        node("count", Count, defaults={"n": 0}),
        node("end", Collect),
        node("after", Collect),
    ]
    links = [
        link("choose", "count", **when("loop", "value")),
        n_to_n("count", "count", **when()),
        n_to_n("count", "end", **when(value=False)),
        link("choose", "end", {"value": "other"}, **when("bypass", "value")),
        link("end", "after", {"seen": "third"}),
    ]

    result = run_graph(graph(nodes, links))

    assert result.state == "succeeded"
    assert result.nodes["count"].n_runs == ran
    assert result.outputs["seen"] == {"third": {"n": 3} if ran else {"other": "bypass"}}


@pytest.mark.parametrize(("cached", "brought"), [(False, ["x", None]), (True, ["x", "x"])])
def test_an_optional_link_brings_its_value_once_unless_it_is_cached(cached, brought, log):
    nodes = [
        node("start", Choose, defaults={"value": 0}),
        node("count", Count),
        node("body", Collect),
        node("extra", Choose, defaults={"value": "x"}),
    ]
    links = [
        link("start", "count", {"value": "n"}),
        n_to_n("count", "body", **when()),
        n_to_n("body", "count"),
        link("extra", "body", {"value": "other"}, required=False, cache_if_optional=cached),
    ]

    run_graph(graph(nodes, links))

    assert [values.get("other") for _, values in log] == brought


def test_a_failure_in_a_loop_ends_it_and_fails_the_run():
    nodes = [node("start", Choose, defaults={"value": 0}), node("step", FailAt), node("save", Collect)]
    links = [
        link("start", "step", {"value": "n"}),
        n_to_n("step", "step", **when()),
        n_to_n("step", "save"),
    ]

    result = run_graph(graph(nodes, links))

    assert result.state == "failed"
    assert result.error.message == "node 'step' (FailAt) failed: ValueError: two"
    assert n_runs(result) == {"start": 1, "step": 3, "save": 2}


def test_an_error_link_may_lead_on_in_a_loop():
    nodes = [
        node("start", Choose, defaults={"value": 0}),
        node("step", FailAt),
        node("mend", add, defaults={"b": 1}),
        node("end", Collect),
    ]
    links = [
        link("start", "step", {"value": "n"}),
        n_to_n("step", "step", **when()),
        link("step", "mend", {"n": "a"}, on_error=True),
        link("mend", "step", {"return_value": "n"}),
        n_to_n("step", "end", **when(value=False)),
    ]

    result = run_graph(graph(nodes, links))

    assert (result.state, result.error) == ("succeeded", None)
    assert n_runs(result) == {"start": 1, "step": 4, "mend": 1, "end": 1}
    assert result.outputs["n"] == 4


def test_a_default_error_node_handles_what_fails_in_a_loop():
    nodes = [node("start", Choose, defaults={"value": 0}), node("step", FailAt), node("any", describe)]
    nodes[2] |= {"default_error_node": True}
    links = [link("start", "step", {"value": "n"}), n_to_n("step", "step", **when())]

    result = run_graph(graph(nodes, links))

    assert states(result) == {"start": "succeeded", "step": "failed", "any": "succeeded"}
    assert result.state == "succeeded"


def test_a_default_error_node_handles_what_fails_before_a_loop():
    nodes = [node("start", Fail), node("step", FailAt), node("any", describe, default_error_node=True)]
    links = [link("start", "step", {"total": "n"}), n_to_n("step", "step", **when())]

    result = run_graph(graph(nodes, links))

    assert states(result) == {"start": "failed", "step": "skipped", "any": "succeeded"}
    assert result.state == "succeeded"


def test_a_loop_without_an_end_is_a_failure_and_not_a_hang():
    nodes, links = counting("count", limit=10**9)

    result = run_graph(graph(nodes, links), max_rounds=50)

    assert result.state == "failed"
    assert result.error.code == "endless_loop"
    assert result.error.message.startswith("the loop 'count' went round 50 times without an end")
    assert result.nodes["count"].n_runs == 50


def test_a_loop_that_no_node_starts_is_refused():
    nodes = [node("a", Count), node("b", Count)]

    with pytest.raises(Exception, match="every node waits for another one") as refusal:
        run_graph(graph(nodes, [n_to_n("a", "b"), n_to_n("b", "a")]))

    assert refusal.value.code == "bad_graph"


def test_a_loop_is_started_by_the_node_that_has_all_it_needs():
    nodes = [node("a", Count), node("b", Count)]
    links = [n_to_n("a", "b", **when()), n_to_n("b", "a", **when())]

    result = run_graph(graph(nodes, links), [{"id": "b", "name": "n", "value": 0}])

    assert n_runs(result) == {"a": 1, "b": 2}
    assert result.outputs["n"] == 3


def test_a_loop_that_nothing_leads_to_is_skipped_with_all_that_follows():
    nodes = [
        node("choose", Choose, defaults={"value": 1}),
        node("count", Count, defaults={"n": 0}),
        node("end", Collect),
    ]
    links = [
        link("choose", "count", **when(2, "value")),
        n_to_n("count", "count", **when()),
        n_to_n("count", "end"),
    ]

    result = run_graph(graph(nodes, links))

    assert states(result) == {"choose": "succeeded", "count": "skipped", "end": "skipped"}
    assert result.state == "succeeded"


def test_too_many_loops_in_a_row_are_refused():
    nodes, links = counting(*(f"n{i}" for i in range(100)))
    links += [n_to_n(f"n{i}", f"n{i + 1}") for i in range(99)]

    with pytest.raises(Exception, match="more than 64 loops follow one another") as refusal:
        run_graph(graph(nodes, links))

    assert refusal.value.code == "not_supported"


def test_a_run_that_ends_where_conditions_on_two_outputs_leave_a_case_out_has_outputs():
    nodes = [node("a", Count, force_start_node=True), node("b", Count), node("c", Count)]
    nodes[0]["default_inputs"] = [{"name": "n", "value": 6}, {"name": "limit", "value": 10}]
    both = {
        value: [{"source_output": name, "value": value} for name in ("more", "limit")]
        for value in (True, False)
    }
    # "more" is true, "limit" is neither true nor false
    links = [
        n_to_n("a", "b", conditions=both[True]),
        n_to_n("a", "c", conditions=both[False]),
        n_to_n("b", "a"),
        n_to_n("c", "a"),
    ]

    result = run_graph(graph(nodes, links))

    assert n_runs(result) == {"a": 1, "b": 0, "c": 0}
    assert result.outputs == {"n": 7, "more": True, "limit": 10}
