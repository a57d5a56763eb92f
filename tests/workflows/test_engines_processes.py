import gc
import os
import threading
import time
from pathlib import Path

import pytest
from engine_samples import (
    Deaf,
    Die,
    Hold,
    Patient,
    RaiseLocal,
    RaiseStrict,
    StrictError,
    process_id,
    trace,
    variable,
)
from workflow_samples import Add, Halfway, add, graph, link, node

from tests.processes import children, is_running, still_running
from workflows import CancelToken, InputError, UnsupportedError, run_graph

ERROR = {name: name for name in ("WorkflowException", "WorkflowExceptionInstance")}


def run(nodes, links=(), **options):
    return run_graph(graph(nodes, links), **{"pool": "process", **options})


def states(result):
    return {node_id: str(each.state) for node_id, each in result.nodes.items()}


def value(result, node_id):
    return result.nodes[node_id].outputs["return_value"]


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_tasks_run_in_another_process_which_is_used_again(method):
    result = run([node("a", process_id), node("b", process_id)], start_method=method)

    assert value(result, "a") == value(result, "b")
    assert value(result, "a") != os.getpid()


def test_a_node_chooses_where_it_runs():
    nodes = [node("here", process_id), node("there", process_id, run_in="process")]

    result = run(nodes, pool="thread", max_workers=2)

    assert value(result, "here") == os.getpid()
    assert value(result, "there") != os.getpid()


def test_a_fork_is_refused_since_it_may_hang():
    with pytest.raises(UnsupportedError, match="start_method is forkserver or spawn, not 'fork'"):
        run([node("a", process_id)], start_method="fork")


def test_a_process_has_the_environment_of_the_run(monkeypatch):
    monkeypatch.setenv("REPRISE_TEST_VARIABLE", "set just now")

    result = run([node("a", variable, defaults={"name": "REPRISE_TEST_VARIABLE"})])

    assert result.outputs == {"return_value": "set just now"}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("SIGKILL", "its process was killed by SIGKILL before the task had ended"),
        ("SIGSEGV", "its process was killed by SIGSEGV before the task had ended"),
        ("exit", "its process ended with the exit status 3 before the task had ended"),
    ],
)
def test_a_process_that_dies_fails_its_node_and_no_other(how, message):
    nodes = [node("dies", Die, defaults={"how": how}), node("after", add, defaults={"a": 1})]
    nodes += [node(f"other{i}", add, defaults={"a": i}) for i in range(3)]

    result = run(nodes, [link("dies", "after")], max_workers=2)

    assert result.error.message == f"node 'dies' (Die) failed: {message}"
    assert isinstance(result.error.__cause__, ChildProcessError)
    others = dict.fromkeys(("other0", "other1", "other2"), "succeeded")
    assert states(result) == {"dies": "failed", "after": "skipped", **others}


def test_an_error_handler_may_handle_a_process_that_dies():
    links = [link("dies", "handler", ERROR, on_error=True)]

    result = run([node("dies", Die, defaults={"how": "exit"}), node("handler", trace)], links)

    assert result.state == "succeeded"
    assert value(result, "handler")[0] == "ChildProcessError"


def test_an_input_that_cannot_be_sent_fails_its_node_with_a_sentence():
    nodes = [node("hold", Hold, run_in="thread"), node("take", add), node("other", add, defaults={"a": 1})]

    result = run(nodes, [link("hold", "take", {"lock": "a"})])

    assert states(result) == {"hold": "succeeded", "take": "failed", "other": "succeeded"}
    assert "its input 'a' (lock) cannot be sent to another process" in result.error.message


def test_an_output_that_cannot_be_sent_fails_its_node_with_a_sentence():
    result = run([node("hold", Hold), node("other", add, defaults={"a": 1})])

    assert states(result) == {"hold": "failed", "other": "succeeded"}
    assert "its output 'lock' (lock) cannot be sent to another process" in result.error.message


def test_a_task_option_that_cannot_be_sent_is_named():
    result = run([node("a", add, defaults={"a": 1})], task_options={"guard": threading.Lock()})

    assert "its task option 'guard' (lock) cannot be sent" in result.error.message


