import importlib
import multiprocessing
import operator
import sys

import pytest
from workflow_samples import Add, add

from workflows import GraphError, Task
from workflows.catalog.resolve import resolve_task
from workflows.tasks.functions import FunctionTask

THIS = __name__

TWICE = """
from dataclasses import dataclass
from workflows import Task

@dataclass
class Given:
    value: int

class Twice(Task, input_names=["a"], output_names=["b"]):
    def run(self):
        self.outputs.b = 2 * Given(self.inputs.a).value

def once(a):
    return {"a": a}

def generate(name):
    class Generated(Task, output_names=["name"], register=False):
        def run(self):
            self.outputs.name = name
    return Generated

text = "no task"
"""

asked = []


def generate(name):
    asked.append(name)

    class Generated(Task, output_names=["name"], registry_name=name):
        def run(self):
            self.outputs.name = name

    return Generated


def generate_nothing(name):
    return name


def generate_trouble(name):
    raise SystemExit(f"never heard of {name}")


@pytest.fixture
def module_file(tmp_path):
    path = tmp_path / "twice.py"
    path.write_text(TWICE)
    return path


def outputs(task_class, **inputs):
    task = task_class(inputs=inputs)
    task.execute()
    return task.get_output_values()


def outputs_elsewhere(connection, shipped, inputs):
    task_type, identifier, generator = shipped
    connection.send(outputs(resolve_task(task_type, identifier, task_generator=generator), **inputs))


def test_a_task_class_or_function_is_found_in_a_file(module_file):
    assert outputs(resolve_task("class", f"{module_file}::Twice"), a=2) == {"b": 4}
    assert outputs(resolve_task("method", f"{module_file}::once"), a=2) == {"return_value": {"a": 2}}
    assert outputs(resolve_task("ppfmethod", f"{module_file}::once"), a=2) == {"_ppfdict": {"a": 2}}


def test_a_file_is_imported_once(module_file, monkeypatch):
    monkeypatch.chdir(module_file.parent)

    first = resolve_task("class", f"{module_file}::Twice")

    assert resolve_task("class", "twice.py::Twice") is first
    assert resolve_task("class", "./twice.py::Twice") is first


def test_files_of_the_same_name_are_different_modules(module_file, tmp_path):
    other = tmp_path / "other" / "twice.py"
    other.parent.mkdir()
    other.write_text(TWICE.replace("2 *", "3 *"))

    assert outputs(resolve_task("class", f"{module_file}::Twice"), a=2) == {"b": 4}
    assert outputs(resolve_task("class", f"{other}::Twice"), a=2) == {"b": 6}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.py::Twice", "there is no Python file '.*missing.py'"),
        ("twice.py::Twise", "there is no task '.*twice.py::Twise'; did you mean 'Twice'"),
        ("twice.py::once", "'.*::once' is not a Task class"),
        ("broken.py::Twice", "cannot import '.*broken.py': SyntaxError"),
        ("leaving.py::Twice", "cannot import '.*leaving.py': SystemExit: 1"),
        ("text.txt::Twice", "there is no Python file '.*text.txt'"),
        ("a" * 100_000 + ".py::Twice", "there is no Python file"),
        ("\0.py::Twice", "there is no Python file"),
        ("\ud800.py::Twice", "there is no Python file"),
        ("twice.py::", "there is no task"),
    ],
)
def test_what_is_not_in_a_file_is_told(module_file, name, message):
    (module_file.parent / "broken.py").write_text("def")
    (module_file.parent / "leaving.py").write_text("raise SystemExit(1)")
    (module_file.parent / "text.txt").write_text("Twice = 1")

    with pytest.raises(GraphError, match=message):
        resolve_task("class", f"{module_file.parent}/{name}")


