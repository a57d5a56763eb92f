import sys

import pytest
import workflow_samples
from package_samples import install, see_only
from workflow_samples import Add, graph, node

from workflows import (
    AnyTask,
    ClosedList,
    GraphError,
    PolicyError,
    discover_tasks,
    execute_graph,
    find_problems,
    run_graph,
)
from workflows.catalog.discovery import describe_module
from workflows.catalog.resolve import resolve_task


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install a package of modules that announces ``(task type, pattern)`` pairs, and no other."""

    def write(modules, announced):
        for name in modules:
            monkeypatch.delitem(sys.modules, name, raising=False)
        install(tmp_path, modules, [(f"tasks.{kind}", key) for kind, key in announced])
        see_only(tmp_path, monkeypatch)

    return write


TASKS = """
from os.path import join
from workflows import Task

class Integrate1Dim(Task, input_names=["image"], optional_input_names=["mask"], output_names=["radial"]):
    '''Integrate an image.

    More words.
    '''

class _Hidden(Task): pass
class Unregistered(Task, register=False): pass

def save_curve(path, overwrite=False):
    '''Save a curve.'''

def _private(): pass
"""


@pytest.mark.parametrize(
    ("task_type", "identifier"), [("method", "os.system"), ("method", "builtins.eval"), ("class", "mine.T")]
)
def test_a_closed_list_refuses_everything_else(task_type, identifier):
    document = graph([{"id": "x", "task_type": task_type, "task_identifier": identifier}])

    with pytest.raises(PolicyError) as refusal:
        execute_graph(document, policy=ClosedList(["workflow_samples.Add"]))

    assert refusal.value.message == f"node 'x': task {identifier!r} ({task_type}) is not allowed here"
    assert (refusal.value.code, refusal.value.node_id) == ("not_allowed", "x")


def test_nothing_is_imported_before_every_task_is_allowed(package):
    package({"exploding_import": "raise SystemExit('imported')"}, [])
    document = graph(
        [
            {"id": "good", "task_type": "method", "task_identifier": "exploding_import.go"},
            {"id": "bad", "task_type": "method", "task_identifier": "os.system"},
        ]
    )

    with pytest.raises(PolicyError):
        execute_graph(document, policy=ClosedList(["exploding_import.go"]))

    assert "exploding_import" not in sys.modules


@pytest.mark.parametrize(
    "identifier", ["Add", "workflow_samples.add.x", "workflow_samples", "workflow_samples.Add "]
)
def test_a_closed_list_is_compared_letter_by_letter(identifier):
    with pytest.raises(PolicyError):
        ClosedList(["workflow_samples.Add"]).check(task_type="class", task_identifier=identifier)


def test_a_closed_list_is_not_one_text():
    with pytest.raises(TypeError):
        ClosedList("workflow_samples.Add")
    with pytest.raises(TypeError):
        ClosedList([], programs="convert.sh")


@pytest.mark.parametrize("task_type", ["script", "notebook"])
def test_a_program_is_listed_apart_from_tasks(task_type):
    policy = ClosedList(["mine.Task"], programs=["convert.sh -v"])

    policy.check(task_type=task_type, task_identifier="convert.sh -v")
    for refused in ("convert.sh", "convert.sh -v -f", "mine.Task"):
        with pytest.raises(PolicyError):
            policy.check(task_type=task_type, task_identifier=refused)
    with pytest.raises(PolicyError):
        policy.check(task_type="class", task_identifier="convert.sh -v")


def test_a_generated_task_is_listed_with_its_generator():
    policy = ClosedList(["mine.make"], programs=["mine.make", "argument"])

    policy.check(task_type="generated", task_identifier="argument", task_generator="mine.make")
    for identifier, generator in (("argument", "builtins.eval"), ("other", "mine.make")):
        with pytest.raises(PolicyError):
            policy.check(task_type="generated", task_identifier=identifier, task_generator=generator)
    with pytest.raises(PolicyError, match=r"task generator 'mine\.make' is not allowed here"):
        ClosedList(["mine.make"]).check(
            task_type="generated", task_identifier="mine.make", task_generator="mine.make"
        )


def test_a_refusal_does_not_repeat_a_long_name():
    with pytest.raises(PolicyError) as refusal:
        ClosedList([]).check(task_type="class", task_identifier="x" * 100_000)

    assert len(refusal.value.message) < 300


def test_whoever_runs_as_themselves_may_run_anything():
    AnyTask().check(task_type="script", task_identifier="ls", task_generator=None)
    AnyTask().check_found(print, task_type="method", task_identifier="builtins.print")
    ClosedList(["mine.f"]).check_found(print, task_type="method", task_identifier="mine.f")


def test_a_closed_list_allows_what_it_lists():
    document = graph([node("a", Add, defaults={"a": 1})])

    assert execute_graph(document, policy=ClosedList(["workflow_samples.Add"])) == {"total": 1}


def test_without_a_closed_list_any_name_is_imported():
    document = graph([{"id": "x", "task_type": "method", "task_identifier": "os.path.basename"}])

    outputs = execute_graph(document, [{"name": "p", "value": "a/b"}], policy=AnyTask())

    assert outputs == {"return_value": "b"}


@pytest.mark.parametrize(
    ("task_type", "identifier", "message"),
    [
        ("class", "workflow_samples.add", "'workflow_samples.add' is not a Task class"),
        ("class", "builtins.dict", "'builtins.dict' is not a Task class"),
        (
            "method",
            "workflow_samples.Add",
            "'workflow_samples.Add' is a Task class: its task type is 'class'",
        ),
        ("method", "workflow_samples.CLASS", "'workflow_samples.CLASS' is not a function"),
        ("class", "workflow_samples.Ad", "there is no task 'workflow_samples.Ad'; did you mean 'Add'?"),
        ("method", "no_such_module.f", "there is no task 'no_such_module.f' of the type 'method'"),
        ("method", "../secret.f", "'../secret.f' is not the dotted name of a task"),
    ],
)
def test_an_identifier_names_a_task_of_its_type(task_type, identifier, message, package):
    package({}, [])
    document = graph([{"id": "x", "task_type": task_type, "task_identifier": identifier}])

    with pytest.raises(GraphError) as refusal:
        run_graph(document)

    assert refusal.value.message.startswith(f"node 'x': {message}")


@pytest.mark.parametrize("text", ["import no_such_thing", "raise OSError('no such thing')"])
def test_a_module_that_cannot_be_imported_is_told_with_its_reason(package, text):
    package({"broken_sample": text}, [])

    with pytest.raises(GraphError, match=r"cannot import 'broken_sample': .*no.such.thing"):
        resolve_task("method", "broken_sample.f")


def test_a_short_name_is_completed_when_one_task_has_it(package):
    package(
        {"sample_package.tasks": TASKS}, [("class", "sample_package.*"), ("method", "sample_package.tasks")]
    )

    found = resolve_task("class", "Integrate1Dim")
    function = resolve_task("method", "tasks.save_curve")

    assert found.identifier() == "sample_package.tasks.Integrate1Dim"
    assert function.__name__ == "save_curve"


def test_an_ambiguous_short_name_is_refused_with_both_tasks(package):
    text = "def fit_peak(x): pass"
    package({"one_sample": text, "two_sample": text}, [("method", "one_sample"), ("method", "two_sample")])

    with pytest.raises(GraphError, match=r"'one_sample\.fit_peak' and 'two_sample\.fit_peak'"):
        resolve_task("method", "fit_peak")


def test_an_unknown_short_name_is_refused_with_a_suggestion(package):
    package({"one_sample": "def fit_peak(x): pass"}, [("method", "one_sample")])

    with pytest.raises(
        GraphError, match=r"no task 'fit_peek' of the type 'method'; did you mean 'fit_peak'\?"
    ):
        resolve_task("method", "fit_peek")


def test_announced_modules_are_described(package):
    names = ("found_package.a.tasks", "found_package.b.tasks", "found_package.b.other")
    modules = dict.fromkeys(names, TASKS)
    package(modules, [("class", "found_package.*.tasks"), ("method", "found_package.b.tasks")])

    catalog = discover_tasks()

    assert catalog.problems == ()
    assert [(task.task_type, task.task_identifier) for task in catalog.tasks] == [
        ("class", "found_package.a.tasks.Integrate1Dim"),
        ("class", "found_package.b.tasks.Integrate1Dim"),
        ("method", "found_package.b.tasks.save_curve"),
    ]
    described = catalog.tasks[0].as_dict()
    assert described.pop("input_schema")["required"] == ["image"]
    assert list(described.pop("output_schema")["properties"]) == ["radial"]
    assert described == {
        "task_type": "class",
        "task_identifier": "found_package.a.tasks.Integrate1Dim",
        "required_input_names": ("image",),
        "optional_input_names": ("mask",),
        "output_names": ("radial",),
        "n_required_positional_inputs": 0,
        "category": "found_package",
        "description": "Integrate an image.\n\nMore words.",
        "input_model": None,
        "output_model": None,
        "package": "sample-package",
        "version": "1.2",
    }
    assert catalog.tasks[2].required_input_names == ("path",)
    assert catalog.tasks[2].output_names == ("return_value",)


def test_a_broken_package_is_reported_and_the_others_are_found(package):
    modules = {"sound_sample": "def fit(x): pass", "broken_sample": "1 / 0"}
    announced = [("method", name) for name in ("sound_sample", "broken_sample", "gone.*.tasks")]
    package(modules, announced)

    catalog = discover_tasks()

    assert [task.task_identifier for task in catalog.tasks] == ["sound_sample.fit"]
    assert [problem.partition(": ")[0] for problem in catalog.problems] == ["broken_sample", "gone.*.tasks"]


def test_functions_that_a_module_imports_are_not_its_tasks():
    described = describe_module(workflow_samples, task_type="method")

    assert "workflow_samples.add" in {task.task_identifier for task in described}
    assert "workflow_samples.Field" not in {task.task_identifier for task in described}


def test_all_problems_of_one_stage_are_listed():
    unknown = [
        {"id": name, "task_type": "method", "task_identifier": f"os.{name}"} for name in ("nix", "nox")
    ]
    misnamed = [node("a", Add, defaults={"c": 1}), node("b", Add, defaults={"d": 1})]

    assert len(find_problems(graph(unknown))) == 2
    assert len(find_problems(graph(misnamed))) == 2
    assert find_problems(graph([node("a", Add)])) == []
