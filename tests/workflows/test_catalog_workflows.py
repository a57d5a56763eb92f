"""Finding stored workflows without executing the packages that bring them."""

import json
import sys

import pytest
from package_samples import install, see_only

from workflows.catalog.stored_workflows import discover_workflows

EXPLODING = "raise RuntimeError('imported')"


def write(path, **graph):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"graph": graph, "nodes": []}))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install a package whose import would fail, and that announces patterns of workflows."""

    def install_package(*patterns):
        install(tmp_path, {"stored_sample.code": EXPLODING}, [("workflows", each) for each in patterns])
        (tmp_path / "stored_sample" / "__init__.py").write_text(EXPLODING)
        see_only(tmp_path, monkeypatch)
        return tmp_path / "stored_sample"

    return install_package


def test_announced_workflows_are_described_without_an_import(package):
    folder = package("stored_sample.flows.*", "stored_sample.*.main")
    write(
        folder / "flows" / "azint.json",
        id="azint",
        label="Azimuthal integration",
        keywords={"technique": "xrpd", "fast": None},
        description="Integrate.",
    )
    (folder / "flows" / "plain.yaml").write_text("graph: {id: plain, keywords: [a, b]}\nnodes: []\n")
    write(folder / "other" / "main.json")
    write(folder / "other" / "not_announced.json")

    catalog = discover_workflows()
    first = catalog.workflows[0]

    assert [each.name for each in catalog.workflows] == [
        "stored_sample.flows.azint",
        "stored_sample.flows.plain",
        "stored_sample.other.main",
    ]
    assert (first.label, first.description) == ("Azimuthal integration", "Integrate.")
    assert first.keywords == ("technique:xrpd", "fast")
    assert first.path == str(folder / "flows" / "azint.json")
    assert (first.package, first.version) == ("sample-package", "1.2")
    assert [each.label for each in catalog.workflows[1:]] == ["plain", "main"]
    assert catalog.workflows[1].keywords == ("a", "b")
    assert catalog.problems == ()
    assert "stored_sample" not in sys.modules


def test_workflows_in_folders_are_named_by_their_paths(package, tmp_path):
    package()
    write(tmp_path / "mine" / "deep" / "one.json", id="one")
    write(tmp_path / "mine" / "two.json", id="two")
    write(tmp_path / "mine" / ".reprise" / "hidden.json", id="hidden")

    catalog = discover_workflows([tmp_path / "mine", tmp_path / "mine" / "deep", tmp_path / "nowhere"])

    assert [(each.name, each.package) for each in catalog.workflows] == [
        ("deep/one.json", ""),
        ("two.json", ""),
    ]
    assert catalog.problems == (f"there is no folder {str(tmp_path / 'nowhere')!r}",)
    assert catalog.workflows[0].as_dict()["label"] == "one"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.json", b"{", "cannot be read: JSONDecodeError"),
        ("a.json", b"[" * 100_000, "is nested too deeply"),
        ("a.json", b"[1]", "is not a workflow"),
        ("a.json", b'{"name": "package"}', "is not a workflow"),
        ("a.json", b'{"graph": 3}', "is not a workflow"),
        ("a.json", b"\xff\xfe\xfd", "cannot be read: UnicodeDecodeError"),
        ("a.json", b" " * 20_000_001, "is larger than 20 MB"),
        ("a.yaml", b"a: [", "cannot be read: "),
        ("a.yaml", b"!!python/object/apply:os.system ['true']", "cannot be read: ConstructorError"),
        ("a.yaml", b"[" * 100_000, "is nested too deeply"),
        ("a.yaml", b"#" * 2_000_001, "is larger than 2 MB"),
    ],
)
def test_a_file_that_is_no_workflow_is_a_problem_and_the_others_are_found(
    package, tmp_path, name, content, problem
):
    package()
    write(tmp_path / "mine" / "good.json")
    (tmp_path / "mine" / name).write_bytes(content)

    catalog = discover_workflows([tmp_path / "mine"])

    assert [each.name for each in catalog.workflows] == ["good.json"]
    assert len(catalog.problems) == 1
    assert catalog.problems[0].startswith(f"{tmp_path / 'mine' / name}: {problem}")


def test_odd_attributes_are_left_out(package, tmp_path):
    package()
    write(tmp_path / "mine" / "odd.json", id=None, label=[1], keywords=[["x"], "y", {}], description={"a": 1})

    (workflow,) = discover_workflows([tmp_path / "mine"]).workflows

    assert (workflow.label, workflow.keywords, workflow.description) == ("odd", ("y",), "")


@pytest.mark.parametrize(
    "pattern", ["gone_sample.flows.*", "*.flows.*", "stored_sample", "stored_sample.code.x.*"]
)
def test_a_pattern_without_a_package_finds_nothing(package, pattern):
    package(pattern)

    assert discover_workflows().workflows == ()
