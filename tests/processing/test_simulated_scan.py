"""A simulated scan has the frames and the monitor that its truth says, in each layout."""

import json

import h5py
import numpy as np
import pytest

from processing.nexus.scans import open_scan
from processing.simulated_scan import write_powder_scan
from processing.techniques.xrpd.frames import FrameIntegrator
from processing.techniques.xrpd.geometry import read_geometry
from workflows import InputError

LATTICE_OF_LAB6 = 4.156826  # angstrom, NIST SRM 660c


@pytest.mark.parametrize(
    ("layout", "compression"), [("bliss", "bitshuffle"), ("nexus", "bitshuffle"), ("nexus", None)]
)
def test_every_frame_is_the_exposure_times_its_factor(layout, compression, tmp_path):
    written = write_powder_scan(
        tmp_path,
        n_frames=7,
        detector="Pilatus100k",
        layout=layout,
        compression=compression,
        frames_per_file=3,
    )

    with open_scan(written.path, scan=written.scan, detector=written.detector, roots=[tmp_path]) as scan:
        frames = np.concatenate([block for _, block in scan.blocks(2)])
        monitor = scan.counter("monitor")
        assert scan.metadata["sample"] == "LaB6"
        assert not scan.is_growing
    counted = written.exposure >= 0
    assert frames.shape == (7, 195, 487)
    assert np.array_equal(frames[:, counted], written.factors[:, None] * written.exposure[counted])
    assert (frames[:, ~counted] == written.exposure[~counted]).all()
    assert np.allclose(monitor / monitor[0], written.factors / written.factors[0])
    assert json.loads(written.truth.read_text()) == written.values
    assert not list(tmp_path.rglob("*.part"))


def test_patterns_over_the_monitor_are_the_same_and_their_rings_where_bragg_puts_them(tmp_path):
    written = write_powder_scan(tmp_path, n_frames=4, exposure_s=1.0)
    with open_scan(written.path) as scan:
        integrator = FrameIntegrator(read_geometry(written.poni), scan.shape)
        patterns = integrator.integrate(scan.read(0, 4), scan.counter("monitor")).intensity

    assert np.allclose(patterns, patterns[0], rtol=1e-5)
    assert len(set(written.factors)) > 1
    wavelength = written.values["wavelength_m"] * 1e10
    expected = np.degrees(2 * np.arcsin(wavelength / (2 * LATTICE_OF_LAB6)))  # 100
    near = np.abs(integrator.radial - expected) < 0.15
    step = integrator.radial[1] - integrator.radial[0]
    assert integrator.radial[near][patterns[0][near].argmax()] == pytest.approx(expected, abs=2 * step)


def test_the_master_file_is_laid_out_as_by_bliss(tmp_path):
    written = write_powder_scan(tmp_path, n_frames=5, detector="Pilatus100k", frames_per_file=2)

    with h5py.File(written.path) as file:
        data = file["1.1/instrument/pilatus/data"]
        assert data.is_virtual
        assert [source.file_name for source in data.virtual_sources()] == [
            f"scan0001/pilatus_{number:04d}.h5" for number in range(3)
        ]
        assert file["1.1/measurement/pilatus"] == data
        assert file["1.1/measurement/monitor"].shape == (5,)
        assert file["1.1/scan_parameters/npoints"][()] == 5
        assert "end_time" in file["1.1"]


@pytest.mark.parametrize(
    "options", [{"n_frames": 0}, {"n_frames": 1, "layout": "tape"}, {"n_frames": 1, "compression": "zip"}]
)
def test_an_impossible_scan_is_refused(options, tmp_path):
    with pytest.raises(InputError):
        write_powder_scan(tmp_path, detector="Pilatus100k", **options)
