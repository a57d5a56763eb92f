"""Finding tasks: quietly, completely, and whatever others do at import."""

import sys

import pytest
from package_samples import install, see_only

from workflows.catalog.discovery import discover_tasks
from workflows.catalog.locating import matching_modules, module_folders

PLAIN = "def fit(x): pass"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install a package of modules, and no other."""

    def write(modules, announced, **distribution):
        install(tmp_path, modules, announced, **distribution)
        see_only(tmp_path, monkeypatch)

    return write


def found(catalog):
    return [(task.task_type, task.task_identifier) for task in catalog.tasks]


def test_a_function_called_run_is_a_ppfmethod(installed):
    text = "def run(a, b=1): pass\ndef other(a): pass"
    installed({"ppf_sample.actors": text}, [("tasks.ppfmethod", "ppf_sample.*")])

    catalog = discover_tasks()

    assert found(catalog) == [("ppfmethod", "ppf_sample.actors.run")]
    assert catalog.tasks[0].required_input_names == ("a",)


def test_a_class_that_a_package_defines_in_one_of_its_modules_is_found(installed, tmp_path):
    modules = {
        "nest_sample.tasks.inner": "from workflows import Task\nclass Inner(Task, output_names=['y']): pass",
        "nest_sample.tasks.other": "raise RuntimeError('nobody asked for this module')",
    }
    installed(modules, [("tasks.class", "nest_sample.tasks")])
    (tmp_path / "nest_sample" / "tasks" / "__init__.py").write_text("from .inner import Inner")

    catalog = discover_tasks()

    assert found(catalog) == [("class", "nest_sample.tasks.inner.Inner")]
    assert catalog.problems == ()


def test_a_task_made_inside_a_function_cannot_be_named(installed):
    text = "from workflows import Task\ndef make():\n    class Made(Task): pass\nmake()"
    installed({"local_sample": text}, [("tasks.class", "local_sample")])

    assert found(discover_tasks()) == []


def test_a_task_tells_its_models_positions_package_and_version(installed):
    text = (
        "from pydantic import BaseModel\nfrom workflows import Task\n"
        "class Given(BaseModel):\n    x: int\n    y: float = 2.0\n"
        "class Fit(Task, input_model=Given, output_names=['z']): pass\n"
        "class Add(Task, n_required_positional_inputs=2, output_names=['z']): pass\n"
    )
    installed(
        {"model_sample": text}, [("tasks.class", "model_sample")], name="my-distribution", version="3.4"
    )

    add, fit = discover_tasks().tasks

    assert (fit.input_model, fit.output_model) == ("model_sample.Given", None)
    assert (fit.required_input_names, fit.optional_input_names) == (("x",), ("y",))
    assert (fit.package, fit.version) == ("my-distribution", "3.4")
    assert add.n_required_positional_inputs == 2


def test_what_is_known_of_each_input_and_output_is_told(installed):
    text = '''
from workflows import Task
class Scale(Task, input_names=["energy"], optional_input_names=["mode"], output_names=["image"]):
    """Scale.

    Inputs
    ------
    energy : float, in keV
        Of the photons.
    mode : "fast" or "slow", default "fast"

    Outputs
    -------
    image : array (rows, columns)
    """
'''
    installed({"port_sample": text}, [("tasks.class", "port_sample")])

    (task,) = discover_tasks().tasks
    energy, mode = task.inputs
    (image,) = task.outputs

    assert (energy.name, energy.type, energy.unit, energy.default) == ("energy", "float", "keV", "")
    assert energy.description == "Of the photons."
    assert (mode.type, mode.default) == ('"fast" or "slow"', '"fast"')
    assert image.type == "array (rows, columns)"


@pytest.mark.parametrize(
    "text",
    [
        "raise SystemExit('no licence')",
        "import no_such_package_at_all",
        "import sys\nsys.exit(3)",
        "def f(:",
        "\0",
        "def f(): f()\nf()",
        "raise type('Odd', (Exception,), {'__str__': lambda self: 'odd' * 10_000})",
    ],
)
def test_whatever_a_package_does_at_import_is_one_sentence(installed, text):
    installed({"sound_sample": PLAIN, "bad_sample": text}, [("tasks.method", "*_sample")], name="not-a-name")
    installed({}, [("tasks.method", "sound_sample"), ("tasks.method", "bad_sample")])

    catalog = discover_tasks(refresh=True)

    assert found(catalog) == [("method", "sound_sample.fit")]
    assert [problem.partition(": ")[0] for problem in catalog.problems] == ["*_sample", "bad_sample"]
    assert all(len(problem) < 600 and "\n" not in problem for problem in catalog.problems)


def test_what_a_package_prints_at_import_does_not_reach_the_standard_output(installed, capfd):
    text = "import os\nprint('by Python')\nfor _ in range(1000): os.write(1, b'by C\\n')\n" + PLAIN
    installed({"loud_sample": text}, [("tasks.method", "loud_sample")])

    catalog = discover_tasks()
    sys.stdout.write("{}")
    printed = capfd.readouterr()

    assert found(catalog) == [("method", "loud_sample.fit")]
    assert printed.out == "{}"
    assert "by Python" in printed.err
    assert printed.err.count("by C") == 1000


def test_a_log_handler_made_at_import_still_works_afterwards(installed, capfd):
    text = "import logging, sys\nhandler = logging.StreamHandler(sys.stdout)\n" + PLAIN
    installed({"logging_sample": text}, [("tasks.method", "logging_sample")])

    discover_tasks()
    sys.modules["logging_sample"].handler.stream.write("still open")

    assert "still open" in "".join(capfd.readouterr())


def test_warnings_of_a_package_are_not_its_failure(installed):
    text = "import warnings\nwarnings.warn('old', DeprecationWarning)\n" + PLAIN
    installed({"warning_sample": text}, [("tasks.method", "warning_sample")])

    assert discover_tasks().problems == ()


def test_the_catalogue_is_kept_until_a_refresh(installed, tmp_path):
    installed({}, [("tasks.method", "kept_sample")])

    before = discover_tasks()
    (tmp_path / "kept_sample.py").write_text(PLAIN)
    kept, after = discover_tasks(), discover_tasks(refresh=True)

    assert kept is before
    assert (found(before), found(after)) == ([], [("method", "kept_sample.fit")])


def test_a_newly_installed_package_is_seen_without_a_refresh(installed):
    installed({"first_sample": PLAIN}, [("tasks.method", "first_sample")])
    before = found(discover_tasks())

    installed({"second_sample": PLAIN}, [("tasks.method", "second_sample")], name="another")

    assert found(discover_tasks()) == [*before, ("method", "second_sample.fit")]


def test_a_wildcard_matches_one_level_and_runs_no_program(installed):
    names = ("wild_sample.a.tasks", "wild_sample.b.tasks", "wild_sample.b.c.tasks", "wild_sample.__main__")
    installed(dict.fromkeys(names, "raise RuntimeError('imported')"), [])

    assert matching_modules("wild_sample.*.tasks") == ["wild_sample.a.tasks", "wild_sample.b.tasks"]
    assert matching_modules("wild_sample.*") == ["wild_sample.a", "wild_sample.b"]
    assert matching_modules("wild_sample.[b]*.c.tas?s") == ["wild_sample.b.c.tasks"]
    assert "wild_sample" not in sys.modules


def test_a_package_without_init_is_found_in_all_its_folders(tmp_path, monkeypatch):
    for part in ("one", "two"):
        folder = tmp_path / part / "spread_sample" / "deep" / part
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        monkeypatch.syspath_prepend(tmp_path / part)

    assert matching_modules("spread_sample.deep.*") == ["spread_sample.deep.one", "spread_sample.deep.two"]
    assert module_folders("spread_sample.deep.none") is None
