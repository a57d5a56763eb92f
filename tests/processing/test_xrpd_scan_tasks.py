"""The tasks that integrate scans: ewoksxrpd's names, the monitor of each frame, files that are whole."""

import h5py
import numpy as np
import pytest

from processing.simulated_scan import write_powder_scan
from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.options import read_binning, read_method
from processing.techniques.xrpd.tasks.scans import (
    IntegrateBlissScan,
    IntegrateBlissScanWithoutSaving,
    IntegrateScan,
)
from tests.processing.test_xrpd_frames import assert_close, by_pyfai
from workflows import Cancelled, CancelToken, InputError

N_FRAMES = 21
OPTIONS = {"method": "full_csr_cython", "nbpt_rad": 300, "unit": "q_nm^-1", "error_model": "poisson"}


@pytest.fixture(scope="module")
def powder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scan")
    return write_powder_scan(folder, n_frames=N_FRAMES, detector="Pilatus100k", frames_per_file=10)


def bliss(powder, task=IntegrateBlissScan, **inputs):
    known = {
        "filename": str(powder.path),
        "scan": 1,
        "detector_name": "pilatus",
        "geometry": str(powder.poni),
        "integration_options": OPTIONS,
        "retry_timeout": 0,
    }
    done = task(inputs={**known, **inputs})
    done.execute()
    return done.outputs


def expected(powder, place):
    binning = read_binning(300, "q_nm^-1")
    frame = np.where(powder.exposure >= 0, powder.exposure * powder.factors[place], powder.exposure)
    return by_pyfai(
        read_geometry(powder.poni), frame, read_method("full/csr"), binning, error_model="poisson"
    )


def test_a_bliss_scan_is_saved_in_the_layout_of_ewoksxrpd(powder, tmp_path):
    outputs = bliss(powder, output_filename=str(tmp_path / "new" / "out.h5"), counter_names=["elapsed_time"])

    path, _, place = outputs.nxdata_url.partition("::")
    assert place == "/1.1/pilatus_integrate/integrated"
    with h5py.File(path) as file:
        data = file[place]
        intensity, sigma = data["intensity"][()], data["intensity_errors"][()]
        assert list(data.attrs["axes"]) == ["points", "q"]
        assert data["q"].attrs["units"] == "nm^-1"
        assert np.array_equal(data["points"], np.arange(N_FRAMES))
        assert np.allclose(file["1.1/measurement/elapsed_time"], 0.1 * np.arange(N_FRAMES))
        assert file["1.1/measurement/pilatus_integrated"].shape == intensity.shape
        assert "start_time" in file["1.1"]
    for frame in (0, 13, N_FRAMES - 1):
        assert_close(intensity[frame], expected(powder, frame).intensity)
        assert_close(sigma[frame], expected(powder, frame).sigma)
    assert outputs.info["n_frames"] == N_FRAMES
    assert outputs.info["engine"] == "reprise"


def test_without_saving_the_patterns_come_as_arrays_divided_by_the_monitor(powder):
    outputs = bliss(powder, IntegrateBlissScanWithoutSaving, monitor_name="monitor", reference=10_000)

    assert outputs.intensity.shape == outputs.intensity_error.shape == (N_FRAMES, 300)
    assert np.allclose(outputs.intensity, outputs.intensity[0], rtol=1e-5, atol=1e-5)
    assert_close(outputs.intensity[4], expected(powder, 4).intensity / powder.factors[4])
    assert (outputs.radial_units, outputs.azimuthal) == ("q_nm^-1", None)


def test_cakes_of_a_scan_have_an_azimuth(powder, tmp_path):
    options = {**OPTIONS, "nbpt_azim": 36}
    arrays = bliss(powder, IntegrateBlissScanWithoutSaving, integration_options=options)
    saved = bliss(powder, output_filename=str(tmp_path / "out.h5"), integration_options=options)

    assert arrays.intensity.shape == (N_FRAMES, 36, 300)
    path, _, place = saved.nxdata_url.partition("::")
    with h5py.File(path) as file:
        assert np.array_equal(file[place]["intensity"], arrays.intensity)
        assert list(file[place].attrs["axes"]) == ["points", "chi", "q"]