def test_an_exception_that_cannot_be_sent_has_a_stand_in_with_the_same_text():
    nodes = [node("bad", RaiseLocal), node("handler", trace)]

    result = run(nodes, [link("bad", "handler", ERROR, on_error=True)])

    kind, text, trace_text = value(result, "handler")
    assert (kind, text) == ("StandInError", "the shutter is closed")
    assert "raise LocalError" in trace_text
    assert result.nodes["bad"].error.text == "LocalError: the shutter is closed"


def test_an_error_of_an_own_class_keeps_what_the_engine_knows_of_it():
    result = run([node("bad", RaiseStrict)])

    error = result.error
    assert isinstance(error, InputError)
    assert not isinstance(error, StrictError)
    assert error.message == "node 'bad' (RaiseStrict), input 'a': is above 3"
    assert (error.node_id, error.input_name) == ("bad", "a")


def test_progress_comes_back_while_the_task_runs():
    events = []

    run([node("half", Halfway)], events=[events.append])

    told = [(event.type, event.progress) for event in events if event.context == "node"]
    assert told == [("start", None), ("progress", 50), ("progress", 100), ("end", None)]


def test_cancelling_calls_cancel_in_the_process():
    token = CancelToken()

    def stop(event):
        if event.type == "progress":
            token.cancel()

    result = run([node("a", Patient)], cancel=token, events=[stop])

    assert states(result) == {"a": "cancelled"}
    assert result.nodes["a"].error.message == "cancelled"


def test_a_task_that_hears_nothing_is_killed_with_its_processes(tmp_path):
    token = CancelToken()

    def stop(event):
        if event.type == "progress":
            token.cancel()

    nodes = [node("deaf", Deaf, defaults={"folder": str(tmp_path)})]
    result = run(nodes, cancel=token, events=[stop], grace_s=0.2)

    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert states(result) == {"deaf": "cancelled"}
    assert result.nodes["deaf"].error.message == "it did not stop by itself and was killed"
    assert still_running(pids, within_s=5) == []


@pytest.mark.parametrize("task", [Patient, Deaf])
def test_a_process_that_takes_too_long_fails_its_node(task, tmp_path):
    nodes = [node("slow", task, timeout=0.2), node("other", add, defaults={"a": 1})]
    if task is Deaf:
        nodes[0]["default_inputs"] = [{"name": "folder", "value": str(tmp_path)}]

    result = run(nodes, grace_s=0.2)

    assert states(result) == {"slow": "failed", "other": "succeeded"}
    name = task.__name__
    assert result.error.message == f"node 'slow' ({name}) failed: it took longer than its time limit of 0.2 s"
    assert isinstance(result.error.__cause__, TimeoutError)


def test_processes_end_with_the_run():
    before = set(children(os.getpid()))

    pid = value(run([node("a", process_id)]), "a")

    assert still_running([pid], within_s=5) == []
    gc.collect()
    assert set(children(os.getpid())) - before <= set(_servers_of_multiprocessing())


def test_a_process_ends_with_its_parent(tmp_path):
    """The parent dies by force, so that nobody can tell the process."""
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from engine_samples import Deaf
from workflow_samples import graph, node
from workflows import run_graph
if __name__ == "__main__":
    run_graph(graph([node("deaf", Deaf, defaults={{"folder": {str(tmp_path)!r}}})]), pool="process")
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    import subprocess
    import sys

    paths = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parent)])
    parent = subprocess.Popen([sys.executable, script], env=os.environ | {"PYTHONPATH": paths})
    pids = tmp_path / "pids"
    deadline = time.monotonic() + 20
    while not (pids.exists() and pids.read_text().count(" ")) and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = [int(pid) for pid in pids.read_text().split()]
    assert all(map(is_running, workers))

    parent.kill()
    parent.wait()

    assert still_running(workers, within_s=10) == []


def _servers_of_multiprocessing():
    """The fork server and the resource tracker, which Python keeps for later."""
    from multiprocessing import forkserver, resource_tracker

    return [forkserver._forkserver._forkserver_pid, resource_tracker._resource_tracker._pid]


def test_a_loop_of_a_thousand_small_tasks_does_not_start_a_thousand_processes():
    nodes = [node(f"n{i}", process_id) for i in range(100)]

    result = run(nodes, max_workers=2)

    assert len({value(result, f"n{i}") for i in range(100)}) <= 2
    assert result.state == "succeeded"


def test_numbers_survive_the_journey():
    result = run([node("a", Add, defaults={"a": 10**30, "b": 1})])

    assert result.outputs == {"total": 10**30 + 1}
