"""The calibration pipeline, run as the portal runs it, and the pictures."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from uuid import uuid4

import h5py
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from pyFAI.io.ponifile import PoniFile

from processing.pipelines import shipped_pipelines
from processing.recipe import Recipe, write_recipe
from processing.simulation import default_geometry, write_powder_dataset
from processing.techniques.xrpd.calibrants import calibrant_names
from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.tasks.calibrate import CAN_BE_FIXED, CalibrateSingle
from processing.techniques.xrpd.tasks.diagnostics import DiagnoseCalibrateSingleResults, DiagnoseIntegrate1D
from processing.techniques.xrpd.tasks.integrate import Integrate1D
from workflows import InputError

PROJECT = Path(__file__).resolve().parents[2]
GRAPH = json.loads(
    (files("processing.techniques.xrpd") / "pipelines" / "powder_calibration.json").read_text()
)
SCHEMA = GRAPH["graph"]["input_schema"]
X = np.linspace(1, 20, 400)


def test_a_calibration_runs_as_the_portal_runs_it(tmp_path):
    truth = default_geometry("Pilatus100k", 20.0, 0.1)
    written = write_powder_dataset(
        tmp_path / "raw", geometry=truth.as_dict(), detector="Pilatus100k", energy_kev=20.0, seed=2
    )
    staging = tmp_path / "staging"
    staging.mkdir()
    start = {"dist": 0.104, "detector": "Pilatus100k"}
    values = {
        "image": str(written.image),
        "calibrant": "LaB6",
        "energy": 20.0,
        "geometry": start,
        "fixed": "energy",
    }
    Draft202012Validator(SCHEMA).validate(values | {"image": 1})
    recipe = Recipe(
        job_id=str(uuid4()),
        attempt=1,
        workflow=GRAPH,
        inputs=[{"id": SCHEMA["properties"][n]["node"], "name": n, "value": v} for n, v in values.items()],
        output_files=GRAPH["graph"]["output_files"],
        staging=str(staging),
        roots=[str(tmp_path / "raw")],
        input_files={"image": str(written.image)},
        tasks=[node["task_identifier"] for node in GRAPH["nodes"]],
        summary="xrpd",
    )
    write_recipe(recipe, tmp_path / "recipe.json")

    command = [sys.executable, "-m", "processing.run", str(tmp_path / "recipe.json")]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)

    assert ended.returncode == 0, ended.stderr
    names = [file["name"] for file in json.loads((staging / "manifest.json").read_text())["files"]]
    assert {"calibration.nxs", "calibration.poni", "calibration.png"} <= set(names)
    with h5py.File(staging / "calibration.nxs") as file:
        used = file["entry/reduction/input"]
        assert used["calibrant"].asstr()[()] == "LaB6"
        assert used["calibration_residual_deg"][()] < 0.01
        assert used["calibration_chi2"][()] > 0
        assert "orientation 3" in used["calibration_note"].asstr()[()]
        assert file["entry/definition"].asstr()[()] == "NXazint1d"
        assert file["entry/data/I"].shape == (1, 1000)
    found = read_geometry(staging / "calibration.poni")
    assert found.dist == pytest.approx(truth.dist, rel=1e-3)
    by_pyfai = PoniFile(str(staging / "calibration.poni"))
    assert by_pyfai.dist == found.dist
    assert by_pyfai.detector.orientation == 3
    assert pixels_of(staging / "calibration.png").shape == (600, 1200, 3)


def test_the_form_says_where_each_value_goes_and_offers_what_is_accepted():
    Draft202012Validator.check_schema(SCHEMA)
    assert GRAPH in list(shipped_pipelines())
    properties = SCHEMA["properties"]
    accepted = {"calibrate": set(CalibrateSingle.input_names()), "integrate": set(Integrate1D.input_names())}
    for name, spec in properties.items():
        assert name in accepted[spec["node"]]
        assert spec["title"]
        assert spec["description"]
        if "enumNames" in spec:
            assert len(spec["enumNames"]) == len(spec["enum"])
    assert set(properties["calibrant"]["enum"]) <= set(calibrant_names())
    assert {name for choice in properties["fixed"]["enum"] for name in choice.split(",")} <= set(CAN_BE_FIXED)
    assert sorted(GRAPH["graph"]["ui_schema"]["ui:order"]) == sorted(properties)


def pixels_of(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def draw_rings(path, image, **inputs):
    place = default_geometry("Pilatus100k", 20.0, 0.1)
    given = {
        "image": image,
        "detector": "Pilatus100k",
        "calibrant": "LaB6",
        "geometry": replace(place, orientation=3).as_dict(),
        "energy": 20.0,
        "filename": str(path),
        "figsize": (6, 3),
        "rings": {"(1 0 0)": {"p0": [20.0, 30.0], "p1": [100.0, 110.0]}},
    }
    task = DiagnoseCalibrateSingleResults(inputs=given | inputs)
    task.execute()
    return task.outputs.saved


def draw_pattern(path, **inputs):
    given = {"x": X, "y": X**2, "xunits": "2th_deg", "filename": str(path), "figsize": (6, 3)}
    task = DiagnoseIntegrate1D(inputs=given | inputs)
    task.execute()
    return task.outputs.saved


def test_a_picture_is_the_same_bytes_for_the_same_content_and_shows_the_mask(tmp_path):
    image = np.random.default_rng(3).poisson(100, (195, 487)).astype(np.int32)
    mask = np.zeros(image.shape)
    mask[:, 200:300] = 1

    saved = [draw_rings(tmp_path / name, image) for name in ("a.png", "b.png")]
    draw_rings(tmp_path / "masked.png", image, mask=mask)

    assert saved == [True, True]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert pixels_of(tmp_path / "a.png").shape == (300, 600, 3)
    red, green, blue = (pixels_of(tmp_path / "masked.png")[..., colour].astype(int) for colour in range(3))
    assert ((red < 30) & (green < 70) & (blue > 90) & (blue < 130)).mean() > 0.01


@pytest.mark.parametrize("unit", ["2th_deg", "2th_rad", "q_nm^-1", "q_A^-1", "d*2_A^-2", "r_mm"])
def test_the_lines_of_a_calibrant_are_drawn_in_every_angular_unit(unit, tmp_path):
    x = {"2th_rad": np.radians(X), "q_nm^-1": 2 * X, "q_A^-1": X / 5, "d*2_A^-2": X / 100}.get(unit, X)

    given = {"x": x, "xunits": unit, "yerror": np.ones(400)}
    draw_pattern(tmp_path / "bare.png", **given)
    draw_pattern(tmp_path / "lines.png", **given, calibrant="LaB6", energy=20.0)

    is_same = np.array_equal(pixels_of(tmp_path / "bare.png"), pixels_of(tmp_path / "lines.png"))
    assert is_same == (unit == "r_mm")  # a radius needs a distance


def test_without_a_file_name_nothing_is_drawn(tmp_path):
    assert draw_pattern("", filename=None, show=True) is False
    assert draw_rings("", np.ones((195, 487)), filename=None) is False


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"y": X[:-1]}, "one length"),
        ({"xunits": "furlong"}, "is not one of"),
        ({"calibrant": "LaB6"}, "needs the energy"),
        ({"scaling": "cubic"}, "is not one of"),
        ({"dpi": 1e6}, "at most 600"),
        ({"figsize": (1e4, 1)}, "inches"),
        ({"filename": "/no/a.png"}, "does not exist"),
    ],
)
def test_what_cannot_be_drawn_is_refused(inputs, words, tmp_path):
    with pytest.raises(InputError, match=words):
        draw_pattern(tmp_path / "a.png", **inputs)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"rings": {"(9 9 9)": {"p0": [1], "p1": [1]}}}, "has no ring"),
        ({"rings": {"(1 0 0)": {"p0": [1, 2], "p1": [1]}}}, "as many"),
        ({"mask": np.zeros((20, 20))}, "The mask has shape"),
        ({"calibrant": "LaB7"}, "did you mean"),
    ],
)
def test_rings_that_do_not_fit_are_refused(inputs, words, tmp_path):
    with pytest.raises(InputError, match=words):
        draw_rings(tmp_path / "a.png", np.ones((195, 487)), **inputs)
    assert not list(tmp_path.iterdir())
