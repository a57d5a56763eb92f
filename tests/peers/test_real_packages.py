"""Workflows of tasks that others wrote for ewoks run unchanged here, and give the same arrays.

The image is a simulated one. ``POWDER_IMAGE`` names a file that is taken as
well: a real image of a Pilatus 1M.
"""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest

ewoks = pytest.importorskip("ewoks", reason="ewoks is not installed (make test-peers)")
pytest.importorskip("ewoksxrpd", reason="ewoksxrpd is not installed (pip install ewoksxrpd)")

from processing.nexus.images import read_image  # noqa: E402
from processing.simulation import write_powder_dataset  # noqa: E402
from workflows import execute_graph, find_problems, run_graph  # noqa: E402

# The packages of others may use what is deprecated in those that they use.
pytestmark = pytest.mark.filterwarnings("default")

TASKS = "ewoksxrpd.tasks"
REAL_PONI = """\
poni_version: 2
Detector: Pilatus1M
Detector_config: {}
Distance: 0.284634930882
Poni1: 0.08722
Poni2: 0.08342
Rot1: -0.000251
Rot2: 0.000603
Rot3: 0.0
Wavelength: 3.344e-11
"""
CONFIGURED = (
    "energy",
    "geometry",
    "detector",
    "detector_config",
    "mask",
    "integration_options",
)
OPTIONS = {"method": "no_csr_cython", "nbpt_rad": 1000, "unit": "2th_deg", "error_model": "poisson"}


def node(node_id, task, **values):
    defaults = [{"name": name, "value": value} for name, value in values.items()]
    identifier = f"{TASKS}.{task}"
    return {"id": node_id, "task_type": "class", "task_identifier": identifier, "default_inputs": defaults}


def link(source, target, mapping):
    items = [{"source_output": output, "target_input": name} for output, name in mapping.items()]
    return {"source": source, "target": target, "data_mapping": items}


def workflow(poni, folder):
    """Configure, integrate, save as text and as NeXus: the workflow of the package's documentation."""
    nodes = [
        node("config", "pyfaiconfig.PyFaiConfig", filename=str(poni), integration_options=OPTIONS),
        node("integrate", "integrate.IntegrateSinglePattern"),
        node("ascii", "ascii.SaveAsciiPattern1D", filename=str(folder / "pattern.dat")),
        node("nexus", "nexus.SaveNexusIntegrated", url=str(folder / "pattern.h5")),
    ]
    outputs = ("radial", "intensity", "radial_units", "intensity_error", "info")
    links = [
        link("config", "integrate", {name: name for name in CONFIGURED}),
        link(
            "integrate",
            "ascii",
            {"radial": "x", "intensity": "y", "radial_units": "xunits", "info": "header"},
        ),
        link("integrate", "nexus", {name: name for name in outputs}),
    ]
    return {"graph": {"id": "xrpd", "schema_version": "1.1"}, "nodes": nodes, "links": links}


@pytest.fixture(scope="module", params=["simulated", "real"])
def exposure(request, tmp_path_factory):
    """An image as an array, and its geometry."""
    folder = tmp_path_factory.mktemp("exposure")
    if request.param == "simulated":
        written = write_powder_dataset(folder, calibrant="LaB6")
        return np.asarray(read_image(written.image).data), written.poni
    if "POWDER_IMAGE" not in os.environ:
        pytest.skip("POWDER_IMAGE names no image")
    poni = folder / "real.poni"
    poni.write_text(REAL_PONI)
    return np.asarray(read_image(Path(os.environ["POWDER_IMAGE"])).data), poni


def run(execute, exposure, folder, **options):
    image, poni = exposure
    folder.mkdir()
    inputs = [{"id": "integrate", "name": "image", "value": image}]
    outputs = [{"id": "integrate"}]
    return execute(workflow(poni, folder), inputs=inputs, outputs=outputs, **options)


def saved_pattern(folder):
    """Return the columns of the text file and all numbers in the NeXus file, by their places."""
    arrays = {"ascii": np.loadtxt(folder / "pattern.dat")}

    def note(name, item):
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiu":
            arrays[name] = item[()]

    with h5py.File(folder / "pattern.h5") as file:
        file.visititems(note)
    return arrays


@pytest.mark.parametrize("options", [{}, {"pool": "process", "max_workers": 2}], ids=["local", "processes"])
def test_an_integration_gives_the_same_arrays_as_in_ewoks(exposure, options, tmp_path):
    theirs = run(ewoks.execute_graph, exposure, tmp_path / "theirs")

    ours = run(execute_graph, exposure, tmp_path / "ours", **options)

    assert {"radial", "intensity", "intensity_error"} <= ours.keys()
    for name in ("radial", "intensity", "intensity_error"):
        np.testing.assert_array_equal(ours[name], theirs[name])
    assert ours["radial_units"] == theirs["radial_units"] == "2th_deg"
    assert ours["intensity"].max() > 0
    first, second = saved_pattern(tmp_path / "theirs"), saved_pattern(tmp_path / "ours")
    assert first.keys() == second.keys()
    assert len(first) > 3
    for name, values in first.items():
        np.testing.assert_array_equal(second[name], values, err_msg=name)


def test_the_outputs_of_the_tasks_are_known(exposure, tmp_path):
    document = workflow(exposure[1], tmp_path)
    misspelt = {**document, "links": [*document["links"], link("config", "nexus", {"enery": "metadata"})]}

    assert find_problems(document) == []
    assert find_problems(misspelt) == [
        (
            "node 'config' (PyFaiConfig) has no output 'enery', which the link to 'nexus' uses; "
            "did you mean 'energy'?"
        )
    ]


def test_a_stored_integration_is_not_run_again(exposure, tmp_path):
    image, poni = exposure
    document = workflow(poni, tmp_path)
    inputs = [{"id": "integrate", "name": "image", "value": image}]
    varinfo = {"root_uri": str(tmp_path / "store")}

    runs = [run_graph(document, inputs, varinfo=varinfo) for _ in range(2)]

    assert [each.nodes["integrate"].state for each in runs] == ["succeeded", "cached"]
    first, second = (each.nodes["integrate"].outputs for each in runs)
    np.testing.assert_array_equal(second["intensity"], first["intensity"])
