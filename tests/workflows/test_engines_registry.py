import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from workflow_samples import diamond

from workflows import UnsupportedError, run_graph
from workflows.engines import ENGINES, find_engine


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("locl", "did you mean 'local'?"), ("dsk", "did you mean 'dask'?"), ("galaxy", "")],
)
def test_an_engine_that_does_not_exist_is_refused_with_a_suggestion(name, suggestion):
    with pytest.raises(UnsupportedError) as caught:
        run_graph(diamond(), engine=name)

    assert caught.value.message.startswith(f"there is no engine {name!r}")
    assert caught.value.message.endswith(suggestion)


def test_an_option_that_an_engine_does_not_have_is_refused_with_a_suggestion():
    with pytest.raises(UnsupportedError, match="the engine 'local' has no option 'max_worker'") as caught:
        find_engine("local", ["max_worker"])

    assert "max_workers" in caught.value.message


def test_options_that_an_engine_has_are_accepted():
    assert callable(find_engine("local", ["max_workers", "pool", "resources", "node_timeout"]))


def test_the_core_engine_of_ewoks_is_the_local_one():
    assert run_graph(diamond(), engine="core").outputs == {"total": 112}


@pytest.mark.parametrize(
    ("engine", "package", "options"),
    [
        ("dask", "distributed", {"scheduler": "cluster"}),
        ("ppf", "pypushflow", {}),
        ("slurm", "dask-jobqueue", {}),
        ("celery", "celery", {}),
    ],
)
def test_a_package_that_is_missing_is_named_with_its_extra(engine, package, options):
    """A Python without third packages on its way looks for them in vain, as on a bare machine."""
    code = f"""
        import sys
        for name in ("distributed", "dask", "dask_jobqueue", "pypushflow", "celery"):
            sys.modules[name] = None
        from workflow_samples import diamond
        from workflows import UnsupportedError, run_graph
        try:
            run_graph(diamond(), engine={engine!r}, **{options!r})
        except UnsupportedError as error:
            print(error.message)
    """
    done = run_python(code)

    expected = f"the engine {engine!r} needs the package {package!r}: pip install 'reprise[{engine}]'"
    assert done == expected


def test_listing_engines_imports_none_of_their_packages():
    code = """
        import sys
        from workflows.engines import ENGINES
        heavy = {"distributed", "dask", "pypushflow", "celery", "kombu", "multiprocessing"}
        print(len(ENGINES) > 4, sorted(heavy & set(sys.modules)))
    """

    assert run_python(code) == "True []"


def test_every_engine_that_is_listed_exists():
    for place in ENGINES.values():
        module, _, function = place.partition(":")
        path = Path(__file__).parents[2].joinpath(*module.split(".")).with_suffix(".py")
        assert f"def {function}(" in path.read_text()


def run_python(code):
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={"PYTHONPATH": f"{here.parents[1]}:{here}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
