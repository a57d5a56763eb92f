"""Work in forked processes: in order, bounded, and nothing is left behind however it ends."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from processing.parallel import in_order, usable_cpus
from tests.processes import children, is_running, still_running
from workflows import InputError

REPOSITORY = Path(__file__).parents[2]


def slow_for_even(item):
    time.sleep(0.02 if item % 2 == 0 else 0)
    return item, os.getpid()


def test_results_come_in_the_order_of_the_items_and_from_several_processes():
    results = list(in_order(slow_for_even, range(20), n_processes=3))

    assert [item for item, _ in results] == list(range(20))
    pids = {pid for _, pid in results}
    assert len(pids) == 3
    assert os.getpid() not in pids
    assert not any(map(is_running, pids))


def test_items_are_taken_only_as_results_are_used():
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    with closing(in_order(slow_for_even, items(), n_processes=2)) as results:
        for used, _ in enumerate(results, start=1):
            assert len(taken) <= used + 4
    assert len(taken) == 100


def test_nothing_to_do_is_no_result():
    assert list(in_order(slow_for_even, [], n_processes=2)) == []


def test_an_error_arrives_as_it_was_and_after_the_results_before_it():
    def work(item):
        if item == 5:
            raise InputError("frame 5 is damaged", input_name="filename")
        return item

    results, came = in_order(work, range(9), n_processes=2), []
    with pytest.raises(InputError, match="frame 5 is damaged") as caught:
        came.extend(results)
    assert caught.value.input_name == "filename"


def test_an_error_that_cannot_be_sent_is_described():
    class Local(Exception):
        pass

    def work(item):
        raise Local("lost")

    with pytest.raises(RuntimeError, match="Local: lost"):
        list(in_order(work, [1], n_processes=1))


def test_a_killed_process_is_a_clear_error_and_takes_the_others_along():
    def work(item):
        if item == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)
        return os.getpid()

    pids = set()
    results = in_order(work, range(100), n_processes=2)
    with pytest.raises(ChildProcessError, match="was killed by SIGKILL"):
        pids.update(results)
    assert not any(map(is_running, pids))


def test_a_process_that_ends_by_itself_is_an_error():
    with pytest.raises(ChildProcessError, match="ended by itself, with code 7"):
        list(in_order(lambda _: os._exit(7), range(3), n_processes=2))


def test_what_the_check_raises_ends_everything_at_once():
    def check():
        if time.monotonic() > started + 0.3:
            raise KeyboardInterrupt

    started = time.monotonic()
    before = set(children(os.getpid()))
    with pytest.raises(KeyboardInterrupt):
        list(in_order(time.sleep, [60, 60, 60], n_processes=2, check=check))

    assert time.monotonic() - started < 10
    assert set(children(os.getpid())) == before


def test_processes_die_with_a_parent_that_is_killed():
    program = """
import os, time
from processing.parallel import in_order
def work(item):
    time.sleep(0 if item < 2 else 60)
    return os.getpid()
for pid in in_order(work, range(9), n_processes=2):
    print(pid, flush=True)
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as parent:
        parent.stdout.readline()
        started = children(parent.pid)
        parent.kill()

    assert len(started) == 2
    assert still_running(started, within_s=10) == []


def test_only_the_processors_of_this_process_count():
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert usable_cpus() == 1
    finally:
        os.sched_setaffinity(0, allowed)
