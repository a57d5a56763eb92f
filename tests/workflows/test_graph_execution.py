import itertools
import threading
import time

import numpy as np
import pytest
from workflow_samples import (
    Add,
    AppendOne,
    Choose,
    Endless,
    Fail,
    Forget,
    Meeting,
    Refuse,
    Task,
    Track,
    add,
    chain,
    diamond,
    graph,
    link,
    node,
)

from workflows import (
    Cancelled,
    CancelToken,
    ClosedList,
    GraphError,
    InputError,
    InputWarning,
    PolicyError,
    TaskError,
    WorkflowError,
    execute_graph,
    load_graph,
    run_graph,
)


def given(name, value, **selector):
    return {"name": name, "value": value, **selector}


def states(result):
    return {node_id: str(each.state) for node_id, each in result.nodes.items()}


def test_the_result_is_what_the_end_nodes_give():
    assert execute_graph(diamond()) == {"total": 112}


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_result_does_not_depend_on_the_order_or_the_workers(order):
    document = diamond()
    document["nodes"] = [document["nodes"][i] for i in order]

    results = [run_graph(document, max_workers=workers) for workers in (1, 2, 8)]

    for result in results:
        assert {node_id: each.outputs for node_id, each in result.nodes.items()} == {
            "top": {"total": 1},
            "left": {"total": 11},
            "right": {"total": 101},
            "bottom": {"total": 112},
        }


def test_independent_branches_run_at_the_same_time():
    document = graph([node("a", Meeting), node("b", Meeting)])

    result = run_graph(document, max_workers=2)

    assert states(result) == {"a": "succeeded", "b": "succeeded"}


def test_one_worker_runs_in_the_calling_thread():
    document = graph([{"id": "who", "task_type": "method", "task_identifier": "threading.get_ident"}])

    assert execute_graph(document) == {"return_value": threading.get_ident()}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_chain_of_ten_thousand_nodes_loads_and_runs(workers):
    result = run_graph(load_graph(chain(10_000)), max_workers=workers)

    assert result.outputs == {"total": 10_000}


def test_ten_thousand_nodes_are_skipped_after_a_failure():
    document = chain(10_000)
    document["nodes"][0] |= {"task_identifier": "workflow_samples.Fail", "default_inputs": []}

    result = run_graph(document)

    assert result.state == "failed"
    assert set(list(states(result).values())[1:]) == {"skipped"}


def test_values_of_links_come_before_execution_inputs_and_these_before_defaults():
    nodes = [node("a", Add, defaults={"a": 1, "b": 1}), node("b", Add, defaults={"a": 1000, "b": 1})]
    document = graph(nodes, [link("a", "b", {"total": "a"})])

    total = execute_graph(document, [given("b", 20, all=True), given("a", 5000, id="b")])

    assert total == {"total": 41}


def test_an_optional_link_comes_before_a_required_one():
    nodes = [node("late", Add, defaults={"a": 7}), node("a", Add, defaults={"a": 1}), node("c", Add)]
    links = [link("late", "c", {"total": "a"}, required=False), link("a", "c", {"total": "a"})]

    assert execute_graph(graph(nodes, links)) == {"total": 7}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"id": "left"}, (1 + 20) + (1 + 100)),
        ({"label": "Right side"}, (1 + 10) + (1 + 20)),
        ({"label": "Right side", "task_identifier": "Add"}, (1 + 10) + (1 + 20)),
        ({"task_identifier": "samples.Add"}, (1 + 20 + 20) + (1 + 20 + 20)),
        ({"all": True}, (1 + 20 + 20) + (1 + 20 + 20)),
        ({}, (1 + 20 + 10) + (1 + 20 + 100)),
    ],
)
def test_an_input_goes_to_the_nodes_that_it_selects(selector, expected):
    document = diamond()
    document["nodes"][2]["label"] = "Right side"

    total = execute_graph(document, [given("b", 20, **selector)])

    assert total == {"total": expected}


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (given("c", 1, id="left"), "node 'left' (Add), input 'c': there is no such input; known: 'a', 'b'"),
        (given("c", 1), "input 'c': none of the selected nodes has such an input; known: 'a', 'b'"),
        (given("a", 1, id="lef"), "there is no node 'lef'; did you mean 'left'?"),
        (given("a", 1, label="nobody"), "input 'a': none of the selected nodes has such an input"),
        (given("a", 1, node="left"), "unknown key 'node' beside ['name', 'node', 'value']"),
        ({"name": "a"}, "'value' is missing beside ['name']"),
    ],
)
def test_an_input_that_nobody_takes_is_refused(item, message):
    with pytest.raises(InputError) as refusal:
        run_graph(diamond(), [item], strict=True)

    assert refusal.value.message.startswith(message)


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        (None, {"total": 112}),
        ([], {}),
        ([{"all": False}], {"total": 112}),
        ([{"id": "left", "name": "total", "new_name": "sum"}], {"sum": 11}),
        ([{"id": "left"}, {"label": "right", "name": "total", "new_name": "r"}], {"total": 11, "r": 101}),
    ],
)
def test_outputs_are_selected_and_renamed(outputs, expected):
    assert execute_graph(diamond(), outputs=outputs) == expected


