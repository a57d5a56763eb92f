"""The shipped pipelines run, from every form of link, and describe their forms."""

from importlib.resources import files
from pathlib import Path

import h5py
import numpy as np
import pytest
from icat_esrf_definitions import DEFINITIONS_FILE
from jsonschema import Draft202012Validator

from processing.pipelines import read_pipeline
from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.options import UNITS, read_method
from processing.techniques.xrpd.save import SaveNexusPattern1D
from processing.techniques.xrpd.tasks.integrate import Integrate1D
from workflows import InputError, execute_graph

PIPELINES = files("processing.techniques.xrpd") / "pipelines"
OWN_NAMES = {f"XRPD_geometry_{name}" for name in (
    "dist", "poni1", "poni2", "rot1", "rot2", "rot3", "detector", "pixel1", "pixel2", "orientation"
)}  # fmt: skip


def load(name):
    return read_pipeline(PIPELINES, name)


def run(graph, simulated, target):
    inputs = [
        {"id": "integrate", "name": "image", "value": str(simulated.image)},
        {"id": "integrate", "name": "geometry", "value": str(simulated.poni)},
        {"id": "integrate", "name": "error_model", "value": "poisson"},
        {"id": "save", "name": "filename", "value": str(target)},
    ]
    return execute_graph(graph, inputs=inputs)


@pytest.mark.parametrize("name", ["integrate_save.json", "powder_pattern.json"])
@pytest.mark.parametrize("links", ["data_mapping", "map_all_data"])
def test_a_pipeline_integrates_and_saves(name, links, simulated, tmp_path):
    graph = load(name)
    if links == "map_all_data":
        graph["links"] = [{"source": "integrate", "target": "save", "map_all_data": True}]

    run(graph, simulated, tmp_path / "a.nxs")

    with h5py.File(tmp_path / "a.nxs") as file:
        assert file["entry/data/I"].shape == (1, 1000)
        assert np.isfinite(file["entry/data/I_errors"][()]).any()
        assert file["entry/reduction/input/image_file"].asstr()[()] == simulated.image.name


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


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"x": np.arange(5), "y": np.arange(5), "xunits": "2th_deg"}, "needs a filename"),
        ({"filename": "a.nxs", "y": np.arange(5), "xunits": "2th_deg"}, "needs x, y"),
        ({"filename": "a.nxs", "x": np.arange(5), "y": np.arange(5), "xunits": "furlong"}, "known unit"),
        ({"filename": "a.nxs", "x": np.arange(5), "y": np.arange(6), "xunits": "2th_deg"}, "one length"),
        (
            {"filename": "/no/a.nxs", "x": np.arange(5), "y": np.arange(5), "xunits": "2th_deg"},
            "does not exist",
        ),
    ],
)
def test_what_cannot_be_saved_is_refused(inputs, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=words):
        SaveNexusPattern1D(**inputs)


def test_either_set_of_names_and_a_url_do(tmp_path):
    curve = np.arange(5.0)

    saved = SaveNexusPattern1D(
        url=f"{tmp_path}/a.nxs::/entry",
        radial=curve,
        intensity=curve,
        radial_units="q_nm^-1",
        intensity_error=curve,
    )

    assert saved == f"{tmp_path}/a.nxs"
    with h5py.File(saved) as file:
        assert file["entry/data/radial_axis"].attrs["units"] == "1/nm"


def test_only_the_task_itself_is_found_in_its_module():
    from processing.techniques.xrpd import save

    public = [name for name, value in vars(save).items() if callable(value) and not name.startswith("_")]
    assert [name for name in public if getattr(save, name).__module__ == save.__name__] == [
        "SaveNexusPattern1D"
    ]