def test_what_pyfai_must_do_itself_is_done_by_pyfai(powder):
    options = {"method": "no_csr_cython", "nbpt_rad": 100, "integrator_name": "sigma_clip_ng"}
    outputs = bliss(powder, IntegrateBlissScanWithoutSaving, integration_options=options)

    assert outputs.info["engine"] == "pyFAI"
    assert outputs.intensity.shape == (N_FRAMES, 100)


def scan_to_nexus(powder, path, **inputs):
    known = {
        "image": str(powder.path),
        "geometry": str(powder.poni),
        "filename": str(path),
        "n_points": 300,
        "unit": "q_nm^-1",
        "error_model": "poisson",
    }
    return IntegrateScan(inputs={**known, **inputs})


def test_a_scan_becomes_one_nexus_file_of_all_patterns(powder, tmp_path):
    task = scan_to_nexus(
        powder, tmp_path / "a.nxs", monitor_name="monitor", reference=10_000, frame_axis="elapsed_time"
    )
    task.execute()

    assert task.progress == 100
    assert task.outputs.n_frames == N_FRAMES
    with h5py.File(tmp_path / "a.nxs") as file:
        intensity = file["entry/data/I"][()]
        assert file["entry/definition"].asstr()[()] == "NXazint1d"
        assert np.allclose(file["entry/monitor/data"], powder.factors)
        assert file["entry/reduction/input/n_frames"][()] == N_FRAMES
    assert intensity.shape == (N_FRAMES, 300)
    assert_close(intensity[4], expected(powder, 4).intensity / powder.factors[4])


def test_a_frame_without_beam_is_no_pattern_and_no_error(tmp_path):
    powder = write_powder_scan(tmp_path / "raw", n_frames=3, detector="Pilatus100k", layout="nexus")
    with h5py.File(powder.path, "r+") as file:
        file["entry/monitor/data"][1] = 0
    task = scan_to_nexus(powder, tmp_path / "a.nxs", monitor_name="monitor")
    task.execute()

    with h5py.File(tmp_path / "a.nxs") as file:
        intensity = file["entry/data/I"][()]
    assert np.isnan(intensity[1]).any()
    assert np.isfinite(intensity[[0, 2]]).all()


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"monitor_name": "moniter"}, "no counter 'moniter'; it has: .*monitor"),
        ({"image": "/no/such.h5"}, r"such\.h5"),
        ({"scan": "7.1"}, "7.1"),
        ({"detector_name": "eiger"}, "eiger"),
        ({"n_processes": 0}, "n_processes"),
        ({"integration_options": {"nbpt_azim": 36}}, "no cakes"),
        ({"demo": True}, "demo"),
        ({"monitors": ["monitor"]}, "1 monitors, but 0 references|2 monitors, but 1 references"),
        ({"frame_axis": "nothing"}, "no counter 'nothing'"),
    ],
)
def test_bad_inputs_are_refused_and_leave_no_file(inputs, words, powder, tmp_path):
    with pytest.raises(InputError, match=words):
        scan_to_nexus(powder, tmp_path / "a.nxs", **inputs).execute()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("inputs", "words"),
    [({"scan_memory_url": "redis://x"}, "scan_memory_url"), ({"frame_band_index": 3}, "frame_band_index")],
)
def test_what_is_not_done_for_bliss_scans_is_refused(inputs, words, powder):
    with pytest.raises(InputError, match=words):
        bliss(powder, IntegrateBlissScanWithoutSaving, **inputs)


def test_a_cancelled_task_leaves_no_file(powder, tmp_path):
    token = CancelToken()

    def on_progress(_):
        token.cancel()

    known = scan_to_nexus(powder, tmp_path / "a.nxs").get_input_values()
    task = IntegrateScan(inputs=known, cancel=token, on_progress=on_progress)
    with pytest.raises(Cancelled):
        task.execute()
    assert list(tmp_path.iterdir()) == []