def test_outputs_may_be_kept_apart():
    outputs = execute_graph(diamond(), outputs=[{"all": True}], merge_outputs=False)

    assert outputs == {
        "top": {"total": 1},
        "left": {"total": 11},
        "right": {"total": 101},
        "bottom": {"total": 112},
    }


def test_an_input_that_a_task_class_does_not_have_is_warned_of_as_ewoks_does():
    with pytest.warns(InputWarning, match="node 'left' \\(Add\\), input 'c': there is no such input"):
        total = execute_graph(diamond(), [given("c", 1, id="left")])

    assert total == {"total": 112}


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"id": "lef"}, "there is no node 'lef'; did you mean 'left'?"),
        ({"name": "totl"}, "none of the selected nodes has an output 'totl'; did you mean 'total'?"),
        ({"nam": "total"}, "unknown key 'nam' beside ['nam']; did you mean 'name'?"),
    ],
)
def test_an_output_that_does_not_exist_is_refused_before_anything_runs(item, message):
    with pytest.raises(GraphError) as refusal:
        run_graph(graph([node("left", Fail)]), outputs=[item])

    assert refusal.value.message == message


def test_default_inputs_are_never_changed_by_a_task():
    items = [[0]]
    loaded = load_graph(graph([node("a", AppendOne, defaults={"items": items[0]})]))

    results = [execute_graph(loaded), execute_graph(loaded)]

    assert results == [{"items": [0, 1]}, {"items": [0, 1]}]
    assert loaded.nodes["a"].default_inputs == (("items", [0]),)


def test_execution_inputs_are_never_changed_by_a_task():
    items = [0]

    execute_graph(graph([node("a", AppendOne)]), [given("items", items)])

    assert items == [0]


def test_branches_do_not_share_the_list_that_they_are_given():
    nodes = [node("top", AppendOne, defaults={"items": []}), node("a", AppendOne), node("b", AppendOne)]
    links = [link("top", "a", {"items": "items"}), link("top", "b", {"items": "items"})]

    result = run_graph(graph(nodes, links))

    assert [result.nodes[name].outputs["items"] for name in ("top", "a", "b")] == [[1], [1, 1], [1, 1]]


def test_branches_do_not_share_the_set_that_they_are_given():
    given_value = {"done": {1}, "same": [{2}]}
    given_value["again"] = given_value["same"][0]
    nodes = [node("top", Choose, defaults={"value": given_value}), node("a", Choose)]

    received = execute_graph(graph(nodes, [link("top", "a", {"value": "value"})]))["value"]

    assert received == {"done": {1}, "same": [{2}], "again": {2}}
    assert received["done"] is not given_value["done"]
    assert received["same"][0] is received["again"] is not given_value["again"]


def test_arrays_are_handed_over_without_a_copy():
    given_value = {"frames": [np.zeros(3)]}
    document = graph([node("a", Choose, defaults={"value": given_value})])

    received = execute_graph(document)["value"]

    assert received["frames"][0] is given_value["frames"][0]
    assert received["frames"] is not given_value["frames"]


