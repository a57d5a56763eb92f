"""The policy for strangers: only tasks that installed packages announce, decided by names alone."""

import sys

import pytest
from package_samples import install, see_only
from workflow_samples import Add

from workflows import PolicyError
from workflows.catalog.discovery import discover_tasks
from workflows.catalog.installed import InstalledTasks
from workflows.catalog.resolve import resolve_task
from workflows.tasks.functions import function_task

TASKS = """
import os
import subprocess
from os import system
from os.path import join
from workflow_samples import Add
from workflows import Task

class Fit(Task, output_names=['y']): pass
class _Hidden(Task): pass

def peak(x): pass
def _private(): pass
def run(x): pass
text = 'text'
"""

ANNOUNCED = [
    ("tasks.class", "safe_sample.*.tasks"),
    ("tasks.class", "safe_sample.nest"),
    ("tasks.method", "safe_sample.a.tasks"),
    ("tasks.ppfmethod", "safe_sample.a.tasks"),
    ("tasks.method", "gone_sample.*"),
]


@pytest.fixture
def policy(tmp_path, monkeypatch):
    """Make the policy of an environment with one package, of which nothing is imported."""
    modules = {
        "safe_sample.a.tasks": TASKS,
        "safe_sample.nest.inner": TASKS,
        "safe_sample.a.effects": "raise SystemExit('imported')",
        "safe_sample_evil.a.tasks": "raise SystemExit('imported')",
    }
    for name in [
        name for name in sys.modules if name.partition(".")[0] in ("safe_sample", "safe_sample_evil")
    ]:
        monkeypatch.delitem(sys.modules, name)
    install(tmp_path, modules, ANNOUNCED)
    (tmp_path / "safe_sample" / "nest" / "__init__.py").write_text("from .inner import Fit")
    see_only(tmp_path, monkeypatch)
    return InstalledTasks()


@pytest.mark.parametrize(
    ("task_type", "identifier"),
    [
        ("class", "safe_sample.a.tasks.Fit"),
        ("class", "safe_sample.nest.inner.Fit"),
        ("method", "safe_sample.a.tasks.peak"),
        ("ppfmethod", "safe_sample.a.tasks.run"),
    ],
)
def test_an_announced_task_is_allowed_and_nothing_is_imported(policy, task_type, identifier):
    policy.check(task_type=task_type, task_identifier=identifier)

    assert "safe_sample" not in sys.modules


def test_a_port_has_nothing_to_run(policy):
    policy.check(task_type="ppfport", task_identifier="None")
    policy.check_found(Add, task_type="ppfport", task_identifier="None")


@pytest.mark.parametrize(
    ("task_type", "identifier"),
    [
        ("method", "os.system"),
        ("class", "subprocess.Popen"),
        ("method", "subprocess.Popen"),
        ("method", "builtins.eval"),
        ("method", "builtins.exec"),
        ("method", "importlib.import_module"),
        ("method", "safe_sample.a.effects.f"),
        ("class", "safe_sample.a.effects.F"),
        ("method", "safe_sample_evil.a.tasks.f"),
        ("class", "safe_sample_evil.a.tasks.F"),
        ("method", "safe_sample.a.tasks.os.system"),
        ("class", "safe_sample.a.tasks.subprocess.Popen"),
        ("class", "safe_sample.nest.inner.subprocess.Popen"),
        ("class", "safe_sample.nest.absent.Fit"),
        ("class", "safe_sample.a.tasks.Fit.run"),
        ("class", "safe_sample.a.tasks.Fit.__init__"),
        ("class", "safe_sample.a.tasks._Hidden"),
        ("method", "safe_sample.a.tasks._private"),
        ("method", "safe_sample.a.tasks.__builtins__.eval"),
        ("method", "safe_sample.nest.inner.peak"),
        ("ppfmethod", "safe_sample.a.tasks.peak"),
        ("class", "Fit"),
        ("class", "tasks.Fit"),
        ("class", "/tmp/evil.py::Fit"),
        ("class", "safe_sample/a/tasks.py::Fit"),
        ("method", "safe_sample.a.tasks.peak "),
        ("method", "safe_sample..tasks.peak"),
        ("method", "safe_sample.a.tasks.pe\u00e4k"),
        ("method", "safe_sample.*.tasks.peak"),
        ("method", ".safe_sample.a.tasks.peak"),
        ("method", ""),
        ("method", "gone_sample.a.f"),
        ("method", "x." * 100_000 + "f"),
        ("script", "safe_sample.a.tasks.peak"),
        ("script", "rm -rf /"),
        ("notebook", "evil.ipynb"),
        ("graph", "safe_sample.a.tasks.peak"),
        ("no such type", "safe_sample.a.tasks.peak"),
    ],
)
def test_everything_else_is_refused_in_a_sentence_and_nothing_is_imported(policy, task_type, identifier):
    before = set(sys.modules)

    with pytest.raises(
        PolicyError, match="is not allowed here: only tasks that an installed package"
    ) as refusal:
        policy.check(task_type=task_type, task_identifier=identifier)

    assert len(refusal.value.message) < 500
    assert {name for name in set(sys.modules) - before if "sample" in name} == set()


