import time

import pytest
from engine_samples import Overlap, Patient
from workflow_samples import Add, diamond, graph, node

from workflows import GraphError, Task, UnsupportedError, run_graph


def overlaps(tmp_path, needs, **options):
    """Run a node for each item of ``needs``, and return who ran together."""
    nodes = [
        node(name, Overlap, defaults={"folder": str(tmp_path), "name": name}, resources=resources)
        for name, resources in needs.items()
    ]
    result = run_graph(graph(nodes), max_workers=4, **options)
    assert result.state == "succeeded"
    together = {name: set(result.nodes[name].outputs["others"]) for name in needs}
    return {frozenset((name, other)) for name, others in together.items() for other in others}


def pairs(*names):
    return {frozenset(pair.split("+")) for pair in names}


def test_nodes_that_need_the_same_gpu_run_one_after_the_other(tmp_path):
    needs = {"a": {"gpus": 1}, "b": {"gpus": 1}, "c": {}}

    assert not overlaps(tmp_path, needs, resources={"gpus": 1}) & pairs("a+b")


def test_cpus_are_as_many_as_workers(tmp_path):
    assert not overlaps(tmp_path, {"a": {"cpus": 3}, "b": {"cpus": 2}}) & pairs("a+b")


def test_a_node_that_needs_more_than_there_is_runs_alone(tmp_path, caplog):
    needs = {"a": {}, "big": {"memory_mb": 2000}, "b": {}, "c": {}}

    together = overlaps(tmp_path, needs, resources={"memory_mb": 1000})

    assert not any("big" in pair for pair in together)
    assert "Node 'big' needs more than there is (1 cpus, 2000 memory_mb): it runs alone" in caplog.text


def test_resources_without_a_total_are_unlimited(tmp_path):
    needs = {name: {"gpus": 10} for name in ("a", "b")}

    assert overlaps(tmp_path, needs) >= set()


@pytest.mark.parametrize("pool", ["thread", "process"])
def test_the_result_does_not_depend_on_resources(pool):
    document = diamond()
    for each, cpus in zip(document["nodes"], (1, 2, 9, 3), strict=True):
        each["resources"] = {"cpus": cpus}

    assert run_graph(document, max_workers=3, pool=pool).outputs == {"total": 112}


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            {"run_in": "proces"},
            "node 'a': run_in is 'thread' or 'process', not 'proces'",
        ),
        ({"run_in": 1}, "node 'a': run_in is 'thread' or 'process', not 1"),
        ({"resources": [1]}, "node 'a': resources are amounts by name"),
        ({"resources": {"cpu": 1}}, "node 'a': resources: there is no resource 'cpu'"),
        ({"resources": {"cpus": -1}}, "node 'a': resources: cpus is a number from 0, not -1"),
        ({"resources": {"cpus": float("nan")}}, "node 'a': resources: cpus is a number from 0, not nan"),
        ({"resources": {"cpus": 10**400}}, "node 'a': resources: cpus is a number from 0"),
        ({"timeout": 0}, "node 'a': timeout is a number of seconds above 0, not 0"),
        ({"timeout": True}, "node 'a': timeout is a number of seconds above 0, not True"),
        ({"timeout": "1"}, "node 'a': timeout is a number of seconds above 0, not '1'"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(attributes, message):
    with pytest.raises(GraphError) as caught:
        run_graph(graph([node("a", Add, defaults={"a": 1}, **attributes)]))

    assert caught.value.message.startswith(message)


@pytest.mark.parametrize("options", [{"pool": "fork"}, {"resources": {"disks": 1}}, {"node_timeout": -1}])
def test_an_option_that_makes_no_sense_is_refused(options):
    with pytest.raises(UnsupportedError):
        run_graph(diamond(), **options)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_thread_that_takes_too_long_is_asked_to_stop_and_has_failed(workers):
    nodes = [node("slow", Patient, timeout=0.1), node("other", Add, defaults={"a": 1})]

    result = run_graph(graph(nodes), max_workers=workers)

    assert (result.nodes["slow"].state, result.nodes["other"].state) == ("failed", "succeeded")
    expected = "node 'slow' (Patient) failed: it took longer than its time limit of 0.1 s"
    assert result.error.message == expected


class Slow(Task, output_names=["total"]):
    def run(self):
        time.sleep(0.3)
        self.outputs.total = 1


def test_a_thread_that_does_not_hear_has_failed_although_it_came_to_its_end():
    result = run_graph(graph([node("slow", Slow)]), node_timeout=0.1)

    assert (result.state, result.nodes["slow"].outputs) == ("failed", {})


def test_a_time_limit_that_is_kept_changes_nothing():
    assert run_graph(diamond(), node_timeout=60).outputs == {"total": 112}
