"""Inputs on the command line."""

import pytest
from cli_samples import save
from workflow_samples import Add, Choose, diamond, graph, link, node

from workflows.cli.main import main


def outputs_of(capsys, *arguments):
    """Run a workflow with all outputs and return those by name."""
    assert main(["execute", *arguments, "--outputs", "all", "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    return dict(line.split(" = ") for line in lines if " = " in line)


@pytest.mark.parametrize(
    ("arguments", "totals"),
    [
        # bottom.b is set by a link, so it is not free
        (["-p", "b=5"], ["6", "11", "11", "22"]),
        (["-p", "top:b=5"], ["6", "16", "106", "122"]),
        (["-pn", "top:b=5"], ["6", "16", "106", "122"]),
        (["-pl", "Left one:b=5"], ["1", "6", "101", "107"]),
        (["-pt", "Add:b=5"], ["6", "11", "11", "22"]),
        (["-ps", "b=5"], ["6", "16", "106", "122"]),
        (["-pa", "b=5"], ["6", "11", "11", "22"]),
        (["--inputs", "start", "-p", "b=5"], ["6", "16", "106", "122"]),
        (["--inputs", "all", "-p", "b=5"], ["6", "11", "11", "22"]),
        (["--inputs", "label", "-p", "Left one:b=5"], ["1", "6", "101", "107"]),
        (["--input-node-id", "label", "-p", "Left one:b=5"], ["1", "6", "101", "107"]),
        (["--inputs", "taskid", "-p", "Add:b=5"], ["6", "11", "11", "22"]),
        (
            ["--inputs", "start", "--inputs", "label", "-p", "b=5", "-p", "Left one:b=6"],
            ["6", "12", "106", "118"],
        ),
    ],
)
def test_inputs_go_where_their_option_says(capsys, tmp_path, arguments, totals):
    document = diamond()
    document["nodes"][1]["label"] = "Left one"

    found = outputs_of(capsys, save(tmp_path, document), *arguments)

    assert [found[f"{name}.total"] for name in ("top", "left", "right", "bottom")] == totals


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("7", "7"),
        ("[1, 2]", "[1, 2]"),
        ("scan one", "'scan one'"),
        ("null", "None"),
        ("", "''"),
        ("a=b:c", "'a=b:c'"),
    ],
)
def test_a_value_is_json_or_else_a_text(capsys, tmp_path, text, shown):
    document = graph([node("same", Choose)])

    main(["execute", save(tmp_path, document), "-p", f"value={text}"])

    assert f"\nsame.value = {shown}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["-p", "c=1"], "-p c=1: there is no free input 'c'; known: 'a', 'b'"),
        (["-p", "to:a=1"], "-p to:a=1: there is no node 'to'; did you mean 'top'?"),
        (["-p", "left:a=1"], "-p left:a=1: there is no free input 'a'; known: 'b'"),
        (["-p", "a"], "-p a: write NAME=VALUE or NODE:NAME=VALUE"),
        (["-pn", "a=1"], "-pn a=1: write NODE:NAME=VALUE"),
        (["-pn", "tip:a=1"], "-pn tip:a=1: there is no node 'tip'; did you mean 'top'?"),
        (["-pl", "tip:a=1"], "-pl tip:a=1: there is no node with the label 'tip'; did you mean 'top'?"),
        (
            ["-pt", "Ad:a=1"],
            "-pt Ad:a=1: there is no node with the task 'Ad'; known: 'workflow_samples.Add'",
        ),
        (["-ps", "top:a=1"], "-ps top:a=1: write NAME=VALUE"),
        (["-ps", "bb=1"], "-ps bb=1: there is no free input 'bb'; did you mean 'b'?"),
        (["-pa", "bb=1"], "-pa bb=1: there is no free input 'bb'; did you mean 'b'?"),
        (["-p", "a=" + "[" * 100_000], "the value [[[[[[[[[[[[[[[[[[[[... is nested too deeply"),
    ],
)
def test_an_input_that_nobody_takes_is_a_misuse(capsys, tmp_path, arguments, complaint):
    status = main(["execute", save(tmp_path, diamond()), *arguments])
    printed = capsys.readouterr()

    assert status == 2
    assert printed.err == f"reprise: {complaint}\n"
    assert printed.out == ""


def test_nothing_runs_when_an_input_is_misspelt_for_the_last_of_several(capsys, tmp_path):
    other = save(tmp_path, graph([node("other", Choose)]), "other.json")

    assert main(["execute", save(tmp_path, diamond()), other, "-pn", "top:b=1"]) == 2
    assert capsys.readouterr().out == ""


def test_a_node_of_a_sub_graph_is_named_with_colons(capsys, tmp_path):
    inner = {**graph([node("add", Add)]), "graph": {"id": "inner"}}
    outer = graph(
        [{"id": "sub", "task_type": "graph", "task_identifier": save(tmp_path, inner, "inner.json")}]
    )

    found = outputs_of(capsys, save(tmp_path, outer), "-p", "sub:add:a=4")

    assert found == {"sub:add.total": "4"}


def test_an_input_that_comes_back_in_a_loop_may_have_a_first_value(capsys, tmp_path):
    again = link("again", "again", {"total": "a"}, conditions=[{"source_output": "total", "value": 4}])
    document = graph([node("again", Add, defaults={"b": 1}, force_start_node=True)], [again])

    found = outputs_of(capsys, save(tmp_path, document), "-p", "again:a=3")

    assert found == {"again.total": "5"}  # 3 + 1 is 4, so once again: 4 + 1
