"""``reprise validate``."""

import json
from pathlib import Path

import pytest
from cli_samples import save
from workflow_samples import Add, diamond, graph, link, node

from workflows.cli.main import main


def line_of(path, text):
    """Return the number of the line where the item begins that has a text in it."""
    lines = Path(path).read_text().splitlines()
    found = next(i for i, line in enumerate(lines) if text in line)
    return next(i for i in range(found, -1, -1) if lines[i].strip().startswith(("{", "- "))) + 1


def write(tmp_path, document, name):
    if name.endswith(".json"):
        (tmp_path / name).write_text(json.dumps(document, indent=2))
    else:
        yaml = pytest.importorskip("yaml")
        (tmp_path / name).write_text(yaml.safe_dump(document, sort_keys=False))
    return str(tmp_path / name)


def test_a_valid_workflow_is_called_valid(capsys, tmp_path):
    path = save(tmp_path, diamond())

    assert main(["validate", path]) == 0
    assert capsys.readouterr().out == f"{path} is valid\n"


@pytest.mark.parametrize("name", ["broken.json", "broken.yaml"])
def test_every_problem_is_listed_with_the_line_of_its_node_or_link(capsys, tmp_path, name):
    document = graph(
        [node("one", Add, task_type="clas"), node("two", Add, task_type=None), node("three", Add)],
        [link("one", "two"), link("three", ["one", 5])],
        remarks={"nodes": [{"id": "one"}]},
    )
    path = write(tmp_path, document, name)

    status = main(["validate", path])
    first, second, third = capsys.readouterr().out.splitlines()

    assert status == 1
    assert (
        first
        == f"{path}:{line_of(path, 'clas')}: node 'one': there is no task type 'clas'; did you mean 'class'?"
    )
    assert second.endswith(": node 'two': 'task_type' is missing")
    assert int(first.split(":")[1]) < int(second.split(":")[1]) < int(third.split(":")[1])
    assert "link from 'three' to ['one', 5]: target: the id" in third


@pytest.mark.parametrize("name", ["broken.json", "broken.yaml"])
def test_the_second_of_two_nodes_with_one_id_is_shown(capsys, tmp_path, name):
    document = graph([node("one", Add), node("one", Add, label="again")])
    path = write(tmp_path, document, name)

    assert main(["validate", path]) == 1
    assert capsys.readouterr().out.startswith(f"{path}:{line_of(path, 'again')}: two nodes have the id 'one'")


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [("cut.json", '{"nodes": [\n\n  {"id": }]}', 3), ("cut.yaml", "nodes:\n- id: a\n- [\n", 4)],
)
def test_a_file_that_cannot_be_read_is_shown_where_it_goes_wrong(capsys, tmp_path, name, text, line):
    pytest.importorskip("yaml")
    path = tmp_path / name
    path.write_text(text)

    assert main(["validate", str(path)]) == 1
    assert capsys.readouterr().out.startswith(f"{path}:{line}: the graph is not valid")


def test_tasks_and_links_are_checked_too(capsys, tmp_path):
    document = diamond()
    document["links"][0]["data_mapping"][0]["source_output"] = "totl"
    path = write(tmp_path, document, "link.json")

    assert main(["validate", path]) == 1
    assert capsys.readouterr().out == (
        f"{path}:4: node 'top' (Add) has no output 'totl', which the link to 'left' uses; "
        "did you mean 'total'?\n"
    ).replace(":4:", f":{line_of(path, 'top')}:")


def test_inputs_that_a_run_must_still_be_given_are_noted(capsys, tmp_path):
    path = write(tmp_path, graph([node("first", Add), node("second", Add)]), "free.json")

    assert main(["validate", path]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{path} is valid",
        f"{path}:{line_of(path, 'first')}: note: node 'first' (Add) must be given 'a'",
        f"{path}:{line_of(path, 'second')}: note: node 'second' (Add) must be given 'a'",
    ]


def test_a_loop_without_a_beginning_is_noted(capsys, tmp_path):
    nodes = [node("a", Add), node("b", Add)]
    path = save(tmp_path, graph(nodes, [link("a", "b", {"total": "a"}), link("b", "a", {"total": "a"})]))

    assert main(["validate", path]) == 0
    assert "note: every node waits for another one" in capsys.readouterr().out


def test_one_invalid_workflow_among_several_counts(capsys, tmp_path):
    good = save(tmp_path, diamond(), "good.json")

    assert main(["validate", good, "nowhere.json", good]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{good} is valid",
        "nowhere.json: there is no workflow file 'nowhere.json'",
        f"{good} is valid",
    ]


def test_what_only_installed_packages_may_bring_is_checked_on_request(capsys, tmp_path):
    assert main(["validate", save(tmp_path, diamond()), "--policy", "installed"]) == 1
    assert "node 'top': task 'workflow_samples.Add' (class) is not allowed here" in capsys.readouterr().out
