"""A geometry is read from every usual source, and an impossible one is refused in one sentence."""

import json

import numpy as np
import pytest
from pyFAI.detectors import detector_factory
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from processing.techniques.xrpd.geometry import read_geometry
from workflows import InputError

PIXELS = {"pixel1": 1e-4, "pixel2": 2e-4}
GEOMETRY = {"dist": 0.25, "poni1": 0.09, "poni2": 0.08, "wavelength": 1e-10, **PIXELS}


def test_energy_and_wavelength_are_one_another():
    geometry = read_geometry({"dist": 0.25, **PIXELS}, energy_kev=12.39842)  # h c = 12.39842 keV angstrom

    assert geometry.wavelength == pytest.approx(1e-10, rel=1e-6)
    assert geometry.energy_kev == pytest.approx(12.39842)
    assert (geometry.poni1, geometry.rot1) == (0, 0)


def test_the_given_energy_wins_over_the_wavelength_of_a_calibration():
    assert read_geometry(GEOMETRY, energy_kev=24.79684).wavelength == pytest.approx(0.5e-10, rel=1e-6)


@pytest.mark.parametrize("orientation", [1, 2, 3, 4])
def test_files_of_pyfai_are_read_back(tmp_path, orientation):
    detector = detector_factory("Pilatus1M", {"orientation": orientation})
    values = {"dist": 0.2, "poni1": 0.08, "poni2": 0.07, "rot1": 0.01, "rot2": -0.02, "rot3": 0.03}
    integrator = AzimuthalIntegrator(**values, detector=detector, wavelength=3.3e-11)
    integrator.save(str(tmp_path / "a.poni"))
    integrator.integrate1d(np.ones(detector.shape), 20, filename=str(tmp_path / "a.dat"))

    for name in ("a.poni", "a.dat"):
        geometry = read_geometry(tmp_path / name)
        assert geometry.as_dict() == {
            **values, "wavelength": 3.3e-11, "detector": "pilatus1m", "orientation": orientation,
            "pixel1": 1.72e-4, "pixel2": 1.72e-4,
        }  # fmt: skip


def test_the_last_calibration_of_a_poni_file_counts(tmp_path):
    path = tmp_path / "a.poni"
    first = "Distance: 0.1\nPoni1: 0\nPoni2: 0\nWavelength: 1e-10\nPixelSize1: 1e-4\nPixelSize2: 1e-4\n"
    path.write_text(first + "# refined\nDistance: 0.2\n")

    assert read_geometry(path).dist == 0.2


def test_real_heads_are_read(real_data):
    geometry = read_geometry(real_data / "powder/Fe3O4C_M1_map_1_P1_E1_001.xy")
    assert (geometry.dist, geometry.poni1, geometry.poni2) == (0.284634930882, 0.08722, 0.08342)
    assert (geometry.rot1, geometry.rot2, geometry.wavelength) == (-0.000251, 0.000603, 3.344e-11)
    assert geometry.pixel1 == 1.72e-4
    assert read_geometry(real_data / "powder/L2.poni").pixel2 == pytest.approx(5.5e-5)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"dist": -0.1}, "dist of the geometry must be greater than zero"),
        ({"dist": 0}, "dist of the geometry must be greater than zero"),
        ({"dist": None}, "needs dist"),
        ({"dist": "near"}, "must be a number"),
        ({"poni1": float("nan")}, "poni1 of the geometry must be a finite number"),
        ({"rot3": float("inf")}, "rot3 of the geometry must be a finite number"),
        ({"wavelength": 0}, "wavelength of the geometry must be greater than zero"),
        ({"wavelength": -1e-10}, "wavelength of the geometry must be greater than zero"),
        ({"wavelength": None}, "needs an energy"),
        ({"pixel1": 0}, "pixel1 of the geometry must be greater than zero"),
        ({"pixel1": None}, "detector name or both pixel sizes"),
        ({"orientation": 5}, "orientation"),
        ({"orientation": 2.5}, "orientation of the detector must be 1, 2, 3 or 4"),
        ({"orientation": float("nan")}, "orientation of the detector must be 1, 2, 3 or 4"),
        ({"dist": 1500}, "dist of the geometry is 1500 m, which cannot be: give it in m"),
        ({"wavelength": 1.0}, "wavelength of the geometry is 1 m, which cannot be: give it in m"),
        ({"rot1": 45}, "rot1 of the geometry is 45 rad, which cannot be: give it in rad"),
        ({"pixel1": 75}, "pixel1 of the geometry is 75 m, which cannot be"),
        ({"max_shape": [10]}, "max_shape of the detector must be two whole numbers"),
        ({"distance": 0.2}, "'distance' is no field of a geometry"),
        ({"parallax": True}, "'parallax' is no field of a geometry"),
        ({"detector": "/etc/passwd"}, "not one of pyFAI's detectors"),
        ({"detector": "detector.h5"}, "not one of pyFAI's detectors"),
        ({"detector": "Pilatus 1Million"}, "not one of pyFAI's detectors"),
    ],
)
def test_an_impossible_geometry_is_refused(changed, words):
    with pytest.raises(InputError, match=words):
        read_geometry({**GEOMETRY, **changed})


