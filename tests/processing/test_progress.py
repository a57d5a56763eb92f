"""Progress is passed on about once a second, and the last of it always."""

from processing.progress import ThinnedProgress


class Clock:
    """Time that a test moves on."""

    now = 0.0

    def __call__(self):
        return self.now


def line(kind, step="it", progress=None):
    return {"kind": "step", "step": step, "type": kind, "progress": progress}


def passed_on(lines, *, step_s):
    """What comes out when a line comes every so many seconds."""
    clock, passed = Clock(), []
    thinned = ThinnedProgress(passed.append, clock=clock)
    for told in lines:
        thinned(told)
        clock.now += step_s
    return passed


def test_of_many_lines_in_a_second_the_first_and_the_last_are_passed_on():
    lines = [line("start"), *(line("progress", progress=n) for n in range(1, 101)), line("end")]

    assert passed_on(lines, step_s=0.001) == [lines[0], lines[1], lines[100], lines[-1]]


def test_a_long_step_is_told_once_a_second():
    lines = [line("progress", progress=n) for n in range(100)]

    passed = passed_on(lines, step_s=0.25)

    assert [told["progress"] for told in passed] == list(range(0, 100, 4))


def test_what_was_held_back_is_not_told_after_something_newer():
    lines = [line("progress", progress=n) for n in (1, 2, 3)] + [line("end")]

    passed = passed_on(lines, step_s=0.6)  # 0.0: passed, 0.6: held back, 1.2: passed

    assert [told["progress"] for told in passed] == [1, 3, None]


def test_steps_that_run_side_by_side_do_not_hold_each_other_back():
    lines = [line("progress", "a", 1), line("progress", "b", 2), line("end", "b"), line("end", "a")]

    assert passed_on(lines, step_s=0.001) == lines
