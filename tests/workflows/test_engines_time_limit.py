import threading

import pytest
from workflow_samples import Endless, diamond, graph, node

from workflows import CancelToken, State, load_graph, make_plan
from workflows.engines.local import run_local
from workflows.errors import GraphError
from workflows.events import EventStream
from workflows.running.calls import RunContext
from workflows.running.run import Run
from workflows.running.time_limit import TimeLimit


def run_within(document, seconds, cancel):
    with TimeLimit(seconds, cancel) as limit:
        plan = make_plan(load_graph(document))
        run = Run(plan, RunContext(stream=EventStream((), workflow_id="sample"), token=limit.token))
        run_local(run)
        return limit.judge(*run.finish())


def test_a_run_that_takes_too_long_is_cancelled_and_has_failed():
    cancel = CancelToken()

    state, error = run_within(graph([node("loop", Endless)]), 0.1, cancel)

    assert (state, error.code) == (State.FAILED, "timed_out")
    assert error.message == "the workflow took longer than its time limit of 0.1 s"
    assert not cancel.cancelled


def test_a_run_that_is_fast_enough_is_judged_as_it_was():
    assert run_within(diamond(), 60, CancelToken()) == (State.SUCCEEDED, None)


@pytest.mark.parametrize("seconds", [None, 60])
def test_the_caller_can_cancel_a_run_with_a_time_limit(seconds):
    cancel = CancelToken()
    Endless.running.clear()
    thread = threading.Thread(target=lambda: (Endless.running.wait(20), cancel.cancel()))
    thread.start()

    state, _ = run_within(graph([node("loop", Endless)]), seconds, cancel)

    thread.join()
    assert state is State.CANCELLED


def test_what_failed_before_the_time_was_over_is_kept_as_the_cause():
    limit = TimeLimit(0.01, CancelToken())
    with limit:
        expired = threading.Event()
        with limit.token.calling(expired.set):
            assert expired.wait(20)
    failure = GraphError("the detector is upside down")

    state, error = limit.judge(State.FAILED, failure)

    assert (state, error.code, error.__cause__) == (State.FAILED, "timed_out", failure)
