"""Written NeXus files are valid, open at their plot and appear whole."""

import errno
import hashlib
import json

import h5py
import numpy as np
import pytest

from processing.nexus.writer import append_process, check_output, write_pattern1d
from tests.processing.nexus_validators import assert_valid
from workflows import InputError

X = np.linspace(1, 20, 500)
Y = 100 + 50 * np.exp(-((X - 10) ** 2))
INFO = {
    "program": "pyFAI",
    "version": "2026.9.0",
    "method": "full/csr/cython",
    "wavelength_m": 1e-10,
    "energy_kev": 12.3984,
    "detector": "Pilatus 1M",
    "polarization_factor": 0.99,
    "correct_solid_angle": True,
    "geometry": {"dist": 0.25, "poni1": 0.09},
    "radial_range": None,
    "image_file": "/data/visitor/secret-proposal/image.h5",
}
RECORD = {
    "version": "0.1.0",
    "job_id": "job-1",
    "attempt": 2,
    "environment": ["numpy==2.4.6", "pyFAI==2026.9.0"],
    "input_files": [{"name": "image.h5", "size_bytes": 10, "sha256": "ab" * 32}],
    "parameters": [{"name": "n_points", "value": 500}],
}
WORKFLOW = json.dumps({"graph": {"id": "é"}, "nodes": [], "links": []})


@pytest.fixture
def pattern(tmp_path):
    path = tmp_path / "pattern.nxs"
    write_pattern1d(path, radial=X, intensity=Y, errors=np.sqrt(Y), quantity="2theta", unit="deg", info=INFO)
    return path


@pytest.mark.parametrize("with_process", [False, True])
def test_a_pattern_passes_the_validators(pattern, with_process):
    pytest.importorskip("nexusformat")
    if with_process:
        append_process(pattern, record=RECORD, workflow_json=WORKFLOW)

    assert_valid(pattern, "NXazint1d")


@pytest.mark.filterwarnings("default")
def test_a_pattern_opens_at_its_plot(pattern):
    silx_io = pytest.importorskip("silx.io")
    nxdata = pytest.importorskip("silx.io.nxdata")

    with silx_io.open(str(pattern)) as file:
        plot = nxdata.get_default(file)
        assert plot.is_valid
        assert plot.signal_name == "intensity"  # its long_name
        assert np.allclose(plot.signal[0], Y)
        assert np.allclose(plot.axes[-1], X)
        assert plot.errors is not None


@pytest.mark.filterwarnings("default")
def test_a_pattern_is_plottable_in_nexpy(pattern):
    tree = pytest.importorskip("nexusformat.nexus")

    data = tree.nxload(str(pattern)).plottable_data

    assert data.nxsignal.nxname == "I"
    assert np.allclose(data.nxsignal.nxdata.squeeze(), Y)


def test_every_parameter_is_stored_but_no_folder_of_the_server(pattern):
    with h5py.File(pattern) as file:
        given = file["entry/reduction/input"]
        assert given["method"].asstr()[()] == "full/csr/cython"
        assert given["geometry_dist"][()] == 0.25
        assert given["image_file"].asstr()[()] == "image.h5"
    assert b"secret-proposal" not in pattern.read_bytes()


def test_the_process_names_workflow_versions_and_inputs(pattern):
    append_process(pattern, record=RECORD, workflow_json=WORKFLOW)
    append_process(pattern, record=RECORD, workflow_json=WORKFLOW)

    with h5py.File(pattern) as file:
        process = file["entry/reprise"]
        assert process["workflow/data"][()] == WORKFLOW.encode()
        assert process["workflow/checksum"].asstr()[()] == hashlib.sha256(WORKFLOW.encode()).hexdigest()
        assert b"numpy==2.4.6" in process["environment/data"][()]
        assert process["input_0/sha256"].asstr()[()] == "ab" * 32
        assert process["run/attempt"].asstr()[()] == "2"
        assert "reprise_2" in file["entry"]
    check_output(pattern)


def test_equal_content_is_equal_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("processing.nexus.tree.time", lambda: 1.8e9)
    for name in ("a.nxs", "b.nxs"):
        write_pattern1d(tmp_path / name, radial=X, intensity=Y, quantity="q", unit="1/nm", info=INFO)

    assert (tmp_path / "a.nxs").read_bytes() == (tmp_path / "b.nxs").read_bytes()


def test_unknown_errors_are_left_out(tmp_path):
    path = tmp_path / "a.nxs"
    write_pattern1d(path, radial=X, intensity=Y, errors=np.full(500, np.nan), quantity="radius", unit="mm")

    with h5py.File(path) as file:
        assert "I_errors" not in file["entry/data"]
        assert "definition" not in file["entry"]  # NXazint1d knows q and 2theta only
    check_output(path)


def test_an_old_file_is_replaced_and_nothing_is_left_beside(pattern):
    write_pattern1d(pattern, radial=X, intensity=Y + 1, quantity="2theta", unit="deg")

    with h5py.File(pattern) as file:
        assert np.allclose(file["entry/data/I"][0], Y + 1)
    assert list(pattern.parent.iterdir()) == [pattern]


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        write_pattern1d(tmp_path / "no/a.nxs", radial=X, intensity=Y, quantity="q", unit="1/nm")


@pytest.mark.parametrize("damage", ["default", "signal", "empty", "axis"])
def test_a_file_that_cannot_be_shown_is_not_published(pattern, damage):
    with h5py.File(pattern, "a") as file:
        match damage:
            case "default":
                del file["entry"].attrs["default"]
            case "signal":
                file["entry/data"].attrs["signal"] = "J"
            case "empty":
                file["entry/data/I"][...] = np.nan
            case "axis":
                del file["entry/data/radial_axis"]
                file["entry/data/radial_axis"] = X[:-3]

    with pytest.raises(InputError):
        check_output(pattern)


def test_a_full_disk_is_an_error_with_its_number_and_leaves_no_file(full_disk):
    x = np.linspace(1, 20, 50_000)

    with pytest.raises(OSError) as caught:  # noqa: PT011 -- the number is checked below
        write_pattern1d(full_disk / "a.nxs", radial=x, intensity=x, quantity="q", unit="1/nm")

    assert caught.value.errno == errno.ENOSPC
    assert list(full_disk.iterdir()) == []


@pytest.mark.parametrize("in_memory_bytes", [1 << 28, 0])
def test_a_disk_that_fills_while_the_record_is_added_is_an_error_with_its_number(
    full_disk, monkeypatch, in_memory_bytes
):
    monkeypatch.setattr("processing.nexus.tree.IN_MEMORY_BYTES", in_memory_bytes)
    path = full_disk / "a.nxs"
    write_pattern1d(path, radial=X, intensity=Y, quantity="q", unit="1/nm")
    before = path.read_bytes()

    with pytest.raises(OSError) as caught:  # noqa: PT011 -- the number is checked below
        append_process(path, record=RECORD, workflow_json=WORKFLOW + " " * 100_000)

    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == before
