"""Our catalogue beside that of ewoks: the same tasks, with the same inputs and outputs."""

import pytest

from workflows.catalog.discovery import describe_module, discover_tasks
from workflows.catalog.installed import InstalledTasks
from workflows.catalog.stored_workflows import discover_workflows
from workflows.quiet_import import import_quietly

task_discovery = pytest.importorskip("ewokscore.task_discovery")

EXAMPLES = "ewokscore.tests.discover.module1"


def names(task):
    return {
        key: sorted(task[key]) for key in ("required_input_names", "optional_input_names", "output_names")
    } | {
        key: task[key] for key in ("category", "input_model", "output_model", "n_required_positional_inputs")
    }


def test_every_task_that_ewoks_finds_is_found_with_the_same_names():
    theirs = {
        (task["task_type"], task["task_identifier"]): names(task)
        for task in task_discovery.discover_all_tasks()
        if task["category"] == "ewokscore"
    }

    ours = {
        (task.task_type, task.task_identifier): names(task.as_dict())
        for task in discover_tasks(refresh=True).tasks
        if task.category == "ewokscore"
    }

    assert len(theirs) > 5
    assert ours == theirs


@pytest.mark.parametrize("task_type", ["class", "method", "ppfmethod"])
@pytest.mark.parametrize("name", ["ewokscore.tests.discover.module1", "ewokscore.tests.discover.module2"])
def test_the_tasks_of_a_module_are_those_of_ewoks(task_type, name):
    theirs = task_discovery.discover_tasks_from_modules(name, task_type=task_type)

    ours = describe_module(import_quietly(name), task_type=task_type)

    assert {task.task_identifier: names(task.as_dict()) for task in ours} == {
        task["task_identifier"]: names(task) for task in theirs
    }


def test_the_docstring_is_the_description():
    theirs = {
        task["task_identifier"]: task["description"]
        for task in task_discovery.discover_tasks_from_modules(EXAMPLES)
    }

    ours = [
        task
        for task_type in ("class", "method", "ppfmethod")
        for task in describe_module(import_quietly(EXAMPLES), task_type=task_type)
    ]

    assert ours
    for task in ours:
        assert task.description.split() == (theirs[task.task_identifier] or "").split()


def test_every_task_that_ewoks_announces_is_allowed_to_strangers():
    policy = InstalledTasks()

    for task in task_discovery.discover_all_tasks():
        policy.check(task_type=task["task_type"], task_identifier=task["task_identifier"])


def test_every_workflow_that_ewoks_finds_is_found():
    workflow_discovery = pytest.importorskip("ewokscore.workflow_discovery")

    theirs = set(workflow_discovery.discover_all_workflows())

    assert {workflow.name for workflow in discover_workflows().workflows} >= theirs
