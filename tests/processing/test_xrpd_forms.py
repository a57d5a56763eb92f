"""Every shipped form asks for what its tasks take, in choices and units that they take."""

from pathlib import Path

import pytest
from icat_esrf_definitions import DEFINITIONS_FILE
from jsonschema import Draft202012Validator

from processing.pipelines import shipped_pipelines
from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.options import UNITS, read_method
from workflows.catalog.resolve import resolve_task

SHIPPED = [graph for graph in shipped_pipelines() if graph["graph"]["summary"] == "xrpd"]
OWN_NAMES = {f"XRPD_geometry_{name}" for name in (
    "dist", "poni1", "poni2", "rot1", "rot2", "rot3", "detector", "pixel1", "pixel2", "orientation"
)}  # fmt: skip

pytestmark = pytest.mark.parametrize("graph", SHIPPED, ids=lambda graph: graph["graph"]["id"])


def properties(graph):
    return graph["graph"]["input_schema"]["properties"]


def specs(graph):
    """Every value that a form asks for, those in the geometry too."""
    below = properties(graph)["geometry"]["properties"] if "geometry" in properties(graph) else {}
    return [*properties(graph).values(), *below.values()]


def test_each_value_goes_to_an_input_of_a_node(graph):
    tasks = {node["id"]: resolve_task(node["task_type"], node["task_identifier"]) for node in graph["nodes"]}

    for name, spec in properties(graph).items():
        assert name in tasks[spec["node"]].input_names()
    for file in graph["graph"]["output_files"]:
        assert file["name"] in tasks[file["id"]].input_names()
    for link in graph["links"]:
        for mapped in link["data_mapping"]:
            assert mapped["source_output"] in tasks[link["source"]].output_names()
            assert mapped["target_input"] in tasks[link["target"]].input_names()


def test_the_form_is_a_json_schema_in_a_complete_order(graph):
    schema = graph["graph"]["input_schema"]

    Draft202012Validator.check_schema(schema)
    assert set(schema["required"]) <= set(schema["properties"])
    assert sorted(graph["graph"]["ui_schema"]["ui:order"]) == sorted(schema["properties"])


def test_every_value_is_named_and_explained_and_every_choice_too(graph):
    for spec in specs(graph):
        assert spec["title"]
        assert spec["description"].endswith(".")
        assert len(spec.get("enumNames", ())) == (len(spec["enum"]) if "enumNames" in spec else 0)


def test_every_choice_is_one_that_the_tasks_take(graph):
    asked = properties(graph)

    assert asked.get("unit", {}).get("enum", list(UNITS)) == list(UNITS)
    assert all(read_method(method) for method in asked.get("method", {}).get("enum", ()))


def test_what_is_taken_from_a_dataset_has_an_official_name_or_one_of_ours(graph):
    official = Path(DEFINITIONS_FILE).read_text(encoding="utf-8")
    names = {source["value"] for spec in specs(graph) for source in spec.get("populate", ())}

    assert names >= {"InstrumentMonochromator_energy", "XRPD_geometry_dist"}
    assert all(name in OWN_NAMES or "${" + name + "}" in official for name in names)


def test_the_geometry_is_one_that_the_task_reads(graph):
    schema = properties(graph)["geometry"]
    given = {name: spec.get("default", 0.1) for name, spec in schema["properties"].items()} | {"detector": ""}

    Draft202012Validator(schema).validate(given)
    assert read_geometry(given, energy_kev=10).dist == 0.1
