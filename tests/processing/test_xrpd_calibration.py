"""A calibration finds where a simulated detector stands, says how well, and refuses what it cannot know.

Points on rings are better than a tenth of a pixel, so the beam centre is known to that, the
distance to a tenth of a pixel in the radius of a ring, and a tilt to what moves a ring by as much.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from pyFAI.geometry import Geometry as PyfaiGeometry
from pyFAI.geometryRefinement import GeometryRefinement

from processing.simulation import default_geometry, simulate_image
from processing.techniques.xrpd.calibrants import read_calibrant, ring_labels
from processing.techniques.xrpd.geometry import read_geometry
from processing.techniques.xrpd.ring_fit import mirrored, model_of
from processing.techniques.xrpd.tasks.calibrate import CalculateGeometry, CalibrateSingle
from workflows import InputError
from workflows.errors import Cancelled

TENTH_OF_A_PIXEL = 0.1
NAMES = ("dist", "poni1", "poni2", "rot1", "rot2", "rot3")
SETUPS = {
    "centred": ("Pilatus100k", "LaB6", 20.0, 0.10, {}),
    "tilted": ("Eiger2_250k", "Si", 20.0, 0.06, {"rot1": 0.08, "rot2": 0.1}),
    "beside the beam": ("Pilatus300kw", "CeO2", 30.0, 0.15, {"poni1": -0.01, "rot2": -0.05}),
    "small angles": ("Pilatus100k", "AgBh", 12.0, 0.5, {}),
}


@lru_cache
def simulate(name, flip=None):
    """Return the truth and the image, with the rows or columns reversed if that is asked for."""
    detector, calibrant, energy, distance, moved = SETUPS[name]
    truth = replace(default_geometry(detector, energy, distance), **moved)
    image = simulate_image(calibrant, truth, exposure_s=1, seed=5)
    image = {None: image, "rows": image[::-1], "columns": image[:, ::-1]}[flip]
    return truth, calibrant, image


def calibrate(image, powder, start, **inputs):
    given = {
        "image": image,
        "calibrant": powder,
        "energy": start.energy_kev,
        "detector": start.detector,
        "geometry": {name: getattr(start, name) for name in NAMES},
        "detector_config": {"orientation": start.orientation},
        "fixed": ["energy"],
    }
    task = CalibrateSingle(inputs=given | inputs)
    task.execute()
    return task.outputs


def wrong(truth, distance=1.0, down=0.0, right=0.0):
    """Return a start: the distance multiplied, the centre moved by metres, no tilt but large ones."""
    return replace(truth, dist=truth.dist * distance, poni1=truth.poni1 + down, poni2=truth.poni2 + right)


def beam_of(geometry, *, detector, shape):
    """Return row and column of the beam in pixels, and the distance along it in mm, by pyFAI."""
    place = PyfaiGeometry(
        **{name: geometry[name] for name in NAMES},
        detector=read_geometry(geometry | {"wavelength": 1e-10, "detector": detector}).make_detector(shape),
    ).getFit2D()
    return place["centerY"], place["centerX"], place["directDist"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("centred", {"distance": 1.05, "down": 0.003, "right": -0.004}),
        ("tilted", {"distance": 0.95, "down": 0.002, "right": 0.003}),
        ("beside the beam", {"distance": 1.05, "down": -0.003, "right": 0.003}),
        ("small angles", {"distance": 1.05, "down": 0.004, "right": -0.003}),
    ],
)
def test_a_calibration_finds_where_the_detector_stands(name, error):
    truth, calibrant, image = simulate(name)

    # Rings at small angles hardly notice a tilt, so it is not refined there.
    fixed = ["energy", "rot1", "rot2"] if name == "small angles" else ["energy"]
    found = calibrate(image, calibrant, wrong(truth, **error), fixed=fixed)

    common = {"detector": truth.detector, "shape": image.shape}
    row, column, distance = beam_of(found.geometry, **common)
    true_row, true_column, true_distance = beam_of(truth.as_dict(), **common)
    assert row == pytest.approx(true_row, abs=TENTH_OF_A_PIXEL)
    assert column == pytest.approx(true_column, abs=TENTH_OF_A_PIXEL)
    assert distance == pytest.approx(true_distance, rel=TENTH_OF_A_PIXEL / 100)
    assert found.geometry["rot1"] == pytest.approx(truth.rot1, abs=2e-3)
    assert found.geometry["rot2"] == pytest.approx(truth.rot2, abs=2e-3)
    assert found.residual_deg < 0.01
    assert found.energy == pytest.approx(truth.energy_kev)
    assert found.uncertainty["dist"] < 1e-4 * truth.dist


def test_residuals_are_those_of_the_points_that_are_given():
    truth, calibrant, image = simulate("centred")
    found = calibrate(image, calibrant, wrong(truth, 1.02))

    model = PyfaiGeometry(**found.geometry, detector=truth.make_detector(image.shape))
    labels = ring_labels(read_calibrant(calibrant, wavelength_m=truth.wavelength))
    angles = read_calibrant(calibrant, wavelength_m=truth.wavelength).get_2th()
    left = {
        label: model.tth(np.array(points["p0"]), np.array(points["p1"])) - angles[labels.index(label)]
        for label, points in found.rings.items()
    }
    everything = np.concatenate(list(left.values()))
    assert found.chi2 == pytest.approx(np.sum(everything**2), rel=1e-6)
    assert found.residual_deg == pytest.approx(np.degrees(np.sqrt(np.mean(everything**2))), rel=1e-6)
    for ring in found.ring_residuals:
        own = left[ring["label"]]
        assert ring["n_points"] == own.size
        assert ring["residual_deg"] == pytest.approx(np.degrees(np.sqrt(np.mean(own**2))), rel=1e-6)


def test_pyfai_refines_the_same_points_to_the_same_geometry():
    truth, calibrant, image = simulate("centred")
    found = calibrate(image, calibrant, wrong(truth, 1.02))

    powder = read_calibrant(calibrant, wavelength_m=truth.wavelength)
    labels = ring_labels(powder)
    points = np.concatenate(
        [
            np.stack([p["p0"], p["p1"], np.full(len(p["p0"]), labels.index(label))], axis=1)
            for label, p in found.rings.items()
        ]
    )
    pyfai = GeometryRefinement(
        points,
        powder,
        **found.geometry,
        detector=truth.make_detector(image.shape),
        wavelength=truth.wavelength,
    )
    before = pyfai.chi2()
    pyfai.refine3(fix=["wavelength", "rot3"])
    assert found.chi2 == pytest.approx(before)
    assert found.chi2 <= pyfai.chi2() * (1 + 1e-6)
    for name in ("dist", "poni1", "poni2", "rot1", "rot2"):
        assert getattr(pyfai, name) == pytest.approx(found.geometry[name], abs=found.uncertainty[name])


def test_the_same_image_gives_the_same_numbers():
    truth, calibrant, image = simulate("centred")

    first, second = (calibrate(image, calibrant, wrong(truth, 1.02)) for _ in range(2))

    assert first.geometry == second.geometry
    assert first.rings == second.rings


def test_what_is_fixed_stays_and_is_not_uncertain():
    truth, calibrant, image = simulate("centred")

    found = calibrate(image, calibrant, wrong(truth, 1.03), fixed="energy, rot1, rot2", max_rings=[2, 4])

    assert (found.geometry["rot1"], found.geometry["rot2"]) == (truth.rot1, truth.rot2)
    assert set(found.uncertainty) == {"dist", "poni1", "poni2"}
    assert len(found.rings) <= 4


def test_the_energy_is_found_where_the_distance_is_known():
    truth, calibrant, image = simulate("centred")

    found = calibrate(image, calibrant, truth, energy=truth.energy_kev * 1.01, fixed=["dist"])

    assert found.energy == pytest.approx(truth.energy_kev, rel=1e-3)
    assert found.uncertainty["energy"] < 1e-3 * truth.energy_kev


@pytest.mark.parametrize("orientation", [1, 2, 4])
@pytest.mark.parametrize("name", ["centred", "tilted"])
def test_a_mirrored_geometry_has_the_same_angles(name, orientation):
    truth, _, image = simulate(name)
    truth = replace(truth, rot3=0.1)

    other = mirrored(truth, orientation, shape=image.shape)

    angles = [model_of(g, image.shape).center_array(image.shape, unit="2th_rad") for g in (truth, other)]
    assert np.allclose(*angles, atol=1e-9)


@pytest.mark.parametrize(("flip", "orientation"), [("rows", 2), ("columns", 4)])
def test_a_flipped_image_is_told_from_the_earlier_calibration(flip, orientation):
    truth, calibrant, image = simulate("tilted", flip)

    found = calibrate(image, calibrant, truth)

    assert "times better" in found.note
    assert f"with orientation {orientation}" in found.note
    assert found.orientations[str(orientation)]["start_deg"] < 0.01
    assert found.orientations["3"]["start_deg"] > 1
    assert found.residual_deg < 0.01  # the refined geometry is that of the image as it is


def test_a_flipped_image_is_told_when_the_centre_is_fixed():
    truth, calibrant, image = simulate("tilted", "rows")

    with pytest.raises(InputError, match=r"times better .* with orientation 2 .* set the orientation to 2"):
        calibrate(image, calibrant, truth, fixed=["energy", "poni1", "poni2", "rot1", "rot2"])

    right = calibrate(
        image,
        calibrant,
        truth,
        fixed=["energy", "poni1", "poni2", "rot1", "rot2"],
        detector_config={"orientation": 2},
    )
    assert right.residual_deg < 0.01
    assert right.note == "No other orientation fits as well as orientation 2 (rows reversed)."


def test_an_image_that_is_not_flipped_is_not_said_to_be():
    truth, calibrant, image = simulate("centred")

    for start in (truth, wrong(truth, 1.03, 0.004, -0.003)):
        note = calibrate(image, calibrant, start).note
        assert "do not tell how the image is stored" in note
        assert "flipped" not in note


def test_noise_is_no_calibrant():
    truth, calibrant, image = simulate("centred")
    noise = np.random.default_rng(1).poisson(50, image.shape).astype(np.int32)

    with pytest.raises(InputError, match="points on rings were found"):
        calibrate(noise, calibrant, truth)


def test_rings_of_another_powder_are_refused():
    truth, _, image = simulate("centred")

    with pytest.raises(InputError, match="of the bright spots lie on rings of the calibrant"):
        calibrate(image, "Cr2O3", truth)


def test_a_calibration_stops_when_asked():
    truth, calibrant, image = simulate("centred")
    task = CalibrateSingle(
        inputs={"image": image, "calibrant": calibrant, "energy": 20.0, "geometry": truth.as_dict()}
    )
    task.cancel()

    with pytest.raises(Cancelled):
        task.execute()


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"calibrant": "LaB7"}, "did you mean 'LaB6'"),
        ({"calibrant": "../../etc/passwd"}, "not one of pyFAI's"),
        ({"energy": 0}, "greater than zero"),
        ({"energy": float("nan")}, "greater than zero"),
        ({"geometry": {"dist": -0.1}}, "greater than zero"),
        ({"geometry": {"poni1": 0.1}}, "needs dist"),
        ({"fixed": ["rot4"]}, "did you mean 'rot"),
        ({"fixed": ["energy", *NAMES]}, "nothing to refine"),
        ({"max_rings": 2.5}, "whole numbers"),
        ({"detector": "Pilatus1M"}, "has shape"),
        ({"ring_detector": "Pilatus1M"}, "has shape"),
        ({"mask": np.zeros((20, 20))}, "The mask has shape"),
        ({"mask": np.ones((195, 487))}, "no pixel"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(inputs, words):
    truth, calibrant, image = simulate("centred")

    with pytest.raises(InputError, match=words):
        calibrate(image, calibrant, truth, **inputs)


def test_a_real_calibrant_with_another_phase_is_found(real_data):
    """CeO2 beside a powder with broad rings, on a CCD of unknown pixels: the distance counts in those."""
    task = CalibrateSingle(
        inputs={
            "image": real_data / "powder/CeO2_PI_CCD_Mo.SPE",
            "calibrant": "CeO2",
            "energy": 17.4793,  # K alpha 1 of molybdenum
            "geometry": {"dist": 0.110, "pixel1": 1e-4, "pixel2": 1e-4},
            "fixed": ["energy"],
        }
    )
    task.execute()
    found = task.outputs

    # Inner ring of 270 pixels in the image: radius = dist tan(2 theta), d(111) = 3.124 angstrom.
    two_theta = 2 * np.arcsin(0.7093 / (2 * 3.124))
    assert found.geometry["dist"] == pytest.approx(270e-4 / np.tan(two_theta), rel=0.01)
    assert {"(1 1 1)", "(0 0 2)", "(0 2 2)"} <= set(found.rings)
    assert found.residual_deg < 0.1


def test_a_real_sample_is_no_calibrant(real_data):
    with pytest.raises(InputError, match="points on rings were found"):
        CalibrateSingle(
            inputs={
                "image": real_data / "powder/Fe3O4C_M1_map_1_P1_E1_001.tif",
                "calibrant": "LaB6",
                "energy": 37.08,
                "geometry": real_data / "powder/Fe3O4C_M1_map_1_P1_E1_001.xy",
                "detector": "Pilatus1M",
            }
        ).execute()


PARAMETRIZATION = {
    "param_names": ["offset", "scale", "energy"],
    "pos_names": ["x"],
    "dist_expr": "scale * x + offset",
    "poni1_expr": "0.01",
    "rot1_expr": "pi / 180 * sqrt(4)",
    "wavelength_expr": "hc * 1e-10 / energy",
}


def test_a_parametrised_geometry_is_that_of_pyfai():
    from pyFAI.goniometer import ExtendedTransformation

    parameters = {"offset": 0.1, "scale": 1e-3, "energy": 20.0}
    task = CalculateGeometry(
        inputs={"parametrization": PARAMETRIZATION, "parameters": parameters, "position": 50}
    )
    task.execute()

    expected = ExtendedTransformation(**PARAMETRIZATION)(list(parameters.values()), 50)
    assert task.outputs.geometry["dist"] == pytest.approx(expected.dist)
    assert task.outputs.geometry["rot1"] == pytest.approx(expected.rot1)
    assert task.outputs.geometry["poni2"] == 0
    assert task.outputs.energy == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"dist_expr": "__import__('os').system('true')"}, "only arithmetic"),
        ({"dist_expr": "x.real"}, "only arithmetic"),
        ({"dist_expr": "y + 1"}, "'y' is not known"),
        ({"dist_expr": "1 / 0"}, "cannot be evaluated"),
        ({"dist_expr": "-x"}, "greater than zero"),
        ({"dist_expr": "10 ** 10 ** 10 ** 10"}, "gives inf|cannot be evaluated"),
        ({"param_names": ["lost"]}, "'lost' of the parametrization"),
        ({"pos_names": ["x", "y"]}, "must be 2 numbers"),
    ],
)
def test_a_formula_is_arithmetic_and_nothing_else(changed, words):
    parameters = {"offset": 0.1, "scale": 1e-3, "energy": 20.0}

    with pytest.raises(InputError, match=words):
        CalculateGeometry(
            inputs={"parametrization": PARAMETRIZATION | changed, "parameters": parameters, "position": 50}
        ).execute()
