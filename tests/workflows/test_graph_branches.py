import numpy as np
import pytest
from workflow_samples import Add, Choose, Fail, Refuse, add, describe, error_text, graph, link, node

from workflows import run_graph


def states(result):
    return {node_id: str(each.state) for node_id, each in result.nodes.items()}


def when(value, output="value"):
    return {"conditions": [{"source_output": output, "value": value}]}


def run_switch(value, cases, **attributes):
    """Run a choice between branches, and return the branches that ran."""
    nodes = [node("choose", Choose, defaults={"value": value}, **attributes)]
    nodes += [node(name, add, defaults={"a": 1}) for name in cases]
    result = run_graph(graph(nodes, [link("choose", name, **case) for name, case in cases.items()]))
    assert result.state == "succeeded"
    return [name for name in cases if states(result)[name] == "succeeded"]


@pytest.mark.parametrize(
    ("value", "taken"), [("a", ["first"]), ("b", ["second"]), ("c", ["other"]), ("else", ["other"])]
)
def test_the_else_branch_is_taken_when_no_other_condition_names_the_value(value, taken):
    cases = {"first": when("a"), "second": when("b"), "other": when("else")}

    assert run_switch(value, cases, conditions_else_value="else") == taken


@pytest.mark.parametrize(("value", "taken"), [(True, ["yes"]), (False, ["other"]), (None, ["other"])])
def test_none_is_the_else_value_unless_another_is_given(value, taken):
    assert run_switch(value, {"yes": when(value=True), "other": when(None)}) == taken


def test_a_condition_on_an_output_that_was_not_set_does_not_hold():
    cases = {"value": when(1, "never"), "other": when(None, "never")}

    assert run_switch(1, cases) == []


def test_all_conditions_of_a_link_must_hold():
    both = {"conditions": [{"source_output": "value", "value": 1}, {"source_output": "never", "value": 1}]}

    assert run_switch(1, {"both": both, "one": when(1)}) == ["one"]


@pytest.mark.parametrize("value", [[1, 2], {"x": []}])
def test_a_condition_may_test_for_a_list_or_an_object(value):
    assert run_switch(value, {"same": when(value), "other": when([])}) == ["same"]


def test_an_array_is_equal_to_no_condition():
    assert run_switch(np.zeros(3), {"zero": when(0), "other": when(None)}) == ["other"]


def test_branches_that_merge_again_run_what_follows_once():
    nodes = [node("choose", Choose, defaults={"value": 1})]
    nodes += [node("one", Add, defaults={"b": 10}), node("two", Add, defaults={"b": 20}), node("end", Add)]
    links = [
        link("choose", "one", {"value": "a"}, **when(1)),
        link("choose", "two", {"value": "a"}, **when(2)),
        link("one", "end", {"total": "a"}),
        link("two", "end", {"total": "a"}),
    ]

    result = run_graph(graph(nodes, links))

    assert states(result) == {"choose": "succeeded", "one": "succeeded", "two": "skipped", "end": "succeeded"}
    assert result.outputs == {"total": 11}


def test_a_node_is_skipped_when_a_required_link_was_not_taken():
    nodes = [
        node("choose", Choose, defaults={"value": 1}),
        node("a", Add, defaults={"a": 1}),
        node("end", add),
    ]
    links = [link("choose", "end", required=True, **when(2)), link("a", "end", {"total": "a"})]

    result = run_graph(graph(nodes, links))

    assert states(result) == {"choose": "succeeded", "a": "succeeded", "end": "skipped"}


@pytest.mark.parametrize(("force", "state"), [(True, "succeeded"), (False, "skipped")])
def test_a_forced_start_node_runs_without_its_optional_links(force, state):
    nodes = [node("choose", Choose, defaults={"value": 1})]
    nodes.append(node("end", add, defaults={"a": 1}, force_start_node=force))

    result = run_graph(graph(nodes, [link("choose", "end", **when(2))]))

    assert states(result)["end"] == state


def test_an_error_branch_handles_the_failure():
    nodes = [node("bad", Fail, defaults={"a": 3}), node("after", Add), node("handler", error_text)]
    mapping = {"WorkflowException": "WorkflowException"}
    links = [link("bad", "after", {"total": "a"}), link("bad", "handler", mapping, on_error=True)]

    result = run_graph(graph(nodes, links))

    assert result.state == "succeeded"
    assert result.error is None
    assert states(result) == {"bad": "failed", "after": "skipped", "handler": "succeeded"}
    assert result.outputs == {"return_value": "the detector is\nupside down"}


def test_an_error_branch_is_skipped_after_a_success():
    nodes = [node("good", Add, defaults={"a": 1}), node("handler", error_text)]
    links = [link("good", "handler", {"WorkflowException": "WorkflowException"}, on_error=True)]

    result = run_graph(graph(nodes, links))

    assert states(result) == {"good": "succeeded", "handler": "skipped"}
    assert result.outputs == {"total": 1}


def test_an_error_link_carries_the_inputs_of_the_failed_node():
    nodes = [node("bad", Refuse, defaults={"a": 3}), node("handler", describe)]

    result = run_graph(graph(nodes, [link("bad", "handler", map_all_data=True, on_error=True)]))

    assert result.outputs == {"return_value": ["WorkflowException", "WorkflowExceptionInstance", "a"]}


def test_a_handler_that_fails_fails_the_run():
    nodes = [node("bad", Fail), node("handler", Fail)]

    result = run_graph(graph(nodes, [link("bad", "handler", on_error=True)]))

    assert result.state == "failed"
    assert result.error.node_id == "handler"


def test_a_failure_is_unhandled_if_its_handler_could_not_run():
    nodes = [node("bad", Fail), node("choose", Choose, defaults={"value": 1}), node("handler", describe)]
    links = [link("bad", "handler", on_error=True), link("choose", "handler", required=True, **when(2))]

    result = run_graph(graph(nodes, links))

    assert states(result)["handler"] == "skipped"
    assert (result.state, result.error.node_id) == ("failed", "bad")


def test_a_missing_input_is_an_error_that_a_graph_may_handle():
    nodes = [node("bad", Add), node("handler", error_text)]

    result = run_graph(graph(nodes, [link("bad", "handler", map_all_data=True, on_error=True)]))

    assert result.outputs == {"return_value": "node 'bad' (Add), input 'a': is required but was not given"}


def test_a_default_error_node_handles_any_failure():
    nodes = [node("good", Add, defaults={"a": 1}), node("bad", Fail), node("any", describe)]
    nodes[2] |= {"default_error_node": True}

    result = run_graph(graph(nodes, [link("good", "bad")]))

    assert states(result) == {"good": "succeeded", "bad": "failed", "any": "succeeded"}
    assert result.state == "succeeded"
