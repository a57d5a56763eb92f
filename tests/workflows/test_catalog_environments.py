"""The catalogue of another Python environment: its own interpreter tells it, or a sentence says why not."""

import importlib.util
import shlex
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from package_samples import install

from workflows.catalog.environments import BadEnvironment, catalogue_of

PYDANTIC = ("pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection")


def without_site_packages(folder, *, before=""):
    """Write a program that is our interpreter, but sees only the standard library and one folder."""
    program = folder.parent / "python"
    command = shlex.join([sys.executable, "-S"])
    program.write_text(f'#!/bin/sh\n{before}\nPYTHONPATH={shlex.quote(str(folder))} exec {command} "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def other_python(tmp_path):
    """Make an interpreter that sees pydantic and a package of its own."""

    def make(modules, **options):
        folder = tmp_path / "other"
        install(folder, modules, [("tasks.class", name) for name in modules])
        for name in PYDANTIC:
            file = Path(importlib.util.find_spec(name).origin)
            found = file.parent if file.name == "__init__.py" else file
            (folder / found.name).symlink_to(found)
        return without_site_packages(folder, **options)

    return make


TASKS = """
import os, sys
from workflows import Task
print("printed")
class Fit(Task, input_names=["x"], output_names=["y"]):
    '''Fit.

    Inputs
    ------
    x : float, in mm
    '''
if os.listdir("."):
    secret = os.environ.get("SECRET_OF_THE_PORTAL")
    class Told(Task, output_names=[f"secret_{secret}"]): pass
"""


def test_the_tasks_of_another_environment_are_told_by_its_interpreter(other_python, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_PORTAL", "42")
    python = other_python({"elsewhere_sample": TASKS})

    catalog = catalogue_of(python, name="beamline")
    tasks = {task.task_identifier: task for task in catalog.tasks}

    assert catalog.environment == "beamline"
    assert tasks["elsewhere_sample.Fit"].required_input_names == ("x",)
    assert tasks["elsewhere_sample.Fit"].inputs[0].unit == "mm"
    assert tasks["elsewhere_sample.Fit"].package == "sample-package"
    assert tasks["elsewhere_sample.Told"].output_names == ("secret_None",)
    assert "elsewhere_sample" not in sys.modules


def test_a_broken_package_elsewhere_is_a_problem(other_python):
    catalog = catalogue_of(other_python({"broken_elsewhere": "raise SystemExit('no licence')"}))

    assert (catalog.tasks, catalog.problems) == ((), ("broken_elsewhere: SystemExit: no licence",))


def test_an_environment_without_pydantic_is_told_what_to_install(tmp_path):
    python = without_site_packages(tmp_path / "empty")

    with pytest.raises(BadEnvironment) as refusal:
        catalogue_of(python, name="bare")

    assert refusal.value.message == (
        "the environment 'bare': the package 'pydantic' is not installed there: pip install pydantic"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import os; os._exit(7)", "its Python ended with the status 7 and told no tasks"),
        ("import os; os.kill(os.getpid(), 9)", "its Python ended with the status -9 and told no tasks"),
        (
            "import os, sys; open(sys.argv[1] + '/catalog', 'w').write('{}'); os._exit(0)",
            "what it told is not a catalogue",
        ),
        (
            "import os, sys; open(sys.argv[1] + '/catalog', 'wb').truncate(10**9); os._exit(0)",
            "its catalogue is larger than 32 MB",
        ),
    ],
)
def test_an_interpreter_that_goes_wrong_is_one_sentence(other_python, text, sentence):
    python = other_python({"wild_elsewhere": text})

    with pytest.raises(BadEnvironment) as refusal:
        catalogue_of(python)

    assert refusal.value.message == f"the environment {str(python)!r}: {sentence}"


def test_an_interpreter_that_does_not_end_is_ended(other_python):
    python = other_python({"slow_elsewhere": "import time; time.sleep(600)"})

    with pytest.raises(BadEnvironment, match=r"its tasks were not told within 1 s"):
        catalogue_of(python, timeout_s=1)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="only Linux lists processes there")
def test_a_process_that_is_left_behind_is_ended(other_python, tmp_path):
    left = tmp_path / "left_behind.py"
    left.write_text("import time\ntime.sleep(600)\n")

    catalogue_of(other_python({}, before=f"{shlex.join([sys.executable, str(left)])} &"))

    while any(str(left) in line for line in command_lines()):
        time.sleep(0.01)  # it is killed; the system needs a moment


def command_lines():
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield file.read_bytes().decode(errors="replace")


@pytest.mark.parametrize("name", ["absent", "not_a_program"])
def test_an_interpreter_that_cannot_be_started_is_one_sentence(tmp_path, name):
    (tmp_path / "not_a_program").write_text("hello")

    with pytest.raises(BadEnvironment, match="its Python cannot be started: "):
        catalogue_of(tmp_path / name)
