"""Tasks of packages that are not installed are run by those that an installed package announces instead."""

import sys

import pytest
from package_samples import announce_replacement, install, see_only
from workflow_samples import graph

from workflows import (
    ClosedList,
    GraphError,
    InstalledTasks,
    PolicyError,
    Task,
    execute_graph,
    find_problems,
    run_graph,
)
from workflows.catalog.replacements import SWITCH, running_identifier
from workflows.catalog.resolve import resolve_task

MINE, OTHER = "mine_sample.tasks.fit", "other_sample.tasks.fit"
TASKS = """
from workflows import Task

class Peak(Task, input_names=["x"], output_names=["where"]):
    def run(self):
        self.outputs.where = f"{self.inputs.x} in {__name__}"

def area(x):
    return f"{x} in {__name__}"
"""


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Install one package that stands in for another one, and that one as well if asked for."""

    def write(*, other=None, alone=True):
        for known in (sys.modules, Task.registered):
            for name in [name for name in known if name.startswith(("mine_sample", "other_sample"))]:
                monkeypatch.delitem(known, name)
        monkeypatch.delenv(SWITCH, raising=False)
        modules = {MINE: TASKS} | ({OTHER: other} if other is not None else {})
        install(tmp_path, modules, [("tasks.class", "mine_sample.tasks.*")])
        announce_replacement(tmp_path, "other_sample.tasks", "mine_sample.tasks")
        if alone:
            see_only(tmp_path, monkeypatch)
        else:
            monkeypatch.syspath_prepend(tmp_path)

    return write


def document(identifier=f"{OTHER}.Peak", task_type="class"):
    return graph([{"id": "n", "task_type": task_type, "task_identifier": identifier}])


def run(source, **options):
    return run_graph(source, [{"name": "x", "value": 1}], **options)


@pytest.mark.parametrize("options", [{}, {"pool": "process", "max_workers": 2}], ids=["here", "processes"])
def test_a_task_of_a_missing_package_runs_as_the_one_that_replaces_it(packages, options):
    packages(alone=False)  # another process needs the packages of the engine

    assert run(document(), **options).nodes["n"].outputs == {"where": f"1 in {MINE}"}
    assert execute_graph(document(f"{OTHER}.area", "method"), [{"name": "x", "value": 2}]) == {
        "return_value": f"2 in {MINE}"
    }


def test_an_installed_package_is_not_replaced_unless_that_is_asked_for(packages, monkeypatch):
    packages(other=TASKS)

    assert run(document()).nodes["n"].outputs == {"where": f"1 in {OTHER}"}

    monkeypatch.setenv(SWITCH, "always")
    assert run(document()).nodes["n"].outputs == {"where": f"1 in {MINE}"}


def test_replacing_can_be_switched_off(packages, monkeypatch):
    packages()
    monkeypatch.setenv(SWITCH, "never")

    with pytest.raises(GraphError, match=f"no task '{OTHER}.Peak'"):
        resolve_task("class", f"{OTHER}.Peak")


def test_a_wrong_switch_is_refused_in_a_sentence(packages, monkeypatch):
    packages()
    monkeypatch.setenv(SWITCH, "alway")

    assert find_problems(document()) == [
        f"node 'n': {SWITCH} is 'alway', not missing, always or never; did you mean 'always'?"
    ]


def test_a_package_that_is_there_but_broken_shows_its_error(packages):
    packages(other="1 / 0")

    with pytest.raises(GraphError, match=f"cannot import '{OTHER}': ZeroDivisionError"):
        resolve_task("class", f"{OTHER}.Peak")


def test_a_task_that_has_no_replacement_is_told_with_both_names(packages):
    packages()

    with pytest.raises(
        GraphError,
        match=f"task '{OTHER}.Peek' is replaced here: there is no task '{MINE}.Peek'; did you mean 'Peak'",
    ):
        resolve_task("class", f"{OTHER}.Peek")


def test_the_graph_keeps_its_identifier_and_events_name_the_task_that_ran(packages):
    packages()
    source, events = document(), []

    result = run(source, events=[events.append])

    assert source["nodes"][0]["task_identifier"] == f"{OTHER}.Peak"
    assert result.state == "succeeded"
    assert {event.task_identifier for event in events if event.context == "node"} == {f"{MINE}.Peak"}


@pytest.mark.parametrize("listed", [f"{OTHER}.Peak", f"{MINE}.Peek"])
def test_a_closed_list_must_name_the_task_that_runs(packages, listed):
    packages()

    with pytest.raises(PolicyError, match=f"task '{MINE}.Peak' \\(class\\) is not allowed here"):
        run(document(), policy=ClosedList([listed]))
    assert MINE not in sys.modules
    assert run(document(), policy=ClosedList([f"{MINE}.Peak"])).state == "succeeded"


def test_a_closed_list_that_names_the_replacement_does_not_allow_the_installed_package(packages):
    packages(other=TASKS)

    with pytest.raises(PolicyError, match=f"task '{OTHER}.Peak'"):
        run(document(), policy=ClosedList([f"{MINE}.Peak"]))
    assert OTHER not in sys.modules


def test_installed_tasks_are_allowed_as_replacements(packages):
    packages()

    assert run(document(), policy=InstalledTasks()).state == "succeeded"
    with pytest.raises(PolicyError):
        run(document("other_sample.tasks.fit._Peak"), policy=InstalledTasks())


@pytest.mark.parametrize(
    ("task_type", "identifier"),
    [
        ("class", "other_sample.fit.Peak"),
        ("class", "other_sample.tasks_of_mine.Peak"),
        ("class", "Peak"),
        ("script", "other_sample.tasks.fit"),
        ("notebook", "other_sample.tasks.ipynb"),
    ],
)
def test_nothing_else_is_replaced(packages, task_type, identifier):
    packages()

    assert running_identifier(task_type, identifier) == identifier