def test_a_failure_fails_the_run_and_skips_what_depends_on_it():
    nodes = [node("bad", Fail), node("after", Add), node("free", Add, defaults={"a": 1})]
    document = graph(nodes, [link("bad", "after", {"total": "a"})])

    result = run_graph(document)

    assert result.state == "failed"
    assert states(result) == {"bad": "failed", "after": "skipped", "free": "succeeded"}
    assert result.error is result.nodes["bad"].error
    assert result.nodes["bad"].started_at <= result.nodes["bad"].ended_at
    assert (result.nodes["after"].started_at, result.nodes["after"].error) == (None, None)
    assert result.outputs == {"total": 1}


def test_executing_a_graph_raises_the_error_of_its_node():
    with pytest.raises(TaskError, match="node 'bad' \\(Fail\\) failed") as failure:
        execute_graph(graph([node("bad", Fail)]))
    with pytest.raises(InputError, match="node 'picky' \\(Refuse\\), input 'a': must be positive"):
        execute_graph(graph([node("picky", Refuse)]))

    assert isinstance(failure.value.__cause__, ValueError)


def test_executing_a_graph_without_raising_returns_what_there_is():
    document = graph([node("bad", Fail), node("good", Add, defaults={"a": 1})])

    assert execute_graph(document, raise_on_error=False) == {"total": 1}


def test_a_missing_input_is_refused_before_anything_runs(tmp_path):
    touch = {"id": "touch", "task_type": "method", "task_identifier": "pathlib.Path.touch"}
    defaults = [{"name": "self", "value": tmp_path / "touched"}]
    document = graph([touch | {"default_inputs": defaults}, node("after", Add, defaults={"b": 1})])

    with pytest.raises(InputError) as refusal:
        run_graph(document)
    document["nodes"].pop()
    was_touched = (tmp_path / "touched").exists()
    run_graph(document)

    assert refusal.value.message == "node 'after' (Add), input 'a': is required but was not given"
    assert not was_touched
    assert (tmp_path / "touched").exists()


def test_an_output_that_does_not_exist_is_refused_with_a_suggestion():
    document = graph([node("a", Fail), node("b", Add)], [link("a", "b", {"totl": "a"})])

    with pytest.raises(GraphError) as refusal:
        run_graph(document)

    expected = "node 'a' (Fail) has no output 'totl', which the link to 'b' uses; did you mean 'total'?"
    assert refusal.value.message == expected


def test_an_input_that_does_not_exist_is_refused_at_the_end_of_a_link():
    document = graph([node("a", Fail), node("b", add)], [link("a", "b", {"total": "aa"})])

    with pytest.raises(InputError, match="node 'b' \\(add\\), input 'aa': there is no such input"):
        run_graph(document)


def test_an_output_that_was_not_set_fails_the_node_if_a_link_needs_it():
    nodes = [node("forgetful", Forget), node("after", Add)]

    result = run_graph(graph(nodes, [link("forgetful", "after", {"total": "a"})]))

    assert states(result) == {"forgetful": "failed", "after": "skipped"}
    assert result.error.message == (
        "node 'forgetful' (Forget) failed: it did not set its output 'total', which node 'after' needs"
    )


@pytest.mark.parametrize("defaults", [{"a": 1, "b": 5}, {"a": 1}])
def test_an_output_that_was_not_set_leaves_an_input_that_can_do_without(defaults):
    nodes = [node("forgetful", Forget), node("after", Add, defaults=defaults)]

    total = execute_graph(graph(nodes, [link("forgetful", "after", {"total": "b"})]))

    assert total == {"total": sum(defaults.values())}


def test_all_data_goes_to_the_inputs_of_the_same_name():
    nodes = [node("a", AppendOne, defaults={"items": []}), node("b", AppendOne)]

    assert execute_graph(graph(nodes, [link("a", "b", map_all_data=True)])) == {"items": [1, 1]}


def test_a_link_without_source_output_hands_over_all_outputs():
    nodes = [node("a", Add, defaults={"a": 1}), {"id": "b", "class": "workflow_samples.Choose"}]
    mapping = [{"target_input": "value"}]

    outputs = execute_graph(graph(nodes, [link("a", "b") | {"data_mapping": mapping}]))

    assert outputs == {"value": {"total": 1}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "loca"}, "there is no engine 'loca'; did you mean 'local'?"),
        ({"max_worker": 2}, "the engine 'local' has no option 'max_worker'; did you mean 'max_workers'?"),
        ({"varinfo": {"root_url": "x"}}, "varinfo has no key 'root_url'; did you mean 'root_uri'?"),
    ],
)
def test_what_is_not_known_is_refused_and_not_ignored(options, message):
    with pytest.raises(WorkflowError) as refusal:
        run_graph(diamond(), **options)

    assert refusal.value.message == message


