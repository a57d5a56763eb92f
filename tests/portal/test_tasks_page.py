"""The catalogue of tasks, and how it is filled."""

import sys
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from portal.jobs.installed import store_tasks, store_workflows
from portal.jobs.models import InstalledWorkflow, TaskDescription
from tests.portal.catalogue_samples import HOSTILE, found_task, store_pipeline, store_some_tasks


def page_of(name="tasks", *args, **query):
    return Client().get(reverse(name, args=args), query)


def listed(answer):
    return [row["task"].identifier for row in answer.context["rows"]]


@pytest.fixture
def tasks(db):
    store_some_tasks()
    store_pipeline("powder")
    store_pipeline("writing", technique="MX", instrument="ID23-1", nodes=[_node("a"), _node("b")])


def _node(name):
    return {"id": name, "task_type": "method", "task_identifier": "beta.io.write"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["alpha.tasks.Integrate", "beta.io.write"]),
        ({"q": "rings"}, ["alpha.tasks.Integrate"]),
        ({"q": "WRITE file"}, ["beta.io.write"]),
        ({"q": "distance"}, ["alpha.tasks.Integrate"]),
        ({"q": "100%"}, []),
        ({"package": "beta"}, ["beta.io.write"]),
        ({"technique": "MX"}, ["beta.io.write"]),
        ({"technique": "XRPD"}, ["alpha.tasks.Integrate", "beta.io.write"]),
        ({"instrument": "ID23-1", "q": "Integrate"}, ["alpha.tasks.Integrate"]),
        ({"q": "\0", "package": "\0"}, ["alpha.tasks.Integrate", "beta.io.write"]),
    ],
)
def test_tasks_are_found_by_words_package_and_the_pipelines_that_use_them(tasks, query, found):
    assert listed(page_of(**query)) == found


def test_a_task_is_told_with_types_units_defaults_and_what_is_needed(tasks):
    answer = page_of("task", "alpha.tasks.Integrate")
    image, distance = answer.context["task"].inputs

    assert (image["name"], image["type"], image["required"]) == ("image", "string", True)
    assert distance == {
        "name": "distance",
        "type": "number",
        "unit": "m",
        "default": "0.25",
        "description": "To the detector.",
        "required": False,
    }
    assert [offer.pipeline.identifier for offer in answer.context["offers"]] == ["powder"]
    for words in ("alpha", "1.2", "Average along rings.", "pattern"):
        assert words in answer.content.decode()


def test_what_an_author_marked_as_code_is_shown_as_code(db):
    store_tasks([found_task("a.b", text="Shift ``energy`` by `step` <b>.")])

    page = page_of("task", "a.b").content.decode()

    assert "Shift <code>energy</code> by <code>step</code> &lt;b&gt;." in page


def test_there_is_no_page_of_an_unknown_task(db):
    assert page_of("task", "nothing.at.all").status_code == 404
    assert Client().get("/tasks/%00/").status_code == 404


def test_hostile_documentation_stays_words(db):
    port = {HOSTILE: {"type": HOSTILE, "unit": HOSTILE, "description": HOSTILE, "default": HOSTILE}}
    store_tasks([found_task(f"a.{HOSTILE}", package=HOSTILE, text=HOSTILE, inputs=port, outputs=port)])

    for answer in (page_of(), page_of(q="script"), page_of("task", TaskDescription.objects.get().identifier)):
        assert answer.status_code == 200
        assert b"<script>alert" not in answer.content


def test_what_a_database_cannot_hold_is_left_out(db):
    store_tasks([found_task("a.b", text="one\0two", inputs={"x\0y": {"description": "\0"}})])

    task = TaskDescription.objects.get()

    assert (task.documentation, task.inputs[0]["name"]) == ("onetwo", "xy")


def test_tasks_that_are_gone_are_forgotten(tasks):
    assert store_tasks([found_task("beta.io.write"), found_task("gamma.new")]) == 2

    assert set(TaskDescription.objects.values_list("identifier", flat=True)) == {"beta.io.write", "gamma.new"}
    assert b"not installed" in page_of("pipeline", "powder").content


def test_a_name_that_is_announced_as_two_types_is_kept_once(db):
    store_tasks([found_task("a.run", task_type="method"), found_task("a.run", task_type="ppfmethod")])

    assert TaskDescription.objects.get().task_type == "method"


def test_the_list_costs_the_same_however_many_tasks_there_are(tasks, client, django_assert_max_num_queries):
    costs = []
    for _ in range(2):
        with django_assert_max_num_queries(8) as asked:
            client.get(reverse("tasks"))
        costs.append(len(asked))
        store_tasks([found_task(f"a.task{number:03}") for number in range(60)])

    assert costs[0] == costs[1]
    first = client.get(reverse("tasks")).context["page"]
    second = client.get(reverse("tasks"), {"after": first.next_cursor})
    assert listed(second) == [f"a.task{number:03}" for number in range(20, 40)]


def test_installed_packages_are_found_and_a_broken_one_is_named_and_left_out(db, tmp_path, monkeypatch):
    for package, code in {"sound": "def shift(energy: float = 2.5): 'Shift.'", "broken": "1/0"}.items():
        (tmp_path / f"{package}_tasks.py").write_text(code)
        told = tmp_path / f"{package}-3.1.dist-info"
        told.mkdir()
        (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 3.1\n")
        (told / "entry_points.txt").write_text(f"[ewoks.tasks.method]\n{package}_tasks = x\n")
    store_tasks([found_task("gone.task")])
    monkeypatch.setattr(sys, "executable", str(_python_with(tmp_path)))
    out, err = StringIO(), StringIO()

    call_command("sync_tasks", stdout=out, stderr=err)

    task = TaskDescription.objects.get()
    assert task.identifier == "sound_tasks.shift"
    assert (task.package, task.version, task.inputs[0]["default"]) == ("sound", "3.1", "2.5")
    assert "broken_tasks" in err.getvalue()


def test_an_environment_that_cannot_tell_its_tasks_changes_nothing(tasks, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    err = StringIO()

    call_command("sync_tasks", stdout=StringIO(), stderr=err)

    assert TaskDescription.objects.count() == 2
    assert "kept" in err.getvalue()


def test_workflows_that_are_gone_are_forgotten(db):
    InstalledWorkflow.objects.create(name="a.b", label="x", package="p")

    assert store_workflows([]) == 0
    assert not InstalledWorkflow.objects.exists()


def _python_with(folder: Path) -> Path:
    """A Python with nothing but the packages in a folder and pydantic, which discovery needs."""
    for needed in ("pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"):
        place = Path(find_spec(needed).origin)
        place = place.parent if place.name == "__init__.py" else place
        (folder / place.name).symlink_to(place)
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}" exec "{sys.executable}" -S "$@"\n')
    program.chmod(0o755)
    return program
