"""The command line of ewoks: what it accepts is accepted here, with the same outcome."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ewoks", reason="ewoks is not installed (make test-peers)")

ROOT = Path(__file__).parents[2]
OURS = [sys.executable, "-m", "workflows.cli"]
THEIRS = [sys.executable, "-m", "ewoks"]
BANNER = ["#" * 35, "# Execute workflow 'demo'", "#" * 35]


def run(program, folder, *arguments):
    return subprocess.run(
        [*program, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
        timeout=120,
    )


@pytest.fixture
def adding(tmp_path):
    """Return the name of a workflow of two sums: b is task1's, label "Second" task2's."""
    task = "ewokscore.tests.examples.tasks.sumtask.SumTask"
    inputs = [{"name": "a", "value": 1}]
    nodes = [
        {"id": "task1", "task_type": "class", "task_identifier": task, "default_inputs": inputs},
        {"id": "task2", "label": "Second", "task_type": "class", "task_identifier": task},
    ]
    mapping = [{"source_output": "result", "target_input": "a"}]
    links = [{"source": "task1", "target": "task2", "data_mapping": mapping}]
    path = tmp_path / "adding.json"
    path.write_text(json.dumps({"graph": {"id": "adding"}, "nodes": nodes, "links": links}))
    return path.name


def saved_inputs(path):
    nodes = json.loads(path.read_text())["nodes"]
    return {node["id"]: {i["name"]: i["value"] for i in node.get("default_inputs", ())} for node in nodes}


def test_the_banner_and_the_ending_are_those_of_ewoks(tmp_path):
    arguments = ("execute", "demo", "--test", "--outputs", "end")
    ours, theirs = run(OURS, tmp_path, *arguments), run(THEIRS, tmp_path, *arguments)

    for done in (ours, theirs):
        lines = [line for line in done.stdout.splitlines() if line]
        assert (done.returncode, lines[:3], lines[-1]) == (0, BANNER, "FINISHED")
    assert "{'task6': {'result': 18}}" in theirs.stdout
    assert "task6.result = 18" in ours.stdout


def test_a_failure_ends_alike(tmp_path):
    ours, theirs = (run(each, tmp_path, "execute", "nowhere.json") for each in (OURS, THEIRS))

    for done in (ours, theirs):
        assert done.returncode == 1
        assert "FAILED" in done.stdout.splitlines()
    assert ours.stderr == "reprise: there is no workflow file 'nowhere.json'\n"


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (["-pn", "task1:b=10"], 11),
        (["--parameter-nodeid", "task2:b=10"], 11),
        (["-pt", "SumTask:b=10"], 21),
        (["-pl", "Second:b=10"], 11),
        (["-ps", "b=10"], 11),
        (["-pa", "b=10"], 21),
        (["-p", "task1:b=10"], 11),
        (["-p", "b=10", "--inputs", "start"], 11),
        (["-p", "b=10", "--inputs", "all"], 21),
        (["-p", "Second:b=10", "--input-node-id", "label"], 11),
        (["-p", "SumTask:b=10", "--input-node-id", "taskid"], 21),
    ],
)
def test_inputs_mean_the_same(tmp_path, adding, arguments, result):
    shown = ["--outputs", "end", "--merge-outputs"]
    ours, theirs = (run(each, tmp_path, "execute", adding, *shown, *arguments) for each in (OURS, THEIRS))

    assert "\nFINISHED\n" in theirs.stdout
    assert f"'result': {result}" in theirs.stdout
    assert f"\nresult = {result}\n" in ours.stdout


def test_the_other_options_are_accepted(tmp_path, adding):
    arguments = [
        "--data-root-uri",
        str(tmp_path / "data"),
        "--data-scheme",
        "json",
        "--jobid",
        "seven",
        "-l",
        "error",
    ]
    arguments += [
        "--sqlite3",
        f"file:{tmp_path}/{{}}.db",
        "-t",
        "profile_directory=profiles",
        "--engine",
        "core",
        "--workflow-format",
        "json",
    ]
    arguments += [
        "-o",
        f"convert_destination={tmp_path}/{{}}.json",
        "--workflow-dir",
        ".",
        "-pn",
        "task1:b=3",
    ]

    for name, program in (("ours", OURS), ("theirs", THEIRS)):
        done = run(program, tmp_path, "execute", adding, *(word.format(name) for word in arguments))
        assert (done.returncode, done.stdout.splitlines()[-1:] == ["FAILED"]) == (0, False), done.stderr
    assert saved_inputs(tmp_path / "ours.json") == saved_inputs(tmp_path / "theirs.json")
    assert (tmp_path / "ours.db").exists() == (tmp_path / "theirs.db").exists() is True


def test_conversions_mean_the_same(tmp_path, adding):
    arguments = ["--src-format", "json", "--dst-format", "json", "-s", "indent=1", "-pl", "Second:b=7"]
    for name, program in (("ours", OURS), ("theirs", THEIRS)):
        wanted = ["convert", adding, f"{name}.json", "--exclude-requirements", *arguments]
        assert run(program, tmp_path, *wanted).returncode == 0
        assert run(program, tmp_path, "convert", adding, adding, f"_{name}.yaml").returncode == 0

    assert saved_inputs(tmp_path / "ours.json") == saved_inputs(tmp_path / "theirs.json")
    assert saved_inputs(tmp_path / "ours.json")["task2"] == {"b": 7}
    assert (tmp_path / "adding_ours.yaml").exists()
    assert (tmp_path / "adding_theirs.yaml").exists()


def test_the_free_inputs_are_the_same(tmp_path):
    ours = run(OURS, tmp_path, "show", "demo", "--test", "--format", "table")
    theirs = run(THEIRS, tmp_path, "show", "demo", "--test")
    their_rows = [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in theirs.stdout.splitlines() if "│" in line
    ]
    our_rows = [line.split()[:2] for line in ours.stdout.splitlines()[2:]]

    assert our_rows == [[row[3], row[0]] for row in their_rows[1:]]