@pytest.mark.parametrize("setting", ["parallax: True", "splinefile: frelon.spline"])
def test_a_correction_that_a_file_asks_for_is_not_silently_left_out(setting, tmp_path):
    path = tmp_path / "a.poni"
    path.write_text(f"Distance: 1\nWavelength: 1e-10\nPixelSize1: 1e-4\nPixelSize2: 1e-4\n{setting}\n")

    with pytest.raises(InputError, match="which is not done"):
        read_geometry(path)


def test_an_image_of_another_shape_than_the_calibration_is_refused():
    geometry = read_geometry(GEOMETRY, detector_config={"max_shape": [100, 200]})

    assert read_geometry(geometry.as_dict()) == geometry
    assert geometry.make_detector((100, 200)).shape == (100, 200)
    with pytest.raises(
        InputError, match=r"shape \(100, 100\), but the geometry is for images of \(100, 200\)"
    ):
        geometry.make_detector((100, 100))
    with pytest.raises(InputError, match="it may be turned by 90 degrees"):
        geometry.make_detector((200, 100))


def test_an_energy_in_ev_is_refused():
    with pytest.raises(InputError, match="cannot be"):
        read_geometry(GEOMETRY, energy_kev=12398)


@pytest.mark.parametrize("energy", [0, -5, float("nan"), float("inf"), "much"])
def test_an_impossible_energy_is_refused(energy):
    with pytest.raises(InputError, match="energy"):
        read_geometry(GEOMETRY, energy_kev=energy)


@pytest.mark.parametrize("config", [{"splineFile": "/etc/passwd"}, {"filename": "a.h5"}, {"mask": "m.edf"}])
def test_a_detector_never_names_a_file(config, tmp_path):
    with pytest.raises(InputError, match="not accepted"):
        read_geometry(GEOMETRY, detector_config=config)
    path = tmp_path / "a.poni"
    path.write_text(
        f"Detector: Detector\nDetector_config: {json.dumps(config)}\nDistance: 1\nWavelength: 1e-10\n"
    )
    with pytest.raises(InputError, match="not accepted"):
        read_geometry(path)


def test_a_detector_is_found_by_the_name_it_shows():
    for name in ("Pilatus1M", "Pilatus 1M", "pilatus_1m"):
        assert read_geometry(GEOMETRY | {"pixel1": None, "detector": name}).detector.startswith("pilatus")


def test_an_image_of_another_shape_is_refused_with_both_shapes():
    geometry = read_geometry({"dist": 0.2, "wavelength": 1e-10, "detector": "Pilatus1M"})

    with pytest.raises(InputError, match=r"\(100, 100\).*Pilatus 1M.*\(1043, 981\)"):
        geometry.make_detector((100, 100))


def test_pixels_that_are_not_the_detectors_are_refused():
    geometry = read_geometry(GEOMETRY | {"detector": "Pilatus1M"})

    with pytest.raises(InputError, match=r"pixel1 is 0\.0001 m, but the detector Pilatus 1M has 0\.000172 m"):
        geometry.make_detector((1043, 981))


def test_a_binned_image_has_larger_pixels():
    geometry = read_geometry({"dist": 0.2, "wavelength": 1e-10, "detector": "Perkin"})

    assert geometry.make_detector((1024, 1024)).pixel1 == pytest.approx(4 * 1e-4)


@pytest.mark.parametrize(
    "content", ["", "hello", "Distance: far\n", "# {\n# }\n", "Detector_config: [1]\nDistance: 1\n"]
)
def test_a_file_without_a_geometry_is_refused(content, tmp_path):
    (tmp_path / "a.poni").write_text(content)

    with pytest.raises(InputError):
        read_geometry(tmp_path / "a.poni")
