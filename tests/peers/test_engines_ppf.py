import os
import signal
import threading

import pytest

from tests.peers.engine_suite import conformance, engine_samples, samples
from tests.processes import still_running
from workflows import CancelToken, UnsupportedError, run_graph

pytest.importorskip("pypushflow")
# Python warns of forks in processes with threads; these pools fork unless they are told not to.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

PROCESSES = ("process", "ndprocess", "multiprocessing", "ndmultiprocessing", "billiard")


@pytest.mark.parametrize("pool_type", ["thread", *PROCESSES])
@pytest.mark.parametrize("case", conformance.CASES)
def test_each_pool_gives_what_every_engine_gives(case, pool_type):
    conformance.check(case, engine="ppf", pool_type=pool_type, scaling_workers=False, max_workers=2)


@pytest.mark.parametrize("case", conformance.CASES)
def test_a_pool_for_each_node_gives_what_every_engine_gives(case):
    conformance.check(case, engine="ppf")


def test_the_start_method_is_a_choice():
    options = {"context": "spawn"}

    result = run_graph(samples.diamond(), engine="ppf", pool_options=options, scaling_workers=False)

    assert result.outputs == {"total": 112}


@pytest.mark.parametrize(
    ("pool_type", "scaling"), [(name, scaling) for name in PROCESSES[:4] for scaling in (True, False)]
)
def test_a_process_that_dies_fails_its_node(pool_type, scaling):
    nodes = [
        samples.node("dies", engine_samples.Die, defaults={"how": "SIGKILL"}),
        samples.node("after", samples.Add, defaults={"a": 1}),
        samples.node("handler", engine_samples.trace),
    ]
    links = [conformance.on_error("dies", "handler"), samples.link("handler", "after")]

    result = run_graph(
        samples.graph(nodes, links), engine="ppf", pool_type=pool_type, scaling_workers=scaling, max_workers=1
    )

    assert "its process died before the task had ended" in result.nodes["dies"].error.message
    assert result.outputs == {"total": 1}


@pytest.mark.parametrize("pool_type", PROCESSES[:4])
def test_a_task_that_hears_nothing_is_killed_at_the_end(pool_type, tmp_path):
    token = CancelToken()
    nodes = [samples.node("deaf", engine_samples.Stubborn), samples.node("after", samples.Add)]
    document = samples.graph(nodes, [samples.link("deaf", "after", {"total": "a"})])

    def stop(event):
        if event.type == "progress":
            token.cancel()

    result = run_graph(
        document, engine="ppf", pool_type=pool_type, cancel=token, events=[stop], forced_interruption=True
    )

    assert {str(each.state) for each in result.nodes.values()} == {"cancelled"}
    assert "was given up" in result.nodes["deaf"].error.message


def test_a_signal_cancels_the_run():
    def stop(event):
        if event.type == "start" and event.node_id == "loop":
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    document = samples.graph([samples.node("loop", samples.Endless)])

    result = run_graph(document, engine="ppf", events=[stop], stop_on_signals=True)

    assert result.state == "cancelled"
    assert signal.getsignal(signal.SIGTERM) is before


def test_processes_end_with_the_run():
    nodes = [samples.node(f"n{i}", engine_samples.process_id) for i in range(4)]

    result = run_graph(samples.graph(nodes), engine="ppf", outputs=[{"all": True}], merge_outputs=False)

    pids = {outputs["return_value"] for outputs in result.outputs.values()}
    assert len(pids) == 4
    assert still_running(pids, within_s=5) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"startargs": {"a": 1}}, "startargs are not supported: give them as 'inputs'"),
        ({"db_options": {"db_type": "mongo"}}, "db_options are not supported: give 'events'"),
        ({"pool_type": "proces"}, "there is no pool type 'proces'"),
        ({"pool_type": "gevent"}, "the pool type 'gevent' requires 'gevent'"),
        ({"pool_options": {"contxt": "spawn"}}, "pools have no option 'contxt'"),
    ],
)
def test_what_has_no_meaning_here_is_refused_by_name(options, message):
    with pytest.raises(UnsupportedError) as caught:
        run_graph(samples.diamond(), engine="ppf", **options)

    assert caught.value.message.startswith(message)


def test_signals_are_for_the_main_thread_only():
    raised = []

    def run():
        try:
            run_graph(samples.diamond(), engine="ppf", stop_on_signals=True)
        except UnsupportedError as error:
            raised.append(error.message)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert raised == ["stop_on_signals works in the main thread only"]
