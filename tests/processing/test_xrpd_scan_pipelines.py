"""The pipelines of scans and cakes, run as the portal runs them."""

import json

import h5py
import numpy as np
import pytest

from processing.pipelines import shipped_pipelines
from processing.recipe import Recipe
from processing.run import run_recipe
from processing.simulated_scan import MONITOR_RATE, write_powder_scan
from processing.techniques.xrpd.tasks.integrate import Integrate1D
from tests.processing.nexus_validators import assert_valid

N_FRAMES, N_POINTS, N_AZIMUTHAL = 11, 300, 24


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    return write_powder_scan(tmp_path_factory.mktemp("scan"), n_frames=N_FRAMES, detector="Pilatus100k")


def run(pipeline, staging, **values):
    """Run a shipped pipeline; return the manifest of what it staged."""
    [graph] = [each for each in shipped_pipelines() if each["graph"]["id"] == pipeline]
    told = []
    run_recipe(
        Recipe(
            job_id="1",
            attempt=1,
            workflow=graph,
            inputs=[{"id": "integrate", "name": name, "value": value} for name, value in values.items()],
            staging=str(staging),
            output_files=graph["graph"]["output_files"],
            tasks=[node["task_identifier"] for node in graph["nodes"]],
            summary="xrpd",
        ),
        told.append,
    )
    assert told[-1] == {"kind": "staged"}, told[-1]
    return json.loads((staging / "manifest.json").read_text())


def test_a_scan_becomes_patterns_per_monitor_and_a_waterfall(scan, tmp_path):
    manifest = run(
        "powder_scan",
        tmp_path,
        image=str(scan.path),
        geometry=scan.values["geometry"],
        scan="1.1",
        detector_name=scan.detector,
        monitor_name="monitor",
        reference=MONITOR_RATE,
        frame_axis="elapsed_time",
        n_points=N_POINTS,
        error_model="poisson",
    )

    one = Integrate1D(
        inputs={"image": scan.exposure, "geometry": scan.values["geometry"], "n_points": N_POINTS}
    )
    one.execute()
    with h5py.File(tmp_path / "integrate.nxs") as file:
        patterns = file["entry/data/I"][()]
    # The frames are the same exposure in a beam that the monitor counts.
    assert patterns.shape == (N_FRAMES, N_POINTS)
    assert patterns == pytest.approx(np.tile(one.outputs.y, (N_FRAMES, 1)), rel=1e-5, abs=1e-5)
    assert [file["name"] for file in manifest["files"]] == ["integrate.nxs", "record.json"]
    assert manifest["summary"]["maps"]


def test_a_cake_shows_each_ring_at_its_angle_all_around(scan, tmp_path):
    image = tmp_path / "image.npy"
    np.save(image, scan.exposure)

    manifest = run(
        "powder_cake",
        tmp_path,
        image=str(image),
        geometry=scan.values["geometry"],
        n_points=N_POINTS,
        n_azimuthal=N_AZIMUTHAL,
    )

    with h5py.File(tmp_path / "integrate.nxs") as file:
        cake, radial = file["entry/data/I"][0], file["entry/data/radial_axis"][()]
    assert cake.shape == (N_AZIMUTHAL, N_POINTS)
    strongest = scan.values["two_theta_deg"]
    step = radial[1] - radial[0]
    seen = [sector for sector in cake if sector.max() > 100]
    assert len(seen) > N_AZIMUTHAL / 4
    for sector in seen:
        assert min(abs(radial[sector.argmax()] - np.array(strongest))) < 1.5 * step
    assert manifest["summary"]["maps"]


@pytest.mark.parametrize("name", ["powder_pattern", "powder_background"])
def test_a_pattern_comes_as_text_too(name, scan, tmp_path):
    image, empty = tmp_path / "image.npy", tmp_path / "empty.npy"
    np.save(image, scan.exposure)
    np.save(empty, scan.exposure)
    values = {"geometry": scan.values["geometry"], "n_points": N_POINTS, "error_model": "poisson"}
    if name == "powder_background":
        values |= {"background": str(empty), "background_factor": 0.25}

    manifest = run(name, tmp_path, image=str(image), **values)

    assert {"integrate.nxs", "integrate.xye"} <= {file["name"] for file in manifest["files"]}
    assert_valid(tmp_path / "integrate.nxs", "NXazint1d")
    text = np.loadtxt(tmp_path / "integrate.xye")
    with h5py.File(tmp_path / "integrate.nxs") as file:
        stored = dict(zip(file["entry/data/radial_axis"][()], file["entry/data/I"][0], strict=True))
    assert text.shape[1] == 3
    assert [stored[min(stored, key=lambda x: abs(x - at))] for at in text[:, 0]] == pytest.approx(
        text[:, 1], rel=1e-4
    )