def test_an_event_handler_is_imported_only_where_any_task_may_be():
    handlers = [{"class": "subprocess.Popen", "arguments": [{"name": "args", "value": ["true"]}]}]

    with pytest.raises(PolicyError, match="subprocess"):
        run_graph(diamond(), execinfo={"handlers": handlers}, policy=ClosedList(["workflow_samples.Add"]))


def test_outputs_that_nobody_needs_any_more_are_let_go():
    document = chain(3)
    for item in document["nodes"]:
        item["task_identifier"] = "workflow_samples.Track"
        item["default_inputs"] = []
    links = [link(f"n{i}", f"n{i + 1}", {"made": "before"}) for i in range(2)]

    execute_graph({**document, "links": links})

    assert Track.alive == [0, 1, 1]


def test_harmless_options_of_ewoks_are_accepted():
    result = run_graph(diamond(), varinfo={"root_uri": ""}, execinfo={"job_id": "j1"})

    assert (result.state, result.job_id) == ("succeeded", "j1")


def test_a_task_that_cannot_be_made_is_a_failure_of_its_node():
    class Unmakeable(Task):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            raise OSError("no licence")

    result = run_graph(graph([node("a", Unmakeable)]))

    assert result.error.message == "node 'a' (Unmakeable) failed: OSError: no licence"
    assert isinstance(result.error.__cause__, OSError)


def test_task_options_reach_every_task():
    class Options(Task, output_names=["options"]):
        def run(self):
            self.outputs.options = self.options

    outputs = execute_graph(graph([node("a", Options)]), task_options={"profile_directory": "p"})

    assert outputs == {"options": {"profile_directory": "p"}}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_is_cancelled_in_the_middle(workers):
    Endless.running.clear()
    token = CancelToken()
    nodes = [node("first", Add, defaults={"a": 1}), node("loop", Endless), node("after", Add)]
    document = graph(nodes, [link("first", "loop"), link("loop", "after", {"total": "a"})])

    def cancel_soon():
        Endless.running.wait(timeout=20)
        token.cancel()

    thread = threading.Thread(target=cancel_soon)
    thread.start()
    result = run_graph(document, cancel=token, max_workers=workers)
    thread.join()

    assert result.state == "cancelled"
    assert states(result) == {"first": "succeeded", "loop": "cancelled", "after": "cancelled"}
    assert result.error.message == "the workflow was cancelled: 1 of 3 nodes had succeeded"


def test_nothing_starts_in_a_run_that_was_cancelled_before():
    token = CancelToken()
    token.cancel()

    result = run_graph(diamond(), cancel=token)

    assert set(states(result).values()) == {"cancelled"}
    with pytest.raises(Cancelled):
        execute_graph(diamond(), cancel=token)


def test_cancelling_calls_the_cancel_method_of_a_running_task():
    class Waiting(Task):
        """Wait for something that only its own ``cancel`` ends."""

        process = threading.Event()

        def cancel(self):
            super().cancel()
            self.process.set()

        def run(self):
            running.set()
            Waiting.was_ended = self.process.wait(timeout=20)
            self.check_cancelled()

    running = threading.Event()
    token = CancelToken()
    thread = threading.Thread(target=lambda: (running.wait(timeout=20), token.cancel()))

    thread.start()
    result = run_graph(graph([node("wait", Waiting)]), cancel=token)
    thread.join()

    assert states(result) == {"wait": "cancelled"}
    assert Waiting.was_ended


def test_a_pool_stops_its_tasks_when_the_caller_is_interrupted():
    Endless.running.clear()
    document = graph([node("loop", Endless), node("interrupt", Add, defaults={"a": 1})])

    def interrupt(event):
        if event.node_id == "interrupt" and event.type == "end":
            Endless.running.wait(timeout=20)
            raise KeyboardInterrupt

    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_graph(document, events=[interrupt], max_workers=2)

    assert time.monotonic() - begin < 20


def test_at_least_one_worker_is_needed():
    with pytest.raises(ValueError, match="max_workers"):
        run_graph(diamond(), max_workers=0)
