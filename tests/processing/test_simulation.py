"""Simulated data is right in physics: an integration finds the truth."""

import json

import h5py
import numpy as np
import pytest
from pyFAI.detectors import detector_factory

from processing.nexus.images import read_image
from processing.simulation import default_geometry, simulate_image, write_powder_dataset
from processing.techniques.xrpd.describe import describe
from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.tasks.integrate import Integrate1D
from workflows import InputError

LATTICE_OF_LAB6 = 4.156826  # angstrom, NIST SRM 660c
STRONG_LINES = [(1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 0, 0), (2, 1, 0), (2, 1, 1)]


def d_of_lab6(hkl):
    return LATTICE_OF_LAB6 / np.sqrt(sum(index**2 for index in hkl))


def integrate(dataset, n_points=2000, **inputs):
    task = Integrate1D(
        inputs={
            "image": dataset.image,
            "geometry": dataset.poni,
            "polarization_factor": 0.99,
            "n_points": n_points,
        }
        | inputs
    )
    task.execute()
    return task.outputs


def test_the_rings_of_lab6_are_at_the_d_spacings_of_the_certificate(simulated):
    outputs = integrate(simulated)

    wavelength = 12.39841984 / 38.0
    step = outputs.x[1] - outputs.x[0]
    for hkl in STRONG_LINES:
        expected = np.degrees(2 * np.arcsin(wavelength / (2 * d_of_lab6(hkl))))
        near = np.abs(outputs.x - expected) < 0.15
        found = outputs.x[near][outputs.y[near].argmax()]
        assert found == pytest.approx(expected, abs=1.5 * step)


def test_the_truth_agrees_with_braggs_law(simulated):
    truth = json.loads(simulated.truth.read_text())

    assert truth == simulated.values
    assert truth["d_spacings_angstrom"][:6] == pytest.approx(
        [d_of_lab6(hkl) for hkl in STRONG_LINES], rel=1e-6
    )
    wavelength = truth["wavelength_m"] * 1e10
    for d, two_theta in zip(truth["d_spacings_angstrom"], truth["two_theta_deg"], strict=True):
        assert 2 * d * np.sin(np.radians(two_theta) / 2) == pytest.approx(wavelength)


@pytest.mark.parametrize(
    ("calibrant", "detector"), [("CeO2", "Eiger1M"), ("Si", "Pilatus1M"), ("Ni", "Eiger1M")]
)
def test_every_calibrant_and_detector_agrees_with_its_truth(calibrant, detector, tmp_path):
    dataset = write_powder_dataset(tmp_path, calibrant=calibrant, detector=detector, seed=3)
    outputs = integrate(dataset)

    step = outputs.x[1] - outputs.x[0]
    rings = [two_theta for two_theta in dataset.values["two_theta_deg"][:3] if two_theta < outputs.x[-1]]
    assert rings
    for expected in rings:
        near = np.abs(outputs.x - expected) < 0.15
        assert outputs.x[near][outputs.y[near].argmax()] == pytest.approx(expected, abs=2 * step)


def test_a_strained_sample_has_its_rings_elsewhere(tmp_path):
    dataset = write_powder_dataset(tmp_path, strain=0.01)

    assert dataset.values["d_spacings_angstrom"][0] == pytest.approx(1.01 * LATTICE_OF_LAB6)


def test_counts_scatter_as_photons_do():
    geometry = default_geometry("Pilatus1M", 38.0)
    images = np.stack([simulate_image("LaB6", geometry, exposure_s=1, seed=seed) for seed in range(8)])

    seen = (images > 0).all(axis=0)
    ratio = images[:, seen].var(axis=0, ddof=1).mean() / images[:, seen].mean(axis=0).mean()
    assert ratio == pytest.approx(1, abs=0.05)  # the variance of a Poisson variable is its mean


def test_the_corrections_flatten_the_background(simulated):
    """With solid angle and polarisation corrected, up, down, left and right of a ring agree."""
    sectors = [integrate(simulated, n_points=300, azimuth_range=(a - 20, a + 20)) for a in (0, 90, 180, -90)]
    raw = [
        integrate(simulated, n_points=300, azimuth_range=(a - 20, a + 20), polarization_factor=0.0)
        for a in (0, 90)
    ]
    levels = [np.median(sector.y[(sector.x > 15) & (sector.x < 18)]) for sector in sectors]

    assert np.ptp(levels) / np.mean(levels) < 0.02
    left, up = (np.median(sector.y[(sector.x > 15) & (sector.x < 18)]) for sector in raw)
    assert up / left > 1.05


@pytest.mark.parametrize(("detector", "gap"), [("Pilatus1M", -1), ("Eiger1M", 2**32 - 1)])
def test_the_gaps_of_the_detector_are_there(detector, gap):
    image = simulate_image("Si", default_geometry(detector, 30.0), exposure_s=0.5, seed=1)

    mask = detector_factory(detector).mask != 0
    assert (image[mask] == gap).all()
    assert mask.any()


def test_the_same_seed_writes_the_same_bytes_and_another_one_others(tmp_path):
    files = [write_powder_dataset(tmp_path / str(n), seed=seed).image for n, seed in enumerate((1, 1, 2))]

    first, second, third = (file.read_bytes() for file in files)
    assert first == second
    assert first != third


def test_the_file_is_laid_out_as_at_a_beamline(simulated):
    with h5py.File(simulated.image) as file:
        data = file["1.1/instrument/detector/data"]
        assert data.shape == (1, 1043, 981)
        assert data.chunks == (1, 1043, 981)
        assert file["1.1/instrument/detector/count_time"][0] == 1.0
        assert file["1.1/sample/name"].asstr()[()] == "LaB6"
        assert file["1.1/measurement/detector"] == data
    assert simulated.image.stat().st_size < 3e6
    assert read_image(simulated.image).h5path == "/1.1/instrument/detector/data"


def test_the_parameters_are_read_from_the_raw_file_alone(simulated):
    found = describe([simulated.image])

    geometry = simulated.values["geometry"]
    assert found["InstrumentMonochromator_energy"] == pytest.approx(38.0)
    assert found["HTXRPD_exposureTime"] == 1.0
    assert found["InstrumentDetector01_description"] == "Pilatus 1M"
    assert (found["XRPD_image_rows"], found["XRPD_image_columns"]) == (1043, 981)
    assert {
        name: found[f"XRPD_geometry_{name}"] for name in ("dist", "poni1", "poni2", "rot1", "detector")
    } == {name: geometry[name] for name in ("dist", "poni1", "poni2", "rot1", "detector")}
    assert describe([simulated.poni])["XRPD_geometry_poni2"] == geometry["poni2"]
    assert read_geometry(simulated.poni).as_dict() == geometry


def test_odd_files_describe_themselves_as_nothing(tmp_path, real_data):
    (tmp_path / "a.h5").write_bytes(b"x")
    (tmp_path / "b.tif").write_bytes(b"")
    (tmp_path / "c.poni").write_text("Distance: far")

    assert describe([*tmp_path.iterdir(), tmp_path / "lost.h5"]) == {}
    assert describe([real_data / "powder/L2.poni"], roots=[tmp_path]) == {}
    found = describe([real_data / "powder/Fe3O4C_M1_map_1_P1_E1_001.tif", real_data / "powder/L2.poni"])
    assert (found["XRPD_image_rows"], found["XRPD_geometry_pixel1"]) == (1043, pytest.approx(5.5e-5))


def test_an_unknown_calibrant_is_refused(tmp_path):
    with pytest.raises(InputError, match="not one of pyFAI's"):
        write_powder_dataset(tmp_path, calibrant="../../etc/passwd")
