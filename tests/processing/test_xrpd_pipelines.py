"""The shipped pipelines run, from every form of link, and describe their forms."""

import json
from importlib.resources import files
from pathlib import Path

import h5py
import numpy as np
import pytest
from icat_esrf_definitions import DEFINITIONS_FILE
from jsonschema import Draft202012Validator

from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.options import UNITS, read_method
from processing.techniques.xrpd.tasks.integrate import Integrate1D
from workflows import execute_graph

PIPELINES = files("processing.techniques.xrpd") / "pipelines"
OWN_NAMES = {f"XRPD_geometry_{name}" for name in (
    "dist", "poni1", "poni2", "rot1", "rot2", "rot3", "detector", "pixel1", "pixel2", "orientation"
)}  # fmt: skip


def load(name):
    return json.loads((PIPELINES / name).read_text())


def run(graph, simulated, target):
    inputs = [
        {"id": "integrate", "name": "image", "value": str(simulated.image)},
        {"id": "integrate", "name": "geometry", "value": str(simulated.poni)},
        {"id": "integrate", "name": "error_model", "value": "poisson"},
        {"id": "save", "name": "filename", "value": str(target)},
    ]
    if any(node["id"] == "save_text" for node in graph["nodes"]):
        inputs.append({"id": "save_text", "name": "filename", "value": str(target.with_suffix(".xye"))})
    return execute_graph(graph, inputs=inputs)


@pytest.mark.parametrize("name", ["integrate_save.json", "powder_pattern.json"])
@pytest.mark.parametrize("links", ["data_mapping", "map_all_data"])
def test_a_pipeline_integrates_and_saves(name, links, simulated, tmp_path):
    graph = load(name)
    if links == "map_all_data":
        graph["links"] = [
            {"source": link["source"], "target": link["target"], "map_all_data": True}
            for link in graph["links"]
        ]

    run(graph, simulated, tmp_path / "a.nxs")

    with h5py.File(tmp_path / "a.nxs") as file:
        assert file["entry/data/I"].shape == (1, 1000)
        assert np.isfinite(file["entry/data/I_errors"][()]).any()
        assert file["entry/reduction/input/image_file"].asstr()[()] == simulated.image.name
        stored = np.stack([file[f"entry/data/{name}"][()].ravel() for name in ("I", "I_errors")])
    if name == "powder_pattern.json":
        _, *columns = np.loadtxt(tmp_path / "a.xye").T
        assert np.array_equal(np.float32(columns), stored[:, stored[1] > 0])


def test_the_form_is_a_json_schema_that_says_where_each_value_goes():
    graph = load("powder_pattern.json")
    schema = graph["graph"]["input_schema"]

    Draft202012Validator.check_schema(schema)
    nodes = {node["id"] for node in graph["nodes"]}
    accepted = set(Integrate1D.input_names())
    for name, spec in schema["properties"].items():
        assert spec["node"] in nodes
        assert name in accepted
    assert sorted(graph["graph"]["ui_schema"]["ui:order"]) == sorted(schema["properties"])


def test_every_choice_of_the_form_is_one_that_the_task_takes():
    properties = load("powder_pattern.json")["graph"]["input_schema"]["properties"]

    assert properties["unit"]["enum"] == list(UNITS)
    assert all(read_method(method) for method in properties["method"]["enum"])
    for spec in (*properties.values(), *properties["geometry"]["properties"].values()):
        assert len(spec.get("enumNames", ())) == (len(spec["enum"]) if "enumNames" in spec else 0)
        assert spec["title"]
        assert spec["description"]


def test_what_the_form_takes_from_a_dataset_has_an_official_name_or_one_of_ours():
    official = Path(DEFINITIONS_FILE).read_text(encoding="utf-8")
    properties = load("powder_pattern.json")["graph"]["input_schema"]["properties"]

    names = {
        source["value"]
        for spec in (*properties.values(), *properties["geometry"]["properties"].values())
        for source in spec.get("populate", ())
    }

    assert names >= {"InstrumentMonochromator_energy", "XRPD_geometry_dist"}
    assert all(name in OWN_NAMES or "${" + name + "}" in official for name in names)


def test_the_geometry_of_the_form_is_one_that_the_task_reads():
    schema = load("powder_pattern.json")["graph"]["input_schema"]["properties"]["geometry"]
    given = {name: spec.get("default", 0.1) for name, spec in schema["properties"].items()} | {"detector": ""}

    Draft202012Validator(schema).validate(given)
    assert read_geometry(given, energy_kev=10).dist == 0.1
