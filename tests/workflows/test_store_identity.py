"""A result is that of certain code: changed code, another identity."""

import importlib
import operator
import os
import sys
import time

import pytest

from tests.workflows import store_samples
from workflows import Task
from workflows.store import NotStorable
from workflows.store.identity import task_identity
from workflows.tasks.functions import FunctionTask, function_task

TASK = """
from {base_module} import {base}
FACTOR = {factor}
class Scale({base}, input_names=["x"], output_names=["y"], version={version!r}):
    def run(self):
        self.outputs.y = self.inputs.x * FACTOR
"""


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Write and import a module, as a new process would."""
    monkeypatch.syspath_prepend(tmp_path)
    written = []

    def load(name, text):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        stamp = time.time_ns() + len(written) * 10**9  # or the byte code of the version before is used
        os.utime(path, ns=(stamp, stamp))
        sys.modules.pop(name, None)
        importlib.invalidate_caches()
        written.append(name)
        return importlib.import_module(name)

    yield load
    for name in written:
        sys.modules.pop(name, None)
    for identifier in [name for name in Task.registered if name.partition(".")[0] in written]:
        del Task.registered[identifier]


def scale(**changed):
    return TASK.format(**{"base_module": "workflows", "base": "Task", "factor": 2, "version": None} | changed)


def test_the_source_of_a_task_is_part_of_its_identity(modules):
    first = task_identity(modules("store_scale", scale()).Scale)
    same = task_identity(modules("store_scale", scale()).Scale)
    other = task_identity(modules("store_scale", scale(factor=3)).Scale)

    assert first == same != other


def test_the_source_of_a_function_is_part_of_its_identity(modules):
    first = task_identity(function_task(modules("store_fun", "def f(x):\n    return x + 1\n").f))
    other = task_identity(function_task(modules("store_fun", "def f(x):\n    return x + 2\n").f))

    assert first != other


def test_the_source_of_a_base_class_is_part_of_the_identity(modules):
    derived = scale(base_module="store_base", base="Base")
    base = "from workflows import Task\nclass Base(Task):\n    pass\n"
    modules("store_base", base)
    first = task_identity(modules("store_derived", derived).Scale)
    modules("store_base", base + "    limit = 1\n")
    other = task_identity(modules("store_derived", derived).Scale)

    assert first != other


def test_the_declared_version_is_part_of_the_identity(modules):
    identity = task_identity(modules("store_scale", scale(version="7")).Scale)

    assert identity["version"] == "7"
    assert identity["name"] == "store_scale.Scale"


def test_a_builtin_function_is_known_by_the_version_of_python():
    identity = task_identity(function_task(operator.add))

    assert identity["modules"] == {"_operator": {"python": sys.version.split()[0]}}


def test_an_installed_package_is_known_by_its_version_as_well():
    import numpy as np

    identity = task_identity(function_task(np.linalg.norm))

    versions = [module["distributions"] for module in identity["modules"].values()]
    assert {"numpy": np.__version__} in versions


def test_a_class_that_wraps_another_is_known_by_that(modules):
    target = modules("store_fun", "def f(x):\n    return x + 1\n").f
    adapter = type("Adapter", (Task,), {"wrapped": staticmethod(target)}, register=False)

    assert task_identity(adapter) == task_identity(function_task(target))


def test_a_script_is_known_by_the_content_of_its_file(tmp_path):
    script = tmp_path / "script.sh"
    script.write_text("echo 1")
    task_class = type("Script", (Task,), {"identifier_path": script}, register=False)
    first = task_identity(task_class)
    script.write_text("echo 2")

    assert task_identity(task_class) != first


def adder(n):
    def add(x):
        return x + n

    return add


@pytest.mark.parametrize("function", [adder(1), lambda x: x, store_samples.Add({"a": 1}).get_input_value])
def test_code_that_no_name_identifies_is_refused(function):
    task_class = type("Unknown", (FunctionTask,), {"function": staticmethod(function)}, register=False)

    with pytest.raises(NotStorable, match="not known"):
        task_identity(task_class)


def test_a_class_that_was_made_in_a_function_is_refused():
    class Local(Task, register=False):
        pass

    with pytest.raises(NotStorable, match="a local class"):
        task_identity(Local)


def test_code_that_was_edited_after_it_was_loaded_is_refused(modules, tmp_path):
    task_class = modules("store_scale", scale()).Scale
    source = tmp_path / "store_scale.py"
    source.write_text(source.read_text().replace("self.inputs.x * FACTOR", "self.inputs.x + FACTOR"))

    with pytest.raises(NotStorable, match="edited after it was loaded"):
        task_identity(task_class)


def test_a_module_without_source_or_version_is_refused(modules):
    module = modules("store_scale", scale())
    module.__file__ = None

    with pytest.raises(NotStorable, match="no file"):
        task_identity(module.Scale)
