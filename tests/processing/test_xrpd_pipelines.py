"""The shipped pipelines of one image run, from every form of link."""

from importlib.resources import files

import h5py
import numpy as np
import pytest

from processing.pipelines import read_pipeline
from workflows import execute_graph

PIPELINES = files("processing.techniques.xrpd") / "pipelines"


def load(name):
    return read_pipeline(PIPELINES, name)


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