@pytest.mark.parametrize("task_type", ["generated", "class"])
def test_a_generator_is_never_called(policy, task_type):
    with pytest.raises(PolicyError):
        policy.check(
            task_type=task_type, task_identifier="safe_sample.a.tasks.Fit", task_generator="builtins.eval"
        )


@pytest.mark.parametrize(
    ("task_type", "name"),
    [("method", "system"), ("method", "join"), ("class", "Add"), ("method", "os"), ("method", "text")],
)
def test_what_an_announced_module_merely_imports_is_refused_before_it_runs(policy, task_type, name):
    identifier = f"safe_sample.a.tasks.{name}"
    policy.check(task_type=task_type, task_identifier=identifier)  # by its name it might be a task
    module = __import__("safe_sample.a.tasks", fromlist=["tasks"])
    member = getattr(module, name)

    with pytest.raises(PolicyError, match="is not allowed here"):
        policy.check_found(member, task_type=task_type, task_identifier=identifier)
    if callable(member) and task_type == "method":
        with pytest.raises(PolicyError, match="is not allowed here"):
            policy.check_found(function_task(member), task_type=task_type, task_identifier=identifier)


@pytest.mark.parametrize(
    ("task_type", "identifier"),
    [
        ("class", "safe_sample.a.tasks.Fit"),
        ("class", "safe_sample.nest.inner.Fit"),
        ("method", "safe_sample.a.tasks.peak"),
    ],
)
def test_what_was_found_under_an_announced_name_is_allowed(policy, task_type, identifier):
    found = resolve_task(task_type, identifier)

    policy.check_found(found, task_type=task_type, task_identifier=identifier)

    assert found.__name__ == identifier.rpartition(".")[2]


def test_a_class_made_for_one_of_another_package_is_judged_by_that_one(policy):
    original = type("Fit", (), {"__module__": "safe_sample.a.tasks"})
    adapter = type("Fit", (Add,), {"wrapped": original, "__module__": "adapters"}, register=False)

    foreign = type("Fit", (), {"__module__": "safe_sample.a.effects"})
    stranger = type("Fit", (Add,), {"wrapped": foreign, "__module__": "adapters"}, register=False)

    policy.check_found(adapter, task_type="class", task_identifier="safe_sample.a.tasks.Fit")
    with pytest.raises(PolicyError):
        policy.check_found(stranger, task_type="class", task_identifier="safe_sample.nest.inner.Fit")


def test_an_announced_task_is_allowed_under_the_name_of_another_announced_module_that_imports_it(policy):
    found = resolve_task("class", "safe_sample.a.tasks.Fit")

    policy.check_found(found, task_type="class", task_identifier="safe_sample.nest.inner.Fit")


def test_every_task_that_is_discovered_is_allowed(policy):
    tasks = discover_tasks().tasks

    for task in tasks:
        policy.check(task_type=task.task_type, task_identifier=task.task_identifier)

    assert [(task.task_type, task.task_identifier) for task in tasks] == [
        ("class", "safe_sample.a.tasks.Fit"),
        ("class", "safe_sample.nest.inner.Fit"),
        ("method", "safe_sample.a.tasks.peak"),
        ("method", "safe_sample.a.tasks.run"),
        ("ppfmethod", "safe_sample.a.tasks.run"),
    ]
