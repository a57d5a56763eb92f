"""``reprise convert`` and ``reprise install``."""

import json
import subprocess
import sys

import pytest
from cli_samples import reprise, save
from workflow_samples import Add, diamond, graph, node

from workflows.cli.main import main

yaml = pytest.importorskip("yaml")


def test_a_workflow_is_written_in_the_form_of_its_new_name(capsys, tmp_path):
    source, destination = save(tmp_path, diamond()), tmp_path / "new.yaml"

    assert main(["convert", source, str(destination)]) == 0
    assert capsys.readouterr().out == f"Converted {source} -> {destination}\n"
    assert yaml.safe_load(destination.read_text()) == diamond()


@pytest.mark.parametrize(
    ("wanted", "names"), [(".yaml", "ab"), ("yaml", "ab"), ("_new.yaml", ["a_new", "b_new"])]
)
def test_several_workflows_keep_their_names(tmp_path, wanted, names):
    sources = [save(tmp_path, diamond(), f"{name}.json") for name in "ab"]

    assert main(["convert", *sources, str(tmp_path / wanted)]) == 0
    assert sorted(path.name for path in tmp_path.glob("*.yaml")) == [f"{name}.yaml" for name in names]


def test_a_text_is_printed(capsys, tmp_path):
    assert (
        main(["convert", save(tmp_path, diamond()), "-", "--dst-format", "json_string", "-s", "indent=0"])
        == 0
    )
    assert json.loads(capsys.readouterr().out) == diamond()


def test_inputs_are_stored(tmp_path):
    source, destination = save(tmp_path, diamond()), tmp_path / "new.json"

    main(["convert", source, str(destination), "-pn", "top:a=5", "-p", "b=1", "-pl", "left:b=2"])
    stored = json.loads(destination.read_text())["nodes"]

    assert {each["id"]: {i["name"]: i["value"] for i in each["default_inputs"]} for each in stored} == {
        "top": {"a": 5, "b": 1},
        "left": {"b": 2},
        "right": {"b": 1},
        "bottom": {},
    }


def test_inputs_are_stored_without_the_tasks_unless_only_they_tell_where(capsys, tmp_path):
    missing = {"id": "far", "task_type": "class", "task_identifier": "not_here.Task"}
    source, destination = save(tmp_path, graph([missing])), str(tmp_path / "new.json")

    assert main(["convert", source, destination, "-pn", "far:a=5"]) == 0
    assert main(["convert", source, destination, "-p", "a=5"]) == 1
    assert "not_here" in capsys.readouterr().err


def test_an_input_for_a_node_of_a_sub_graph_is_stored_in_the_flat_one(tmp_path):
    inner = save(tmp_path, graph([node("add", Add)]), "inner.json")
    outer = save(tmp_path, graph([{"id": "sub", "task_type": "graph", "task_identifier": inner}]))
    flat = tmp_path / "flat.json"

    assert main(["convert", outer, str(flat), "--flatten", "-pn", "sub:add:a=4"]) == 0
    (stored,) = json.loads(flat.read_text())["nodes"]
    assert (stored["id"], stored["default_inputs"]) == (["sub", "add"], [{"name": "a", "value": 4}])


def test_requirements_are_noted_on_request_only(tmp_path):
    source, plain, noted = save(tmp_path, diamond()), tmp_path / "plain.json", tmp_path / "noted.json"

    main(["convert", source, str(plain), "--exclude-requirements"])
    main(["convert", source, str(noted), "--with-requirements"])

    assert "requirements" not in json.loads(plain.read_text())["graph"]
    assert any(
        each.startswith("pydantic==") for each in json.loads(noted.read_text())["graph"]["requirements"]
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "name a WORKFLOW and a DESTINATION"),
        (["x.json", "-s", "ident=2"], "-s ident=...: there is no such option; did you mean 'indent'?"),
        (["x.json", "-o", "root=2"], "-o root=...: there is no such option"),
    ],
)
def test_a_conversion_that_is_not_understood_is_a_misuse(capsys, tmp_path, arguments, complaint):
    assert main(["convert", save(tmp_path, diamond()), *arguments]) == 2
    assert complaint in capsys.readouterr().err


def requiring(tmp_path, *requirements):
    return save(tmp_path, graph([], requirements=list(requirements)))


def test_nothing_is_installed_before_a_yes(tmp_path):
    source = requiring(tmp_path, "numpy >= 2", "tool @ https://example.org/tool.whl")

    for answer in ("", "n\n", "later\n"):
        done = reprise(tmp_path, "install", source, "--python", "/not/there", answer=answer)

        assert (done.returncode, done.stderr) == (1, "reprise: nothing was installed\n")
        assert "  numpy >= 2\n  tool @ https://example.org/tool.whl   <- not from" in done.stdout


def test_pip_of_the_named_python_gets_the_requirements_and_no_shell(capfd, tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
    python.chmod(0o755)

    status = main(
        ["install", requiring(tmp_path, "a>1;python_version>'3' and $(x)", "b"), "--yes", "-p", str(python)]
    )

    assert status == 0
    assert "<-m><pip><install><--><a>1;python_version>'3' and $(x)><b>" in capfd.readouterr().out


@pytest.mark.parametrize(
    "requirement",
    [
        "--index-url=https://evil.example",
        "-r other.txt",
        "-e .",
        "./folder",
        "/tmp/tool.whl",
        "file:///tmp/tool.whl",
        "tool @ file:///tmp/tool.whl",
        "a b",
        "",
        7,
        "a" * 5000,
        "!a" * 400,
    ],
)
def test_what_is_no_package_is_refused(capsys, tmp_path, requirement):
    status = main(["install", requiring(tmp_path, "numpy", requirement), "--yes", "--python", "/not/there"])

    assert status == 1
    assert "is refused: it is neither a package nor a web address" in capsys.readouterr().err


@pytest.mark.parametrize(
    "requirement",
    [
        "numpy",
        "h5py==3.*",
        "a[b,c] >=1, <2 ; python_version < '3.13'",
        "x~=1!2.0+local",
        "git+https://host/x.git@1#egg=x",
    ],
)
def test_what_pip_knows_as_a_package_is_accepted(capsys, tmp_path, requirement):
    status = main(["install", requiring(tmp_path, requirement), "--yes", "--python", "/not/there"])

    assert status == 1
    assert "'/not/there' cannot be started" in capsys.readouterr().err


def test_a_failure_of_pip_is_told(capfd, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 3\n")
    python.chmod(0o755)

    assert main(["install", requiring(tmp_path, "b"), "--yes", "-p", str(python)]) == 1
    assert "pip ended with the status 3" in capfd.readouterr().err


def test_a_workflow_without_requirements_needs_nothing(capsys, tmp_path):
    source = save(tmp_path, diamond())

    assert main(["install", source]) == 0
    assert capsys.readouterr().out == f"{source} notes no requirements\n"


@pytest.mark.parametrize("command", ["submit", "cancel"])
def test_a_command_for_celery_says_so_where_it_is_not_installed(tmp_path, command):
    hidden = "import sys; sys.modules['celery'] = None; from workflows.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", hidden, command, save(tmp_path, diamond())],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("reprise: the engine 'celery' needs the package 'celery': pip install")
