import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from package_samples import install, see_only
from workflow_samples import Add, Fail, diamond, graph, link, node

from workflows.cli.main import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def saved(tmp_path):
    def save(document):
        path = tmp_path / "pipeline.json"
        path.write_text(json.dumps(document))
        return str(path)

    return save


@pytest.fixture
def reprise(tmp_path):
    def run(*arguments):
        environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}"}
        return subprocess.run(
            [sys.executable, "-m", "workflows.cli", *arguments],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            check=False,
            timeout=60,
        )

    return run


def test_a_workflow_runs_from_the_shell(reprise, saved):
    done = reprise("execute", saved(diamond()), "-p", "top:a=2")

    assert (done.returncode, done.stderr) == (0, "")
    assert "bottom.total = 114\n" in done.stdout
    assert [line.split()[1:3] for line in done.stdout.splitlines()[:2]] == [
        ["top", "started"],
        ["top", "succeeded"],
    ]


def test_a_failure_is_one_sentence(reprise, saved):
    done = reprise("execute", saved(graph([node("bad", Fail)])))

    assert done.returncode == 1
    assert done.stderr == "reprise: node 'bad' (Fail) failed: ValueError: the detector is upside down\n"


def test_the_traceback_is_shown_on_request(reprise, saved):
    done = reprise("execute", saved(graph([node("bad", Fail)])), "--traceback")

    assert done.returncode == 1
    assert 'raise ValueError("the detector is' in done.stderr


def test_tasks_beside_the_caller_can_be_named(reprise, saved, tmp_path):
    (tmp_path / "my_tasks.py").write_text("import numpy\ndef ramp(n): return numpy.zeros((n, 2), 'f4')")
    document = graph([{"id": "ramp", "task_type": "method", "task_identifier": "my_tasks.ramp"}])

    done = reprise("execute", saved(document), "-p", "n=3")

    assert done.stdout.endswith("ramp.return_value = float32 (3, 2)\n")


def test_json_is_the_only_thing_printed_on_request(capsys, saved):
    status = main(["execute", saved(diamond()), "--json", "--outputs", "all", "-p", "top:a=1"])
    printed = json.loads(capsys.readouterr().out)

    assert status == 0
    assert (printed["state"], printed["error"]) == ("succeeded", None)
    assert {"node": "bottom", "name": "total", "value": 112} in printed["outputs"]
    assert printed["nodes"][0] == {"id": "top", "state": "succeeded", "error": None}


@pytest.mark.parametrize(("wanted", "count"), [("none", 0), ("end", 1), ("all", 4)])
def test_the_outputs_to_show_are_chosen(capsys, saved, wanted, count):
    main(["execute", saved(diamond()), "--outputs", wanted])

    assert capsys.readouterr().out.count(" = ") == count


def test_a_parameter_goes_to_every_node_where_it_is_free(capsys, saved):
    main(["execute", saved(diamond()), "-p", "b=5", "--outputs", "all"])
    printed = capsys.readouterr().out

    # bottom.b is set by a link, so it is not free
    assert [line for line in printed.splitlines() if " = " in line] == [
        "top.total = 6",
        "left.total = 11",
        "right.total = 11",
        "bottom.total = 22",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("7", "7"), ("[1, 2]", "[1, 2]"), ("scan one", "'scan one'"), ("null", "None"), ("", "''")],
)
def test_a_value_is_json_or_else_a_text(capsys, saved, text, shown):
    document = graph([{"id": "same", "task_type": "class", "task_identifier": "workflow_samples.Choose"}])

    main(["execute", saved(document), "-p", f"value={text}"])

    assert capsys.readouterr().out.endswith(f"same.value = {shown}\n")


@pytest.mark.parametrize(
    ("parameter", "complaint"),
    [
        ("c=1", "-p c=1: there is no free input 'c'; known: 'a', 'b'"),
        ("to:a=1", "-p to:a=1: there is no node 'to'; did you mean 'top'?"),
        ("left:a=1", "-p left:a=1: there is no free input 'a'; known: 'b'"),
        ("a", "-p a: write NAME=VALUE or NODE:NAME=VALUE"),
    ],
)
def test_a_parameter_that_nobody_takes_is_a_misuse(capsys, saved, parameter, complaint):
    status = main(["execute", saved(diamond()), "-p", parameter])

    assert status == 2
    assert capsys.readouterr().err == f"reprise: {complaint}\n"


@pytest.mark.parametrize("command", ["execute", "validate"])
def test_a_file_that_is_not_there_is_told(capsys, command):
    status = main([command, "nowhere.json"])
    printed = capsys.readouterr()

    assert status == 1
    assert "there is no workflow file 'nowhere.json'" in printed.out + printed.err


def test_a_valid_workflow_is_called_valid(capsys, saved):
    path = saved(diamond())

    assert main(["validate", path]) == 0
    assert capsys.readouterr().out == f"{path} is valid\n"


def test_every_problem_of_a_workflow_is_listed(capsys, saved):
    document = graph([node("a", Add, task_type="clas"), node("b", Add, task_type=None)], [link("a", "b")])

    status = main(["validate", saved(document)])

    assert status == 1
    assert capsys.readouterr().out.splitlines() == [
        "node 'a': there is no task type 'clas'; did you mean 'class'?",
        "node 'b': 'task_type' is missing",
    ]


def test_installed_tasks_are_listed(capsys, monkeypatch, tmp_path):
    noisy = "import os, sys\nprint('printed')\nsys.stdout.flush()\nos.write(1, b'by a library in C')\n"
    modules = {"listed_sample": f"{noisy}def add(a, b=0): pass"}
    install(tmp_path, modules, [("tasks.method", "listed_sample"), ("tasks.method", "gone_sample")])
    see_only(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)  # the command looks in the current folder, too

    main(["tasks", "--json"])
    catalog = json.loads(capsys.readouterr().out)
    status = main(["tasks"])
    printed = capsys.readouterr()

    assert status == 0
    assert printed.out == "listed_sample.add (method): a, [b] -> return_value\n"
    assert printed.err.startswith("reprise: gone_sample: ModuleNotFoundError")
    assert [task["task_identifier"] for task in catalog["tasks"]] == ["listed_sample.add"]
    assert len(catalog["problems"]) == 1


def test_without_a_command_the_usage_is_shown(capsys):
    with pytest.raises(SystemExit) as stop:
        main([])

    assert stop.value.code == 2
    assert "usage: reprise" in capsys.readouterr().err