@pytest.mark.parametrize(
    ("task_type", "name", "message"),
    [
        ("method", "Twice", "is a Task class: its task type is 'class'"),
        ("ppfmethod", "text", "is not a function"),
        ("method", "text", "is not a function"),
    ],
)
def test_a_function_is_neither_a_task_class_nor_a_value(module_file, task_type, name, message):
    with pytest.raises(GraphError, match=message):
        resolve_task(task_type, f"{module_file}::{name}")


def test_asking_again_returns_the_same_class():
    generator = f"{THIS}.generate"

    for arguments in (
        {"task_type": "class", "task_identifier": Add.identifier()},
        {"task_type": "method", "task_identifier": "workflow_samples.add"},
        {"task_type": "ppfmethod", "task_identifier": "builtins.dict"},
        {"task_type": "ppfport", "task_identifier": None},
        {"task_type": "script", "task_identifier": "echo same"},
        {"task_type": "generated", "task_identifier": "the.same", "task_generator": generator},
    ):
        assert resolve_task(**arguments) is resolve_task(**arguments)
    assert asked.count("the.same") == 1


def test_the_types_do_not_share_a_class():
    assert resolve_task("method", "builtins.dict") is not resolve_task("ppfmethod", "builtins.dict")


def test_a_reloaded_module_gives_new_tasks(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "reloaded_tasks.py").write_text("def value():\n    return 1\n")
    assert outputs(resolve_task("method", "reloaded_tasks.value")) == {"return_value": 1}

    (tmp_path / "reloaded_tasks.py").write_text("def value():\n    return 2\n")
    importlib.reload(sys.modules["reloaded_tasks"])

    assert outputs(resolve_task("method", "reloaded_tasks.value")) == {"return_value": 2}


def test_a_method_tells_its_function_and_its_identifier():
    task_class = resolve_task("method", "operator.pos")

    assert issubclass(task_class, FunctionTask)
    assert task_class.function is operator.pos
    assert task_class.identifier() == "operator.pos"
    assert resolve_task("method", "workflow_samples.add").function is add


def test_a_generated_task_is_made_of_its_identifier():
    generated = resolve_task("generated", "any.name", task_generator=f"{THIS}.generate")

    assert outputs(generated) == {"name": "any.name"}
    assert generated.identifier() == "any.name"


def test_a_generator_may_be_in_a_file(module_file):
    generated = resolve_task("generated", "x", task_generator=f"{module_file}::generate")

    assert outputs(generated) == {"name": "x"}


@pytest.mark.parametrize(
    ("generator", "message"),
    [
        (None, "the generated task 'x' needs a task generator"),
        (f"{THIS}.generate_nothing", "'x' is not a Task class"),
        (f"{THIS}.generate_trouble", "cannot generate the task 'x': SystemExit: never heard of x"),
        (f"{THIS}.generade", "there is no task '.*generade'; did you mean 'generate'"),
    ],
)
def test_a_generator_that_gives_no_task_is_refused(generator, message):
    with pytest.raises(GraphError, match=message):
        resolve_task("generated", "x", task_generator=generator)


@pytest.mark.parametrize(
    ("task_type", "identifier", "message"),
    [
        ("graph", "sub.json", "there is no task type 'graph'"),
        ("clas", "a.B", "there is no task type 'clas'; did you mean 'class'"),
        ("class", None, "needs a task identifier"),
        ("script", "", "needs a task identifier"),
        ("method", "os..system", "is not the dotted name of a task"),
    ],
)
def test_what_names_no_task_is_refused(task_type, identifier, message):
    with pytest.raises(GraphError, match=message):
        resolve_task(task_type, identifier)


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_a_task_is_found_again_in_another_process(module_file, how):
    context = multiprocessing.get_context(how)
    receiver, sender = context.Pipe(duplex=False)
    shipped = ("generated", "shipped", f"{module_file}::generate")
    resolve_task(shipped[0], shipped[1], task_generator=shipped[2])

    process = context.Process(target=outputs_elsewhere, args=(sender, shipped, {}))
    process.start()
    sender.close()
    found = receiver.recv()
    process.join(60)

    assert found == {"name": "shipped"}
